/** The difference of two systems: its interval and p-values, by paired bootstrap of sentences and the t distribution of seeds. */
import { mean } from "../metric.ts";
import {
  evenly,
  negated,
  quantile,
  ROUNDING,
  scaled,
  standardDeviation,
  type Tail,
  tailOfSum,
} from "./distribution.ts";
import type { SeedSpread } from "./seed_spread.ts";

/** A trained model: its score on the test set, and on each resample of the test sentences. */
export interface SampledRun {
  readonly seed: string | undefined;
  readonly score: number;
  readonly resampled: readonly number[];
}

/** The share of a distribution that lies outside the 95 % confidence interval on each side. */
const OUTSIDE = 0.025;

export interface SampledDifference {
  /** Of the mean scores over seeds, the first system's minus the second's. */
  readonly difference: number;
  /** Bounds of the 95 % confidence interval. */
  readonly low: number;
  readonly high: number;
  /** Two-sided, of no difference: twice the smaller tail beyond 0. Of at most 0.05 where the interval is without 0. */
  readonly p: number;
  /** The standard error by the choice of sentences. */
  readonly sentenceError: number;
  /**
   * The p-value of a loss of `margin` or more, twice that tail: of at most 0.05 where the interval lies above `-margin`.
   */
  pOfLoss(margin: number): number;
}

/**
 * Compares two systems of one run or more each; all runs have scores on the same resamples. To each difference on a resample
 * is added each change by `seeds`. The differences on resamples are moved alike, so that their mean is `difference`: a score of
 * a resample is biased, that of BLEU on real text by up to a third of the standard error.
 */
export function differenceOf(
  first: readonly SampledRun[],
  second: readonly SampledRun[],
  seeds?: SeedSpread,
): SampledDifference {
  const difference = mean(first.map(({ score }) => score)) -
    mean(second.map(({ score }) => score));
  const drawn = resampledDifferences(first, second);
  const bias = mean(drawn) - difference;
  // Those on which the systems are equal stay where they are: of few differing sentences, there are many.
  const moved = drawn.map((each) =>
    Math.abs(each) < ROUNDING ? 0 : each - bias
  );
  const bySentences = evenly(moved);
  const bySeeds = seeds === undefined
    ? evenly([0])
    : scaled(seeds.student, seeds.error);
  const lower = tested(tailOfSum(bySentences, bySeeds), drawn.length);
  const upper = tested(
    tailOfSum(negated(bySentences), negated(bySeeds)),
    drawn.length,
  );
  return {
    difference,
    low: boundOf(lower),
    high: 0 - boundOf(upper),
    p: Math.min(1, 2 * Math.min(lower(0), upper(0))),
    sentenceError: standardDeviation(moved),
    pOfLoss: (margin) => Math.min(1, 2 * lower(-margin)),
  };
}

function resampledDifferences(
  first: readonly SampledRun[],
  second: readonly SampledRun[],
): number[] {
  const averaged = (runs: readonly SampledRun[], sample: number) =>
    mean(runs.map(({ resampled }) => resampled[sample]));
  return first[0].resampled.map((_, sample) =>
    averaged(first, sample) - averaged(second, sample)
  );
}

/** With one resample more below the line (Davison and Hinkley 1997, section 4.4). */
function tested(tail: Tail, resamples: number): Tail {
  return (limit) => (resamples * tail(limit) + 1) / (resamples + 1);
}

/** What a tail of a distribution has to be so that a test has it at a level, as `tested` adds one resample. */
export function untested(level: number, resamples: number): number {
  return (level * (resamples + 1) - 1) / resamples;
}

/** The lower bound of the interval. */
function boundOf(tail: Tail): number {
  const bound = quantile(tail, OUTSIDE);
  return Math.abs(bound) < 2 * ROUNDING ? 0 : bound;
}
