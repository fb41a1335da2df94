/**
 * Placeholders of a line, such as `%s`, `{0}`, tags and addresses: replaced by numbered symbols before the line becomes
 * subwords, and put back into its translation. Browsers run it too: it imports nothing.
 */

/** The symbols are 30 characters for private use, before the marks of `casing.ts`; this is the first. */
export const FIRST_SYMBOL = 0xe000;

const NAME = "[0-9A-Za-z_.:-]";

/**
 * Of what JavaScript and Python read alike. A percentage, such as `100%`, `50 %-ige` or the start of a word such as
 * `%discount`, is none; but Qt's `%5` cannot be told from a percentage that is written so, as in Turkish, and is one.
 */
export const PLACEHOLDER_PATTERN = [
  "</?[A-Za-z][^<>]*>",
  `(?:https?|ftp)://(?:[.,;:!?)'"\\]}]*[^\\s<>.,;:!?)'"\\]}])+`,
  "\\{\\{[^{}]*\\}\\}",
  "\\$?\\{[^{}\\s]*\\}",
  `\\$\\(${NAME}+\\)`,
  "&(?:[A-Za-z][0-9A-Za-z]*|#[0-9]+);",
  "%%",
  `%\\(${NAME}+\\)[#0+-]*[1-9]?[a-zA-Z]`,
  "%[A-Z][0-9A-Z_]+%",
  // No number before it, with a space or without, and no word that its letter begins.
  "(?<![0-9])(?<![0-9][ \\u00a0\\u202f])%(?:[1-9]\\$)?[#0+-]*(?:[1-9][0-9]*|\\*)?(?:\\.(?:[0-9]+|\\*)?)?(?:hh|ll|[hlLqjzt])?[diouxXeEfFgGcspn](?![a-z\\u00df-\\u024f]{2})",
  "%[1-9](?![0-9])",
  // A symbol in a text is masked as well, so that it comes back.
  "[\\ue000-\\ue01d]",
].join("|");

const PLACEHOLDER = new RegExp(PLACEHOLDER_PATTERN, "g");

/** Every symbol, whatever number of them is reserved. */
export const SYMBOL_PATTERN = "[\\ue000-\\ue01d]";

const SYMBOL = new RegExp(SYMBOL_PATTERN, "g");

const SPACED_SYMBOL = new RegExp(`( ?)(${SYMBOL_PATTERN})`, "g");

/**
 * The placeholders of a line, in order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { placeholdersOf } from "./placeholders.ts";
 *
 * assertEquals(placeholdersOf("%1$s of {total} (100%): <b>see https://example.org/a.</b>"), [
 *   "%1$s", "{total}", "<b>", "https://example.org/a", "</b>",
 * ]);
 * ```
 */
export function placeholdersOf(line: string): string[] {
  return line.match(PLACEHOLDER) ?? [];
}

/** The different placeholders of a source line that are masked, `most` at most: a number is an index of them. */
export function maskedPlaceholders(line: string, most: number): string[] {
  return [...new Set(placeholdersOf(line))].slice(0, most);
}

/**
 * A line with a symbol in place of each of these placeholders. Others stay as they are, but a symbol in the text, which
 * would stand for another, becomes U+FFFD.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { mask, maskedPlaceholders, unmask } from "./placeholders.ts";
 *
 * const values = maskedPlaceholders("Datei {0} von %s", 16);
 * assertEquals(mask("%s: file {0}", values), "\ue001: file \ue000");
 * assertEquals(unmask("file \ue000 of \ue001", values), "file {0} of %s");
 * ```
 */
export function mask(line: string, placeholders: readonly string[]): string {
  return line.replace(PLACEHOLDER, (found) => {
    const index = placeholders.indexOf(found);
    if (index >= 0) return String.fromCharCode(FIRST_SYMBOL + index);
    return found.replace(SYMBOL, "\ufffd");
  });
}

/** The parts of a line between its symbols, and the marks of casing: what other subwords are learned from. */
export function betweenSymbols(line: string): string[] {
  return line.split(/[\ue000-\ue01f]/).filter((part) => part !== "");
}

/** A line with placeholders in place of their symbols. A symbol of none, which a model invented, goes with the space before it. */
export function unmask(line: string, placeholders: readonly string[]): string {
  return line.replace(SPACED_SYMBOL, (_, space: string, symbol: string) => {
    const value = placeholders[symbol.charCodeAt(0) - FIRST_SYMBOL];
    return value === undefined ? "" : space + value;
  });
}

/**
 * The placeholders of one line that another lacks, each as often as it does: those that a translation has lost, or
 * invented.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lacking } from "./placeholders.ts";
 *
 * assertEquals(lacking("{0} von {0}, %s", "{0}, %d"), ["{0}", "%s"]);
 * ```
 */
export function lacking(line: string, other: string): string[] {
  const left = placeholdersOf(other);
  return placeholdersOf(line).filter((each) => {
    const index = left.indexOf(each);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}

/** How many placeholders some sources have, and how many of them their translations lack, or have beside them. */
export function placeholderCounts(
  sources: readonly string[],
  translations: readonly string[],
): Record<
  "placeholders" | "placeholdersLost" | "placeholdersInvented",
  number
> {
  const count = (of: (source: string, i: number) => readonly string[]) =>
    sources.reduce((sum, source, i) => sum + of(source, i).length, 0);
  return {
    placeholders: count(placeholdersOf),
    placeholdersLost: count((source, i) => lacking(source, translations[i])),
    placeholdersInvented: count((source, i) =>
      lacking(translations[i], source)
    ),
  };
}
