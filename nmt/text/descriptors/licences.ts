/** Parses the wording of a licence: SPDX identifier, URL, and the use that it permits. */
import { inputError, suggestion } from "../../../base/input_error.ts";
import ids from "spdx-license-ids" with { type: "json" };

/** What text, and a model trained on it, may be used for, according to the wording of the licence. */
export type Use = "research" | "non-commercial" | "any";

/** The narrowest first. */
const USES: readonly Use[] = ["research", "non-commercial", "any"];

export interface Licence {
  /** As the descriptor has it. */
  readonly licence: string;
  readonly use: Use;
  readonly spdx?: string;
  /** Where the licence's text is. */
  readonly url?: string;
}

/**
 * `licence` is free text, such as "MPL-2.0", "CC BY-NC-ND 4.0 (TED)" or "research use (WMT 2014)".
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseLicence } from "./licences.ts";
 *
 * const { spdx, use } = parseLicence("CC BY-NC-ND 4.0 (TED)");
 * assertEquals([spdx, use], ["CC-BY-NC-ND-4.0", "non-commercial"]);
 * ```
 */
export function parseLicence(licence: string): Licence {
  const use = /\bresearch\b/i.test(licence)
    ? "research"
    : /\bNC\b|non-?commercial/i.test(licence)
    ? "non-commercial"
    : "any";
  const commons = creativeCommons(licence);
  const spdx = [licence, commons?.spdx].find((id) => ids.includes(id ?? ""));
  const url = commons?.url ??
    (spdx === undefined ? undefined : `https://spdx.org/licenses/${spdx}`);
  return { licence, use, spdx, url };
}

/**
 * Checks a licence that a user gives: words, or one word that SPDX knows.
 *
 * @throws An input error for a word that it does not.
 */
export function checkLicence(licence: string): void {
  if (/\s|^LicenseRef-/.test(licence) || ids.includes(licence)) return;
  throw inputError(
    `Cannot use licence "${licence}": expected an identifier of SPDX${
      suggestion(licence, ids).replace("?", "") || " such as CC-BY-4.0"
    }; say any other as LicenseRef-NAME, or in words.`,
  );
}

/** The use that all of some licences permit. */
export function narrowest(licences: readonly Licence[]): Use {
  return USES.find((use) => licences.some((licence) => licence.use === use)) ??
    "any";
}

const COMMONS =
  /^CC[ -](BY(?:-NC)?(?:-SA|-ND)?)[ -](\d\.\d)(?:[ -]([A-Z]{2})\b)?/i;

function creativeCommons(
  licence: string,
): { readonly spdx: string; readonly url: string } | undefined {
  const [, kind, version, country] = COMMONS.exec(licence) ?? [];
  if (kind === undefined) return undefined;
  const spdx = ["CC", kind, version, ...country === undefined ? [] : [country]];
  const path = [kind, version, ...country === undefined ? [] : [country]];
  return {
    spdx: spdx.join("-").toUpperCase(),
    url: `https://creativecommons.org/licenses/${
      path.join("/").toLowerCase()
    }/`,
  };
}
