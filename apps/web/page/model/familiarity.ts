/** Recognizes text that is unlike a model's training text: another language, or another subject. */

/** What a model made of a sentence. */
export interface Translated {
  /** Characters and subwords of the sentence. */
  readonly characters: number;
  readonly subwords: number;
  /** How many of these subwords stand for what the model does not know. */
  readonly unknown: number;
  /** log p of the translation, and its subwords with their end. */
  readonly score: number;
  readonly length: number;
}

/** Characters that a sentence must have to be judged: a name or a button may be of any language. */
const LEAST = 20;
/** Weight of log p of a subword of the translation, beside the subwords of a character. */
const WEIGHT = 0.1;
/** The most of a familiar sentence, where the vocabulary has so many subwords or more. */
const MOST = 0.4;
const LARGE = 8000;
/** What is added for each halving of the vocabulary, as all text is then in more subwords. */
const HALVING = 0.06;
const MOST_UNKNOWN = 0.25;

/**
 * Whether a sentence is in more and rarer subwords than the model of a vocabulary is used to, and its translation less
 * probable. The limits were chosen on test sentences of three models and on sentences in nine other languages;
 * docs/how-to/web.md has the rates of further ones.
 */
export function isUnfamiliar(
  { characters, subwords, unknown, score, length }: Translated,
  vocabulary: number,
): boolean {
  if (characters < LEAST) return false;
  const most = MOST + HALVING * Math.max(0, Math.log2(LARGE / vocabulary));
  const surprise = subwords / characters - WEIGHT * score / length;
  return surprise > most || unknown / subwords > MOST_UNKNOWN;
}
