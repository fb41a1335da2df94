/** Byte-pair encoding by words, whose ids are remembered: a word has the same ids wherever it stands. */

/** Gives the ids of texts. */
export type Encode = (
  texts: readonly string[],
) => Promise<readonly ArrayLike<number>[]>;

/** Words that are remembered at most, so that memory stays flat however much text there is. */
const WORDS = 100_000;
/** A longer one is rare, and would be remembered for nothing. */
const LONGEST = 32;

/**
 * What byte-level encoding takes for a word: the end of a contraction, or letters, digits or other signs, each with a
 * space before them, or white space (the pattern of GPT-2, Radford et al. 2019, which tokenizers has built in).
 */
const WORD =
  /'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/**
 * Two characters that are white space either here or to tokenizers, not to both, and those beyond the first plane, where
 * Unicode still grows. A line with one of these is a word as a whole.
 */
const UNCERTAIN = /[\u0085\ufeff\ud800-\udfff]/;

interface Word {
  ids: ArrayLike<number>;
}

/**
 * Encodes lines to what `encode` would give, which has to be byte-level, without normalisation and special words; it is
 * asked for the words that are not remembered, all those of a call at once.
 */
export function byWords(
  encode: Encode,
): (lines: readonly string[]) => Promise<Int32Array<ArrayBuffer>[]> {
  const known = new Map<string, Word>();
  return async (lines) => {
    const asked = new Map<string, Word>();
    const split = lines.map((line) => {
      const words = UNCERTAIN.test(line) ? [line] : line.match(WORD) ?? [];
      return words.map((text) => {
        const there = known.get(text) ?? asked.get(text);
        if (there !== undefined) return there;
        const word = { ids: [] };
        asked.set(text, word);
        return word;
      });
    });
    if (asked.size > 0) {
      const answers = await encode([...asked.keys()]);
      if (known.size + asked.size > WORDS) known.clear();
      let i = 0;
      for (const [text, word] of asked) {
        word.ids = answers[i++];
        if (text.length <= LONGEST) known.set(text, word);
      }
    }
    return split.map(joined);
  };
}

function joined(words: readonly Word[]): Int32Array<ArrayBuffer> {
  let length = 0;
  for (const { ids } of words) length += ids.length;
  const all = new Int32Array(length);
  let end = 0;
  for (const { ids } of words) {
    for (let i = 0; i < ids.length; i++) all[end++] = ids[i];
  }
  return all;
}
