/** Splits text into the sentences that a model translates, each with its position. */

export interface Sentence {
  /** Without white space at its ends. */
  readonly text: string;
  /** Where it begins in the whole text. */
  readonly start: number;
}

/** The lines of a text as their sentences; an empty line has none. */
export function sentencesOf(text: string, language: string): Sentence[][] {
  const segmenter = new Intl.Segmenter(language, { granularity: "sentence" });
  let start = 0;
  return text.split("\n").map((line) => {
    const sentences = [...segmenter.segment(line)].flatMap(
      ({ segment, index }): Sentence[] => {
        const text = segment.trim();
        const at = start + index + segment.indexOf(text);
        return text === "" ? [] : [{ text, start: at }];
      },
    );
    start += line.length + 1;
    return sentences;
  });
}
