/** Finds the two sides of a pair among names: of columns, or of the keys of a record. */
import type { Languages } from "../../../../schemas/experiment/data.ts";
import { languageAmong } from "../../../../schemas/language.ts";

/** The name of a column has at most so many words. */
const WORDS = 3;

/** The places of the sides among some names. */
export interface Columns {
  readonly source: number;
  readonly target: number;
}

/**
 * The places of the columns that are named by the languages, or, where neither is, by `source` and `target`; undefined
 * where they do not name both.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { columnsOf } from "./columns.ts";
 *
 * const languages = { source: "pt", target: "en" };
 * assertEquals(columnsOf(["id", "en", "pt-BR"], languages), { source: 2, target: 1 });
 * assertEquals(columnsOf(["English", "Português"], languages), { source: 1, target: 0 });
 * assertEquals(columnsOf(["source", "Portuguese", "English"], languages), { source: 1, target: 2 });
 * assertEquals(columnsOf(["text_en", "text_pt"], languages), { source: 1, target: 0 });
 * assertEquals(columnsOf(["uma casa", "a house"], languages), undefined);
 * ```
 */
export function columnsOf(
  names: readonly string[],
  languages: Languages,
): Columns | undefined {
  const trimmed = names.map((name) => name.trim());
  const byLanguage = {
    source: columnOf(trimmed, languages.source),
    target: columnOf(trimmed, languages.target),
  };
  const { source, target } = byLanguage.source < 0 && byLanguage.target < 0
    ? {
      source: placeOf(trimmed, ["source", "src"]),
      target: placeOf(trimmed, ["target", "tgt"]),
    }
    : byLanguage;
  return source < 0 || target < 0 || source === target
    ? undefined
    : { source, target };
}

/** The place of a language: of its code, or else of its name in English or itself; else -1. */
function columnOf(names: readonly string[], language: string): number {
  const code = languageAmong(language, names);
  if (code !== undefined) return names.indexOf(code);
  const plain = new Intl.Locale(language).language;
  const inWords = ["en", plain].flatMap((written) => {
    const display = new Intl.DisplayNames(written, { type: "language" });
    return [language, plain].flatMap((each) =>
      display.of(each)?.toLowerCase() ?? []
    );
  });
  return placeOf(names, [...inWords, plain]);
}

/** The place of the name that is one of some words, or else of the only one that has one, such as `text_pt`; else -1. */
function placeOf(names: readonly string[], known: readonly string[]): number {
  const lower = names.map((name) => name.toLowerCase());
  const whole = lower.findIndex((name) => known.includes(name));
  if (whole >= 0) return whole;
  const having = lower.filter((name) => {
    const words = name.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");
    return words.length <= WORDS && words.some((word) => known.includes(word));
  });
  return having.length === 1 ? lower.indexOf(having[0]) : -1;
}
