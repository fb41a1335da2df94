/**
 * Reserved subwords, which no text becomes by merges: the tokens of languages, then the symbols of placeholders and the
 * marks of casing. They come right after the special ones, so that a `tokenizer.json` says by its vocabulary which it has, to any reader.
 */
import { languageOf, tokenOf } from "./language_tokens.ts";

/** What a vocabulary reserves subwords for. */
export interface Reserved {
  /** Source languages that have a token. */
  readonly languages: readonly string[];
  /** Symbols of placeholders. */
  readonly placeholders: number;
  /** Whether there are the marks of casing. */
  readonly casing: boolean;
}

/** Nothing is reserved. */
export const NOTHING: Reserved = {
  languages: [],
  placeholders: 0,
  casing: false,
};

/** Their first id, after those of padding, begin and end. Browsers read this file, so that it imports no schema. */
const FIRST = 3;

/** What the first two bytes of every symbol in UTF-8, 0xEE and 0x80, are called by a byte-level encoding. */
const PREFIX = ["î", "Ģ"] as const;

/** Numbers of the marks, after all symbols of placeholders. */
const MARKS = [30, 31];

/** What the third byte is called: 0x80 and those after it follow each other, as do the symbols. */
const third = (index: number) => String.fromCharCode(0x122 + index);

/** The subwords of what is reserved, with the one on the way to the symbols last, and the merges that are to be the first. */
export function reservedSubwords(
  { languages, placeholders, casing }: Reserved,
): {
  readonly subwords: readonly string[];
  readonly merges: readonly (readonly [string, string])[];
} {
  const tokens = languages.map(tokenOf);
  const symbols = Array.from({ length: placeholders }, (_, i) => i);
  const thirds = [...symbols, ...casing ? MARKS : []].map(third);
  if (thirds.length === 0) return { subwords: tokens, merges: [] };
  const prefix = PREFIX.join("");
  return {
    subwords: [...tokens, ...thirds.map((end) => prefix + end), prefix],
    merges: [PREFIX, ...thirds.map((end) => [prefix, end] as const)],
  };
}

/** What a vocabulary, which gives the subword of an id, reserves. */
export function reservedIn(
  subwordOf: (id: number) => string | undefined,
): Reserved {
  const languages: string[] = [];
  for (let id = FIRST;; id++) {
    const language = languageOf(subwordOf(id) ?? "");
    if (language === undefined) break;
    languages.push(language);
  }
  const first = FIRST + languages.length;
  const symbolAt = (index: number) => PREFIX.join("") + third(index);
  const [mark] = MARKS;
  let placeholders = 0;
  while (
    placeholders < mark &&
    subwordOf(first + placeholders) === symbolAt(placeholders)
  ) placeholders++;
  const casing = subwordOf(first + placeholders) === symbolAt(mark);
  return { languages, placeholders, casing };
}

/** The id of a language's token; undefined for a language that has none. */
export function tokenIdOf(
  language: string | undefined,
  { languages }: Reserved,
): number | undefined {
  const index = language === undefined ? -1 : languages.indexOf(language);
  return index < 0 ? undefined : FIRST + index;
}

/** Whether an id is the token of a language. */
export function isToken(id: number, { languages }: Reserved): boolean {
  return id >= FIRST && id < FIRST + languages.length;
}

/** The symbol that an id stands for, by its number. */
export function symbolOf(
  id: number,
  { languages, placeholders }: Reserved,
): number | undefined {
  const index = id - FIRST - languages.length;
  return index >= 0 && index < placeholders ? index : undefined;
}

/** What a reserved subword is called; undefined for an id of text. */
export function labelOf(id: number, reserved: Reserved): string | undefined {
  if (isToken(id, reserved)) return tokenOf(reserved.languages[id - FIRST]);
  const symbol = symbolOf(id, reserved);
  if (symbol !== undefined) return `placeholder ${symbol + 1}`;
  if (!isMark(id, reserved)) return undefined;
  const { languages, placeholders } = reserved;
  const isFirst = id === FIRST + languages.length + placeholders;
  return isFirst ? "Capitalized" : "UPPER";
}

/** Whether an id is a mark of casing. */
export function isMark(
  id: number,
  { languages, placeholders, casing }: Reserved,
): boolean {
  const index = id - FIRST - languages.length - placeholders;
  return casing && index >= 0 && index < MARKS.length;
}
