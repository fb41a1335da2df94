/** Splits text into the sentences that a model translates, each with its position. */
import { PLACEHOLDER_PATTERN } from "../../../../nmt/text/subwords/placeholders.ts";

export interface Sentence {
  /** Without white space at its ends. */
  readonly text: string;
  /** Where it begins in the whole text. */
  readonly start: number;
}

const CLOSING = `"'\\p{Pe}\\p{Pf}\\p{Pi}`;

/** Where no sentence ends: placeholders, and stops without white space after them, which letters without case do not need. */
const UNCUT = new RegExp(
  `${PLACEHOLDER_PATTERN}|[.?!](?=[${CLOSING}]*[^\\s\\p{Lo}${CLOSING}])`,
  "gu",
);

/** The lines of a text as their sentences; an empty line has none. */
export function sentencesOf(text: string, language: string): Sentence[][] {
  const segmenter = new Intl.Segmenter(language, { granularity: "sentence" });
  let start = 0;
  return text.split("\n").map((line) => {
    const uncut = line.replace(UNCUT, ({ length }) => "_".repeat(length));
    const sentences = [...segmenter.segment(uncut)].flatMap(
      ({ segment: { length }, index }): Sentence[] => {
        const segment = line.slice(index, index + length);
        const text = segment.trim();
        const at = start + index + segment.indexOf(text);
        return text === "" ? [] : [{ text, start: at }];
      },
    );
    start += line.length + 1;
    return sentences;
  });
}
