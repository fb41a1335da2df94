/** What a descriptor's source has in some languages. */
import {
  GROUP,
  IGNORED,
  type Source,
  type Text,
} from "../../../schemas/descriptor.ts";

/** The name that an experiment has for a language, by the descriptor's: `pt` may be its `pt-BR`. */
export type LanguageNames = Readonly<Record<string, string>>;

/**
 * What a source has in all of some languages, under the experiment's names for them, but for texts in files of pairs;
 * nothing where it lacks one.
 */
export function inLanguages(source: Source, names: LanguageNames): Source[] {
  const renamed = <Value>(values: Readonly<Record<string, Value>>) =>
    Object.fromEntries(
      Object.entries(values).map(([key, value]) => [names[key] ?? key, value]),
    );
  if ("packages" in source) {
    const packages = source.packages
      .map((each) => ({ ...each, files: renamed(each.files) }));
    return [{ ...source, packages }];
  }
  const wanted = Object.keys(names);
  const texts = source.texts.flatMap((text): Text[] => {
    if (!wanted.every((each) => textLanguages(text).includes(each))) return [];
    if ("table" in text) {
      const columns = text.columns.map((each) => names[each] ?? each);
      return [{ ...text, columns }];
    }
    // Its columns are found by the descriptor's names.
    if ("pairs" in text) return [text];
    const { sides } = text;
    const selected = wanted.map((each) => [names[each], sides[each]]);
    return [{ ...text, sides: Object.fromEntries(selected) }];
  });
  return texts.length === 0 ? [] : [{ ...source, texts }];
}

/** The languages that are trained on together, such as `tr-en`, of each training text of a source. */
export function languagesOf(source: Source): string[] {
  if ("packages" in source) return [];
  return source.texts.filter(({ part }) => part === "train")
    .map((text) => textLanguages(text).join("-"));
}

/** The languages of a text. */
export function textLanguages(text: Text): string[] {
  if ("pairs" in text) return text.languages;
  return "table" in text
    ? text.columns.filter((name) => name !== GROUP && name !== IGNORED)
    : Object.keys(text.sides);
}
