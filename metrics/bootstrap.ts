/** Whether two systems differ by more than the choice of test sentences: paired bootstrap resampling (Koehn 2004). */
import { type Metric, type Resampling, sum } from "./metric.ts";

/** sacreBLEU's defaults; the seed is the one whose state `numpyIndices` starts from. */
export const RESAMPLING: Resampling = { samples: 1000, seed: 12345 };

/**
 * The p-value of the difference of two systems' scores. `first` and `second` are their counts of the same segments. It is
 * sacreBLEU's p-value: the same resamples, and the same two-sided test of differences about their mean; two equal systems
 * get the least value there is, as there.
 */
export function pairedBootstrap(
  metric: Metric,
  first: readonly (readonly number[])[],
  second: readonly (readonly number[])[],
): number {
  const difference = Math.abs(
    metric.score(sum(first)) - metric.score(sum(second)),
  );
  const next = numpyIndices(first.length);
  const sample = new Int32Array(first.length);
  const differences = Array.from({ length: RESAMPLING.samples }, () => {
    for (let i = 0; i < sample.length; i++) sample[i] = next();
    const resampled = [first, second].map((counts) =>
      metric.score(sum(counts, sample))
    );
    return Math.abs(resampled[0] - resampled[1]);
  });
  const mean = differences.reduce((a, b) => a + b) / RESAMPLING.samples;
  const beyond = differences.filter((found) => found - mean > difference);
  return (beyond.length + 1) / (RESAMPLING.samples + 1);
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
