/** Splits a line into the tokens that BLEU compares, as sacreBLEU's tokenizers 13a, intl, char and none do. */

export const TOKENIZERS = ["13a", "intl", "char", "none"] as const;
export type Tokenizer = typeof TOKENIZERS[number];

/**
 * What Python, and so sacreBLEU, calls white space. JavaScript's `\s` is another set: it has U+FEFF, and lacks the
 * separators U+001C to U+001F and U+0085.
 */
const SPACE =
  "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const SPACES = new RegExp(`[${SPACE}]+`, "u");
const IS_SPACE = new RegExp(`[${SPACE}]`, "u");

/** The words between white space. */
export function words(line: string): string[] {
  return line.split(SPACES).filter((word) => word !== "");
}

/** The line without white space at its end. */
export function trimEnd(line: string): string {
  let end = line.length;
  // Not by one expression, which would read each run of spaces as often as it is long.
  while (end > 0 && IS_SPACE.test(line[end - 1])) end--;
  return line.slice(0, end);
}

/**
 * The tokens of a line.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { tokenize } from "./tokenize.ts";
 *
 * assertEquals(tokenize("13a", "Hello, world!"), ["Hello", ",", "world", "!"]);
 * ```
 */
export function tokenize(tokenizer: Tokenizer, line: string): string[] {
  return words(SEPARATE[tokenizer](trimEnd(line)));
}

/** Puts white space between tokens. */
const SEPARATE: Record<Tokenizer, (line: string) => string> = {
  "13a": separate13a,
  intl: separateInternational,
  char: (line) => [...line].join(" "),
  none: (line) => line,
};

/** The language-independent tokenization of mteval-v13a, for one line. */
function separate13a(line: string): string {
  const plain = line
    .replaceAll("<skipped>", "")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">");
  return ` ${plain} `
    .replace(/([{-~[-` -&(-+:-@/])/gu, " $1 ")
    .replace(/([^0-9])([.,])/gu, "$1 $2 ")
    .replace(/([.,])([^0-9])/gu, " $1 $2")
    .replace(/([0-9])(-)/gu, "$1 $2 ");
}

/**
 * The international tokenization of mteval-v14: punctuation and symbols stand alone, except punctuation between digits.
 * A full stop after a number at the end of the line stays with it there, and here.
 */
function separateInternational(line: string): string {
  return line
    .replace(/(\P{N})(\p{P})/gu, "$1 $2 ")
    .replace(/(\p{P})(\P{N})/gu, " $1 $2")
    .replace(/(\p{S})/gu, " $1 ");
}
