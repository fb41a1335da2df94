/** The synthetic batch, without padding, of the rows that need no text. */
import { random } from "../../nmt/random.ts";
import { type Batch, makeBatch } from "../../nmt/text/subwords/batches.ts";
import { packSide } from "../../nmt/text/subwords/tokens.ts";

/** `rows` pairs of `length` + `length` tokens, begin or end of sentence included. */
export function syntheticBatch(
  rows: number,
  length: number,
  vocabulary: number,
): Batch {
  const next = random("bench", 1);
  const sentence = () =>
    Int32Array.from(
      { length: length - 1 },
      () => 3 + Math.floor(next() * (vocabulary - 3)),
    );
  const sentences = Array.from({ length: rows }, sentence);
  const tokens = {
    source: packSide(sentences),
    target: packSide(sentences.map(sentence)),
    pairs: rows,
  };
  return makeBatch(tokens, Int32Array.from(sentences.keys()));
}
