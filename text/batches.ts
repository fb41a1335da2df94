/** Puts pairs of similar length together into batches of a bounded number of tokens, in an order that a seed decides. */
import { inputError } from "../schemas/errors.ts";
import { BOS, EOS, PAD } from "../schemas/vocabulary.ts";
import { random, shuffle } from "../schemas/random.ts";
import { sentence, type Tokens } from "./tokens.ts";

/** Some pairs as rectangles of ids, row by row. */
export interface Batch {
  /** Index of each row's pair. */
  readonly pairs: Int32Array;
  readonly rows: number;
  readonly sourceLength: number;
  readonly targetLength: number;
  /** [rows, sourceLength]: the sentence, EOS, then PAD. */
  readonly source: Int32Array;
  /** [rows, targetLength]: BOS, the sentence, then PAD: what the decoder sees. */
  readonly target: Int32Array;
  /** [rows, targetLength]: the sentence, EOS, then PAD: what it is to say. */
  readonly labels: Int32Array;
  /** Positions that are not padding, EOS included. */
  readonly sourceTokens: number;
  readonly targetTokens: number;
}

/**
 * The pairs of each batch of one epoch: every pair once, rows * longest side (with EOS) at most `batchTokens`. Pairs of
 * about one length come together, in another company each epoch, and the batches in random order.
 */
export function batchOrder(
  tokens: Tokens,
  batchTokens: number,
  seed: number,
  epoch: number,
): Int32Array[] {
  const next = random("batches", seed, epoch);
  const lengths = pairLengths(tokens, batchTokens);
  // Within one length, pairs whose shorter sides are alike stand near each other: less padding on that side too.
  const keys = Float64Array.from(
    { length: tokens.pairs },
    (_, i) =>
      lengths.longer[i] + (lengths.shorter[i] / lengths.longer[i] + next()) / 2,
  );
  const sorted = [...keys.keys()].sort((a, b) => keys[a] - keys[b] || a - b);
  const batches: number[][] = [];
  let batch: number[] = [], longest = 0;
  for (const pair of sorted) {
    const length = Math.max(longest, lengths.longer[pair]);
    if (batch.length > 0 && (batch.length + 1) * length > batchTokens) {
      batches.push(batch);
      batch = [];
    }
    batch.push(pair);
    longest = batch.length === 1 ? lengths.longer[pair] : length;
  }
  if (batch.length > 0) batches.push(batch);
  return shuffle(batches, next).map((pairs) => Int32Array.from(pairs));
}

/** The rectangles of some pairs, padded to the longest of them on each side. */
export function makeBatch(tokens: Tokens, pairs: Int32Array): Batch {
  const rows = pairs.length;
  let sourceLength = 0, targetLength = 0;
  for (const pair of pairs) {
    sourceLength = Math.max(
      sourceLength,
      sentence(tokens.source, pair).length + 1,
    );
    targetLength = Math.max(
      targetLength,
      sentence(tokens.target, pair).length + 1,
    );
  }
  const source = new Int32Array(rows * sourceLength).fill(PAD);
  const target = new Int32Array(rows * targetLength).fill(PAD);
  const labels = new Int32Array(rows * targetLength).fill(PAD);
  let sourceTokens = 0, targetTokens = 0;
  pairs.forEach((pair, row) => {
    const from = sentence(tokens.source, pair),
      to = sentence(tokens.target, pair);
    source.set(from, row * sourceLength);
    source[row * sourceLength + from.length] = EOS;
    target[row * targetLength] = BOS;
    target.set(to, row * targetLength + 1);
    labels.set(to, row * targetLength);
    labels[row * targetLength + to.length] = EOS;
    sourceTokens += from.length + 1;
    targetTokens += to.length + 1;
  });
  return {
    pairs,
    rows,
    sourceLength,
    targetLength,
    source,
    target,
    labels,
    sourceTokens,
    targetTokens,
  };
}

/** Length of each pair's longer and shorter side, EOS or BOS included. */
function pairLengths(tokens: Tokens, batchTokens: number) {
  const longer = new Int32Array(tokens.pairs);
  const shorter = new Int32Array(tokens.pairs);
  for (let i = 0; i < tokens.pairs; i++) {
    const source = sentence(tokens.source, i).length + 1;
    const target = sentence(tokens.target, i).length + 1;
    longer[i] = Math.max(source, target);
    shorter[i] = Math.min(source, target);
    if (longer[i] > batchTokens) {
      throw inputError(
        `Cannot make batches of ${batchTokens} tokens: pair ${i} has a side of ${
          longer[i]
        }; ` +
          `raise "batchTokens" or lower "vocabulary.maximumLength".`,
      );
    }
  }
  return { longer, shorter };
}
