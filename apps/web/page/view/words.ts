/** Joins subwords to words, and attention between subwords to attention between words. */

export interface Word {
  readonly text: string;
  /** Where it begins in the text, in UTF-16 units. */
  readonly start: number;
}

/** A word with the bytes of the text that it takes. */
interface Span extends Word {
  readonly from: number;
  readonly to: number;
}

export interface Words {
  readonly words: readonly Word[];
  /** Of each subword the word that most of its bytes are of; undefined of white space and of what is after the text. */
  wordOf(lengths: readonly number[]): readonly (number | undefined)[];
}

const encoder = new TextEncoder();

/** Words and signs by the rules of a language, white space left out. Subwords are of the text's NFC, in UTF-8. */
export function wordsOf(text: string, language: string): Words {
  const segmenter = new Intl.Segmenter(language, { granularity: "word" });
  const spans: Span[] = [];
  let from = 0;
  for (const { segment, index } of segmenter.segment(text)) {
    const to = from + encoder.encode(segment.normalize("NFC")).length;
    if (segment.trim() !== "") {
      spans.push({ text: segment, start: index, from, to });
    }
    from = to;
  }
  return {
    words: spans.map(({ text, start }) => ({ text, start })),
    wordOf: (lengths) => {
      let from = 0, next = 0;
      return lengths.map((length) => {
        const to = from + length;
        while (next < spans.length && spans[next].to <= from) next++;
        let best: number | undefined, most = 0;
        for (let i = next; i < spans.length && spans[i].from < to; i++) {
          const shared = Math.min(to, spans[i].to) -
            Math.max(from, spans[i].from);
          if (shared > most) [best, most] = [i, shared];
        }
        from = to;
        return best;
      });
    },
  };
}

/** One side of an attention map: how many words there are, and the word of each subword. */
export interface Side {
  readonly words: number;
  readonly wordOf: readonly (number | undefined)[];
}

/**
 * Attention [target word][source word] from attention [target subword, source subword] in rows of `width`: the sum over the
 * subwords of a source word, the mean over those of a target word. What was looked for elsewhere, such as at the end of the
 * sentence, is in no word, so that a row may be less than one.
 */
export function joinAttention(
  attention: ArrayLike<number>,
  width: number,
  target: Side,
  source: Side,
): number[][] {
  const joined = Array.from(
    { length: target.words },
    () => Array<number>(source.words).fill(0),
  );
  const counts = Array<number>(target.words).fill(0);
  target.wordOf.forEach((word, row) => {
    if (word === undefined) return;
    counts[word]++;
    source.wordOf.forEach((of, column) => {
      if (of !== undefined) {
        joined[word][of] += attention[row * width + column];
      }
    });
  });
  return joined.map((row, word) =>
    row.map((share) => counts[word] === 0 ? 0 : share / counts[word])
  );
}
