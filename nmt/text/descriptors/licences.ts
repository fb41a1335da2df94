/** What the wording of a licence tells: its SPDX identifier, where its text is, and what a model trained on it is for. */
import ids from "spdx-license-ids" with { type: "json" };

/** What text, and what is learnt from it, may be used for, as far as the wording of its licence tells. */
export type Use = "research" | "non-commercial" | "any";

/** The narrower one first. */
const USES: readonly Use[] = ["research", "non-commercial", "any"];

export interface Terms {
  /** As the descriptor has it. */
  readonly licence: string;
  readonly use: Use;
  readonly spdx?: string;
  /** Where the licence's text is. */
  readonly url?: string;
}

/** `licence` is free text, such as "MPL-2.0", "CC BY-NC-ND 4.0 (TED)" or "research use (WMT 2014)". */
export function termsOf(licence: string): Terms {
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

/** What may be done with what all of some licences are of. */
export function narrowest(terms: readonly Terms[]): Use {
  return USES.find((use) => terms.some((term) => term.use === use)) ?? "any";
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
