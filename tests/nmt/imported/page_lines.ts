/** Text for small models to learn: pairs of words of a page of this project, one pair a line. */

const WORDS = Deno.readTextFileSync(
  new URL("../../../docs/glossary.md", import.meta.url),
).toLowerCase().match(/[a-z]{3,}/g) ?? [];

export const LINES: readonly string[] = WORDS.flatMap((word, i) =>
  i === 0 ? [] : [`${WORDS[i - 1]} ${word}`]
);
