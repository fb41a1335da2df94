/**
 * Inline casing (Bérard et al. 2019; `case_markup` of OpenNMT's tokenizer): words become lower-case after a mark that says
 * how they were, so that `File`, `FILE` and `file` share their subwords. Browsers run it too: it imports nothing.
 */

/** Characters for private use, which stand before a word, and before the space that is before it. */
export const CAPITALIZED = "\ue01e", UPPER = "\ue01f";

const WORD = /( ?)(\p{L}[\p{L}\p{M}]*)|[\ue01e\ue01f]/gu;

const MARKED =
  /\ue01e([\ue01e\ue01f])|([\ue01e\ue01f])(?:( ?)(\p{L}[\p{L}\p{M}]*))?/gu;

/**
 * A line with marks and words of lower case. A word whose case no mark says, such as `iPhone`, stays as it is.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { CAPITALIZED as C, cased, uncased, UPPER as U } from "./casing.ts";
 *
 * const marks = cased("Open the URL in iOS");
 * assertEquals(marks, `${C}open the${U} url in iOS`);
 * assertEquals(uncased(marks), "Open the URL in iOS");
 * ```
 */
export function cased(line: string): string {
  return line.replace(
    WORD,
    (found, space: string | undefined, word: string | undefined) => {
      // A mark in a text is told by another one before it.
      if (word === undefined) return CAPITALIZED + found;
      const lower = word.toLowerCase();
      if (word === lower) return found;
      const mark = [CAPITALIZED, UPPER].find((mark) =>
        withCase(lower, mark) === word
      );
      return mark === undefined ? found : mark + space + lower;
    },
  );
}

/** The line that `cased` made the marks of; a mark without a word, which a model invented, goes. */
export function uncased(line: string): string {
  return line.replace(
    MARKED,
    (_, literal?: string, mark = "", space = "", word = "") =>
      literal ?? space + withCase(word, mark),
  );
}

function withCase(word: string, mark: string): string {
  if (mark === UPPER) return word.toUpperCase();
  const [first = ""] = word;
  return first.toUpperCase() + word.slice(first.length);
}
