/** Paired bootstrap resampling (Koehn 2004): scores of systems on the same resamples of the test sentences. */
import { type Metric, type Resampling, sum } from "../metric.ts";

/** sacreBLEU's defaults; the seed is the one whose state `numpyIndices` starts from. */
export const SACREBLEU: Resampling = { samples: 1000, seed: 12345 };

/** Of comparisons: a p-value of one hundredth, which Holm's correction asks for, has a standard error of a seventh of it. */
export const RESAMPLING: Resampling = { ...SACREBLEU, samples: 10_000 };

/** Of fewer blocks of sentences, the bootstrap says little. */
export const FEWEST_BLOCKS = 20;

/** The counts of each segment, as a metric counts them. */
type Counts = readonly (readonly number[])[];

/**
 * The scores of each system on the same resamples of their common segments: [systems, samples]. Blocks of `blockLength`
 * neighbours are drawn whole, as neighbours may depend on each other (Carlstein 1986); the last may be shorter.
 */
export function resampledScores(
  metric: Metric,
  systems: readonly Counts[],
  { samples, blockLength = 1 }: Resampling,
): number[][] {
  const blocks = systems.map((counts) => inBlocks(counts, blockLength));
  const count = blocks[0].length;
  const width = blocks[0][0].length;
  // The counts of all systems in a block lie side by side, as most of the time goes into adding them up.
  const rows = Int32Array.from(
    blocks[0].flatMap((_, block) => blocks.flatMap((counts) => counts[block])),
  );
  const next = numpyIndices(count);
  const drawn = new Int32Array(count);
  const counts: number[] = new Array(width).fill(0);
  const scores: number[][] = systems.map(() => []);
  for (let sample = 0; sample < samples; sample++) {
    drawn.fill(0);
    for (let i = 0; i < count; i++) drawn[next()]++;
    const total = weightedSum(rows, drawn);
    scores.forEach((own, system) => {
      for (let i = 0; i < width; i++) counts[i] = total[system * width + i];
      own.push(metric.score(counts));
    });
  }
  return scores;
}

/** The counts of each block of so many neighbours. */
function inBlocks(counts: Counts, length: number): Counts {
  if (length === 1) return counts;
  return Array.from(
    { length: Math.ceil(counts.length / length) },
    (_, i) => sum(counts.slice(i * length, (i + 1) * length)),
  );
}

/** Adds up the rows, [blocks, width], each as often as its block is drawn. */
function weightedSum(rows: Int32Array, drawn: Int32Array): Int32Array {
  const width = rows.length / drawn.length;
  const total = new Int32Array(width);
  for (let block = 0; block < drawn.length; block++) {
    const times = drawn[block];
    if (times === 0) continue;
    const start = block * width;
    for (let i = 0; i < width; i++) {
      total[i] += Math.imul(times, rows[start + i]);
    }
  }
  return total;
}

/**
 * sacreBLEU's p-value of a difference, from the scores on the same resamples: how often the absolute difference exceeds
 * its mean by more than the observed one. It counts one tail in effect, so a two-sided p is about twice as large; two equal
 * systems get the least value there is, as there.
 */
export function sacrebleuP(
  difference: number,
  first: readonly number[],
  second: readonly number[],
): number {
  const differences = first.map((score, i) => Math.abs(score - second[i]));
  const mean = differences.reduce((a, b) => a + b) / differences.length;
  const beyond = differences.filter((found) =>
    found - mean > Math.abs(difference)
  );
  return (beyond.length + 1) / (differences.length + 1);
}

/**
 * Bounds of the 95 % confidence interval by the resamples' percentiles; half their distance is sacreBLEU's "±".
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { confidenceInterval } from "./bootstrap.ts";
 *
 * const scores = Array.from({ length: 1000 }, (_, i) => i);
 * assertEquals(confidenceInterval(scores), { low: 25, high: 974 });
 * ```
 */
export function confidenceInterval(
  scores: readonly number[],
): { readonly low: number; readonly high: number } {
  const sorted = scores.toSorted((a, b) => a - b);
  const cut = Math.floor(sorted.length / 40);
  return { low: sorted[cut], high: sorted[sorted.length - cut - 1] };
}

/** 128-bit numbers of the generator in 16-bit limbs, the lowest first: exact in doubles, and 20 times as fast as big integers. */
const MULTIPLIER = limbs(0x2360ed051fc65da44385df649fccf645n);
const INITIAL_STATE = limbs(0x1905e0335aae96349199b0d09775add5n);
const INCREMENT = limbs(0xc9c7353e6e2b1f287d761f2d4027fae7n);
const [TWO_16, TWO_32] = [2 ** 16, 2 ** 32];

function limbs(value: bigint): number[] {
  return Array.from(
    { length: 8 },
    (_, i) => Number(value >> BigInt(16 * i) & 0xffffn),
  );
}

/**
 * Draws indices below `count` as `numpy.random.default_rng(12345).choice(count)` does: PCG64 (XSL RR 128/64), the low half
 * of each output first, bounded by Lemire's method. The constants are that generator's state after seeding.
 */
export function numpyIndices(count: number): () => number {
  const state = [...INITIAL_STATE];
  let high: number | undefined;
  const next32 = () => {
    if (high !== undefined) {
      const word = high;
      high = undefined;
      return word;
    }
    advance(state);
    const [low, upper] = outputOf(state);
    high = upper;
    return low;
  };
  const threshold = TWO_32 % count;
  return () => {
    if (count === 1) return 0;
    for (;;) {
      // count * a 32-bit word is exact in a double for any corpus of fewer than two million segments.
      const product = next32() * count;
      if (product % TWO_32 >= threshold) return Math.floor(product / TWO_32);
    }
  };
}

/** state * MULTIPLIER + INCREMENT, modulo 2 ** 128. */
function advance(state: number[]): void {
  for (let place = 7; place >= 0; place--) {
    let sum = 0;
    for (let i = 0; i <= place; i++) sum += state[i] * MULTIPLIER[place - i];
    state[place] = sum + INCREMENT[place];
  }
  let carry = 0;
  for (let place = 0; place < 8; place++) {
    const sum = state[place] + carry;
    carry = Math.floor(sum / TWO_16);
    state[place] = sum - carry * TWO_16;
  }
}

/** The 64-bit output of a state, its lower and its upper half: both halves of the state xored, rotated by its top six bits. */
function outputOf(state: readonly number[]): [number, number] {
  const word = (place: number) =>
    (state[place] ^ state[place + 4]) +
    (state[place + 1] ^ state[place + 5]) * TWO_16;
  const turn = state[7] >>> 10;
  const [low, high] = turn < 32 ? [word(0), word(2)] : [word(2), word(0)];
  const by = turn % 32;
  if (by === 0) return [low, high];
  return [
    (low >>> by | high << (32 - by)) >>> 0,
    (high >>> by | low << (32 - by)) >>> 0,
  ];
}
