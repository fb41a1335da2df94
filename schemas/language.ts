/** Languages by BCP 47: what is the code of one, and which of some languages is meant by a code. */
import { z } from "zod";

/** A language, with its script and region where they are said: `pt`, `pt-BR`, `zh-Hant`. */
const CODE = /^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?$/;

const NAMES = {
  script: new Intl.DisplayNames("en", { type: "script", fallback: "none" }),
  region: new Intl.DisplayNames("en", { type: "region", fallback: "none" }),
};

/** A language code. */
export const Language = z.string().superRefine((code, context) => {
  if (isLanguage(code)) return;
  const meant = languageMeant(code);
  context.addIssue({
    code: "custom",
    message:
      `expected a language code such as pt, pt-BR or zh-Hant, found "${
        code.slice(0, 40)
      }"` + (meant === undefined ? "" : `; "${meant}" may be meant`),
  });
});

/** Whether a text is the code of a language that there is, of its script and region too, in the case that BCP 47 has. */
function isLanguage(code: string): boolean {
  if (!CODE.test(code)) return false;
  const { language, script, region } = new Intl.Locale(code);
  // Of two letters, it is known how each language is written; of three there are too many.
  const likely = new Intl.Locale(language).maximize();
  const isKnown = language.length === 3
    ? language !== "und"
    : likely.language === language && likely.script !== undefined;
  return isKnown &&
    (script === undefined || NAMES.script.of(script) !== undefined) &&
    (region === undefined || NAMES.region.of(region) !== undefined);
}

/** The code that was meant by a wrong one: `pt-BR` by `pt_br`, and the language of a country, `uk` by `ua`. */
function languageMeant(code: string): string | undefined {
  const tag = canonical(code);
  if (tag !== undefined && isLanguage(tag)) return tag;
  if (!/^[a-z]{2}$/i.test(code)) return undefined;
  const region = code.toUpperCase();
  return NAMES.region.of(region) === undefined
    ? undefined
    : new Intl.Locale(`und-${region}`).maximize().language;
}

/** A tag in the form that BCP 47 prefers, such as `pt` for `por`; undefined where it is none. */
function canonical(tag: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(tag.replaceAll("_", "-"))[0];
  } catch {
    return undefined;
  }
}

/**
 * The one of some tags that means a language: the same, or else the only one that does not say another script or region.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { languageAmong } from "./language.ts";
 *
 * assertEquals(languageAmong("pt-BR", ["en", "pt"]), "pt");
 * assertEquals(languageAmong("pt", ["en", "pt_BR"]), "pt_BR");
 * assertEquals(languageAmong("pt-PT", ["en", "pt-BR"]), undefined);
 * assertEquals(languageAmong("zh-Hant", ["en", "zh"]), undefined); // which is zh-Hans
 * ```
 */
export function languageAmong(
  language: string,
  tags: readonly string[],
): string | undefined {
  const wanted = canonical(language);
  if (wanted === undefined) return undefined;
  const same = tags.find((tag) => canonical(tag) === wanted);
  if (same !== undefined) return same;
  const near = tags.filter((tag) => agree(wanted, canonical(tag)));
  return near.length === 1 ? near[0] : undefined;
}

function agree(one: string, other: string | undefined): boolean {
  if (other === undefined || !CODE.test(other)) return false;
  const [a, b] = [new Intl.Locale(one), new Intl.Locale(other)];
  const [likelyA, likelyB] = [a.maximize(), b.maximize()];
  return likelyA.language === likelyB.language &&
    likelyA.script === likelyB.script &&
    (a.region === undefined || b.region === undefined || a.region === b.region);
}
