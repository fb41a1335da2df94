/** Distributions as values that each have a share of 1, and tails of their sums. */
import { mean } from "../metric.ts";

/** What sums of equal numbers may differ by. */
export const ROUNDING = 1e-9;

export interface Distribution {
  /** From the least to the greatest. */
  readonly values: readonly number[];
  /** Of each value; together 1. */
  readonly shares: readonly number[];
}

export function evenly(values: readonly number[]): Distribution {
  return {
    values: [...Float64Array.from(values).sort()],
    shares: values.map(() => 1 / values.length),
  };
}

export function scaled(
  { values, shares }: Distribution,
  by: number,
): Distribution {
  return { values: values.map((value) => by * value), shares };
}

export function negated({ values, shares }: Distribution): Distribution {
  return {
    values: values.map((value) => -value).reverse(),
    shares: shares.toReversed(),
  };
}

/** How far shares go, and in which steps, as logarithms of their odds: tails of 3e-7 are told, each in steps of a twentieth. */
const [ODDS, STEP] = [15, 0.05];

/** A distribution that is symmetric around 0, by its quantiles: finer towards the tails than equal shares are. */
export function symmetric(quantile: (share: number) => number): Distribution {
  const share = (odds: number) => 1 / (1 + Math.exp(-odds));
  const lower = Array.from({ length: ODDS / STEP }, (_, i) => {
    const from = -ODDS + i * STEP;
    return {
      value: quantile(share(from + STEP / 2)),
      share: share(from + STEP) - (i === 0 ? 0 : share(from)),
    };
  });
  const values = lower.map(({ value }) => value);
  const shares = lower.map(({ share }) => share);
  return {
    values: [...values, ...values.map((value) => -value).reverse()],
    shares: [...shares, ...shares.toReversed()],
  };
}

/** The share of a distribution that is at most so large. */
export type Tail = (limit: number) => number;

/** Of the sums of each value of one and each of the other. */
export function tailOfSum(one: Distribution, other: Distribution): Tail {
  const below = [0];
  for (const share of other.shares) below.push((below.at(-1) ?? 0) + share);
  return (limit) => {
    let [total, count] = [0, other.values.length];
    for (let i = 0; i < one.values.length; i++) {
      const rest = limit - one.values[i];
      while (count > 0 && other.values[count - 1] > rest) count--;
      if (count === 0) break;
      total += one.shares[i] * below[count];
    }
    return total;
  };
}

/**
 * The largest limit, but for rounding, whose tail is at most `share`.
 *
 * @throws a `RangeError` where there is none, as of figures that are no numbers
 */
export function quantile(tail: Tail, share: number): number {
  let [low, high, step] = [0, 0, ROUNDING];
  while (tail(low) > share && step < Infinity) low = -(step *= 2);
  while (tail(high) <= share && step < Infinity) high = step *= 2;
  if (step === Infinity) {
    throw new RangeError(`a distribution has no tail of ${share}`);
  }
  while (high - low > ROUNDING) {
    const half = (low + high) / 2;
    // Of large numbers there is none between.
    if (half <= low || half >= high) break;
    if (tail(half) > share) high = half;
    else low = half;
  }
  return low;
}

/** Of a sample. */
export function standardDeviation(values: readonly number[]): number {
  const center = mean(values);
  const squares = values.map((value) => (value - center) ** 2);
  return Math.sqrt(
    squares.reduce((sum, square) => sum + square, 0) / (values.length - 1),
  );
}
