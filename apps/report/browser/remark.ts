/** What is wrong with a translation, as far as its words and letters tell. */

interface Translation {
  readonly source: string;
  readonly reference: string;
  readonly output: string;
}

/** A translation whose chrF is at least this has no remark. */
const GOOD = 60;

/** Up to so many letters or signs, five times in a row. */
const STUTTER = /([^\s\p{N}]{1,20}?)\1{4}/u;

/** Each remark with its test, the plainest first; nothing where none holds. */
const REMARKS: readonly (readonly [
  string,
  (
    words: Readonly<Record<keyof Translation, readonly string[]>>,
    texts: Translation,
  ) => boolean,
])[] = [
  ["empty", (_, texts) => texts.output.trim() === ""],
  [
    "repeats itself",
    ({ output }, texts) =>
      repeats(output) ||
      (STUTTER.test(texts.output) && !STUTTER.test(texts.reference)),
  ],
  [
    "copies the source",
    ({ source, reference, output }) => {
      const own = output.filter((word) => !reference.includes(word));
      return own.filter((word) => source.includes(word)).length >
        output.length / 3;
    },
  ],
  [
    "too short",
    ({ reference, output }) => output.length < 0.6 * reference.length,
  ],
  [
    "too long",
    ({ reference, output }) => output.length > 1.6 * reference.length,
  ],
  ["other words", () => true],
];

/** The remarks that there are. */
export const ALL_REMARKS = REMARKS.map(([remark]) => remark);

/** The first remark that holds of a translation of this chrF, or nothing. */
export function remarkOf(
  translation: Translation,
  chrf: number,
): string {
  if (chrf >= GOOD) return "";
  const { source, reference, output } = translation;
  const words = {
    source: wordsOf(source),
    reference: wordsOf(reference),
    output: wordsOf(output),
  };
  return REMARKS.find(([, holds]) => holds(words, translation))?.[0] ?? "";
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
}

/** Whether two words stand at three places, or one three times in a row. */
function repeats(words: readonly string[]): boolean {
  const counts = new Map<string, number>();
  return words.some((word, i) => {
    const two = `${word} ${words[i + 1]}`;
    const count = (counts.get(two) ?? 0) + 1;
    counts.set(two, count);
    const isRow = word === words[i + 1] && word === words[i + 2];
    return isRow || (count > 2 && i + 1 < words.length);
  });
}
