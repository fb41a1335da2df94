/** Paired bootstrap resampling (Koehn 2004): scores of systems on the same resamples of the test sentences. */
import { type Metric, type Resampling, sum } from "./metric.ts";

/** sacreBLEU's defaults; the seed is the one whose state `numpyIndices` starts from. */
export const RESAMPLING: Resampling = { samples: 1000, seed: 12345 };

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
  blockLength = 1,
): number[][] {
  const blocks = systems.map((counts) => inBlocks(counts, blockLength));
  const count = blocks[0].length;
  const width = blocks[0][0].length;
  const next = numpyIndices(count);
  const sample = new Int32Array(count);
  const flat = blocks.map((counts) => Int32Array.from(counts.flat()));
  const scores: number[][] = systems.map(() => []);
  for (let drawn = 0; drawn < RESAMPLING.samples; drawn++) {
    for (let i = 0; i < count; i++) sample[i] = next();
    flat.forEach((counts, system) =>
      scores[system].push(metric.score(sampleSum(counts, width, sample)))
    );
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

/** Adds up the counts, [blocks, width], of the blocks in a sample, each as often as it is there. */
function sampleSum(
  counts: Int32Array,
  width: number,
  sample: Int32Array,
): number[] {
  const total = new Float64Array(width);
  for (let s = 0; s < sample.length; s++) {
    const start = sample[s] * width;
    for (let i = 0; i < width; i++) total[i] += counts[start + i];
  }
  return [...total];
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

const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;
const INITIAL_STATE = 0x1905e0335aae96349199b0d09775add5n;
const INCREMENT = 0xc9c7353e6e2b1f287d761f2d4027fae7n;
const MASK_64 = 2n ** 64n - 1n;
const TWO_32 = 2 ** 32;

/**
 * Draws indices below `count` as `numpy.random.default_rng(12345).choice(count)` does: PCG64 (XSL RR 128/64), the low half
 * of each output first, bounded by Lemire's method. The constants are that generator's state after seeding.
 */
export function numpyIndices(count: number): () => number {
  let state = INITIAL_STATE;
  let high: number | undefined;
  const next32 = () => {
    if (high !== undefined) {
      const word = high;
      high = undefined;
      return word;
    }
    state = BigInt.asUintN(128, state * MULTIPLIER + INCREMENT);
    const folded = (state >> 64n) ^ (state & MASK_64);
    const turn = state >> 122n;
    const output = BigInt.asUintN(64, folded >> turn | folded << (64n - turn));
    high = Number(output >> 32n);
    return Number(output & 0xffffffffn);
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
