/** What a descriptor's source has in some languages. */
import {
  GROUP,
  IGNORED,
  type Source,
  type Text,
} from "../../../schemas/descriptor.ts";

/** The name that an experiment has for a language, by the descriptor's: `pt` may be its `pt-BR`. */
export type LanguageNames = Readonly<Record<string, string>>;

/** What a source has in all of some languages, under the experiment's names for them; nothing where it lacks one. */
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
    if ("table" in text) {
      return wanted.every((each) => text.columns.includes(each))
        ? [{
          ...text,
          columns: text.columns.map((each) => names[each] ?? each),
        }]
        : [];
    }
    const { sides } = text;
    return wanted.every((each) => each in sides)
      ? [{
        ...text,
        sides: Object.fromEntries(
          wanted.map((each) => [names[each], sides[each]]),
        ),
      }]
      : [];
  });
  return texts.length === 0 ? [] : [{ ...source, texts }];
}

/** The languages that are trained on together, such as `tr-en`, of each training text of a source. */
export function languagesOf(source: Source): string[] {
  if ("packages" in source) return [];
  return source.texts.filter(({ part }) => part === "train").map((text) =>
    "table" in text
      ? text.columns.filter((name) => name !== GROUP && name !== IGNORED)
        .join("-")
      : Object.keys(text.sides).join("-")
  );
}
