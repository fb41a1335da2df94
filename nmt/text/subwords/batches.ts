/** Batches pairs of similar length under a limit of tokens, in an order decided by a seed and a role. */
import { inputError } from "../../../base/input_error.ts";
import { BOS, EOS, PAD } from "../../../schemas/experiment/vocabulary.ts";
import { random, type Role, shuffle, useOf } from "../../random.ts";
import { lengthOf, sentence, type Tokens } from "./tokens.ts";

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
  /** Of each row the positions that are not padding. */
  readonly sourceLengths: Int32Array;
  readonly targetLengths: Int32Array;
}

/**
 * The pairs of each batch of one epoch: every pair once, rows * longest side (with EOS) at most `batchTokens`. Pairs of
 * about one length come together, in another company each epoch, and the batches in random order: the same for all
 * students of a seed, and another for their teacher.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { batchOrder } from "./batches.ts";
 * import { packSide } from "./tokens.ts";
 *
 * const side = packSide([Int32Array.of(5, 6), Int32Array.of(7), Int32Array.of(8, 9)]);
 * const batches = batchOrder({ source: side, target: side, pairs: 3 }, 6, 1, 0);
 * assertEquals(batches.flatMap((pairs) => [...pairs]).sort(), [0, 1, 2]);
 * ```
 */
export function batchOrder(
  tokens: Tokens,
  batchTokens: number,
  seed: number,
  epoch: number,
  role: Role = "teacher",
): Int32Array[] {
  const next = random(useOf(role, "batches"), seed, epoch);
  const lengths = pairLengths(tokens, batchTokens);
  // Within one length, pairs whose shorter sides are alike stand near each other: less padding on that side too.
  const keys = new Float64Array(tokens.pairs);
  for (let i = 0; i < keys.length; i++) {
    keys[i] = lengths.longer[i] +
      (lengths.shorter[i] / lengths.longer[i] + next()) / 2;
  }
  const sorted = ascending(keys);
  const batches: Int32Array[] = [];
  let first = 0, longest = 0;
  for (let i = 0; i < sorted.length; i++) {
    const length = Math.max(longest, lengths.longer[sorted[i]]);
    if (i > first && (i + 1 - first) * length > batchTokens) {
      batches.push(sorted.subarray(first, i));
      first = i;
    }
    longest = i === first ? lengths.longer[sorted[i]] : length;
  }
  if (first < sorted.length) batches.push(sorted.subarray(first));
  return shuffle(batches, next);
}

/**
 * The indices of some pairs, sorted by length and cut into batches of at most `batchTokens`, rows * longest side (with EOS):
 * where they are only computed, their order does not matter. A pair with a longer side is a batch of its own.
 */
export function batchesByLength(
  tokens: Tokens,
  pairs: ArrayLike<number>,
  batchTokens: number,
): number[][] {
  const lengths = Array.from(
    pairs,
    (pair) =>
      1 +
      Math.max(lengthOf(tokens.source, pair), lengthOf(tokens.target, pair)),
  );
  const sorted = [...lengths.keys()].sort((a, b) =>
    lengths[a] - lengths[b] || a - b
  );
  const batches: number[][] = [];
  let batch: number[] = [];
  for (const index of sorted) {
    const size = lengths[index] * (batch.length + 1);
    if (batch.length > 0 && size > batchTokens) {
      batches.push(batch);
      batch = [];
    }
    batch.push(index);
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/** The indices of some numbers from least to greatest, of equal ones by index; without a list of objects. */
function ascending(keys: Float64Array): Int32Array {
  const sorted = keys.toSorted();
  const indices = new Int32Array(keys.length).fill(-1);
  for (let index = 0; index < keys.length; index++) {
    let low = 0, high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sorted[middle] < keys[index]) low = middle + 1;
      else high = middle;
    }
    while (indices[low] >= 0) low++;
    indices[low] = index;
  }
  return indices;
}

/**
 * The rectangles of some pairs, padded to the longest of them on each side.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { makeBatch } from "./batches.ts";
 * import { packSide } from "./tokens.ts";
 *
 * const side = packSide([Int32Array.of(5, 6), Int32Array.of(7)]);
 * const batch = makeBatch({ source: side, target: side, pairs: 2 }, Int32Array.of(0, 1));
 * assertEquals([...batch.labels], [5, 6, 2, 7, 2, 0]);
 * ```
 */
export function makeBatch(tokens: Tokens, pairs: Int32Array): Batch {
  const rows = pairs.length;
  const sourceLengths = pairs.map((pair) => lengthOf(tokens.source, pair) + 1);
  const targetLengths = pairs.map((pair) => lengthOf(tokens.target, pair) + 1);
  const sourceLength = sourceLengths.reduce((a, b) => Math.max(a, b), 0);
  const targetLength = targetLengths.reduce((a, b) => Math.max(a, b), 0);
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
    sourceLengths,
    targetLengths,
  };
}

/** Length of each pair's longer and shorter side, EOS or BOS included. */
function pairLengths(tokens: Tokens, batchTokens: number) {
  const longer = new Int32Array(tokens.pairs);
  const shorter = new Int32Array(tokens.pairs);
  for (let i = 0; i < tokens.pairs; i++) {
    const source = lengthOf(tokens.source, i) + 1;
    const target = lengthOf(tokens.target, i) + 1;
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
