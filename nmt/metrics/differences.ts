/** The difference of two systems, by paired bootstrap of sentences and, of several seeds, their t distribution: interval and p-value. */
import { random } from "../random.ts";
import { confidenceInterval, RESAMPLING } from "./bootstrap.ts";
import { mean } from "./metric.ts";

/** A trained model: its score on the test set, and on each resample of the test sentences. */
export interface SampledRun {
  readonly seed: string | undefined;
  readonly score: number;
  readonly resampled: readonly number[];
}

/** What sums of equal scores may differ by. */
const ROUNDING = 1e-9;

export interface SampledDifference {
  /** Of the mean scores over seeds, the first system's minus the second's. */
  readonly difference: number;
  /** Bounds of the 95 % confidence interval: percentiles of `resampled`. */
  readonly low: number;
  readonly high: number;
  /** Two-sided, of no difference: see `twoSided`. */
  readonly p: number;
  /**
   * The difference on each resample, all moved alike so that their mean is `difference`: a score of a resample is biased,
   * that of BLEU on real text by up to a third of the standard error.
   */
  readonly resampled: readonly number[];
}

/** Compares two systems of one run or more each; all runs have scores on the same resamples. */
export function differenceOf(
  first: readonly SampledRun[],
  second: readonly SampledRun[],
): SampledDifference {
  const difference = mean(first.map(({ score }) => score)) -
    mean(second.map(({ score }) => score));
  const drawn = resampledDifferences(first, second);
  const bias = mean(drawn) - difference;
  // Resamples on which the systems are equal stay so: of few differing sentences, there are many.
  const resampled = drawn.map((each) =>
    Math.abs(each) < ROUNDING ? 0 : each - bias
  );
  return {
    difference,
    ...confidenceInterval(resampled),
    p: twoSided(resampled),
    resampled,
  };
}

/**
 * Whether systems are compared seed by seed: both have several, the same ones.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { arePaired } from "./differences.ts";
 *
 * assert(arePaired(["1", "2"], ["2", "1"]));
 * assert(!arePaired(["1", "2"], [undefined]));
 * ```
 */
export function arePaired(
  first: readonly (string | undefined)[],
  second: readonly (string | undefined)[],
): boolean {
  return first.length > 1 && first.length === second.length &&
    first.every((seed) => second.includes(seed));
}

/**
 * The two-sided p-value of no difference: twice the share of resamples on the other side of 0, with one resample more above
 * and below the line (Davison and Hinkley 1997, section 4.4). p of at most 0.05 has an interval without 0, as both are read
 * off the same resamples.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { twoSided } from "./differences.ts";
 *
 * assertEquals(twoSided([1, 2, 3, -1, 2, 1, 3, 2, 1]), 0.4);
 * assertEquals(twoSided([0, 0, 0]), 1);
 * ```
 */
export function twoSided(resampled: readonly number[]): number {
  const below = resampled.filter((difference) => difference <= 0);
  const above = resampled.filter((difference) => difference >= 0);
  return doubled(Math.min(below.length, above.length), resampled.length);
}

/**
 * The p-value of a loss of `margin` or more, twice the share of such resamples: at most 0.05 where the 95 % confidence
 * interval lies above `-margin`.
 */
export function nonInferiority(
  resampled: readonly number[],
  margin: number,
): number {
  const beyond = resampled.filter((difference) => difference <= -margin);
  return doubled(beyond.length, resampled.length);
}

function doubled(beyond: number, resamples: number): number {
  return Math.min(1, 2 * (beyond + 1) / (resamples + 1));
}

/** How many draws of seeds are added to each resample of sentences, half of them the opposites of the others. */
const SEED_DRAWS = 20;

/**
 * Sentences are drawn by bootstrap, the same for all runs; to the difference of their means over seeds is added what other
 * seeds may change, by the t distribution of a mean of so few: seeds drawn with replacement would have too narrow a spread,
 * and an interval of three would hold the truth in 74 % of experiments. Seeds count in pairs where both systems have them.
 * What a seed changes at single sentences counts in both draws, so that intervals are wider than they must be.
 */
function resampledDifferences(
  first: readonly SampledRun[],
  second: readonly SampledRun[],
): number[] {
  const averaged = (runs: readonly SampledRun[], sample: number) =>
    mean(runs.map(({ resampled }) => resampled[sample]));
  const bySentences = first[0].resampled.map((_, sample) =>
    averaged(first, sample) - averaged(second, sample)
  );
  const spreads = seedScores(first, second).filter(({ length }) => length > 1)
    .map((scores) => ({
      error: Math.sqrt(varianceOf(scores) / scores.length),
      degrees: scores.length - 1,
    })).filter(({ error }) => error > ROUNDING);
  if (spreads.length === 0) return bySentences;
  const next = random("bootstrap of seeds", RESAMPLING.seed);
  return bySentences.flatMap((difference) =>
    Array.from({ length: SEED_DRAWS / 2 }, () => {
      const change = spreads.reduce(
        (sum, { error, degrees }) => sum + error * drawT(degrees, next),
        0,
      );
      return [difference + change, difference - change];
    }).flat()
  );
}

/** The differences seed by seed where systems are paired, else the scores of each. */
function seedScores(
  first: readonly SampledRun[],
  second: readonly SampledRun[],
): number[][] {
  const seedsOf = (runs: readonly SampledRun[]) => runs.map(({ seed }) => seed);
  const scoresOf = (runs: readonly SampledRun[]) =>
    runs.map(({ score }) => score);
  if (!arePaired(seedsOf(first), seedsOf(second))) {
    return [scoresOf(first), scoresOf(second)];
  }
  const theirs = new Map(second.map(({ seed, score }) => [seed, score]));
  return [first.map(({ seed, score }) => score - (theirs.get(seed) ?? NaN))];
}

/** The sample variance. */
function varianceOf(values: readonly number[]): number {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) /
    (values.length - 1);
}

/** A draw from Student's t distribution: a normal draw over the root of a mean of squares of others. */
function drawT(degrees: number, next: () => number): number {
  const normal = () =>
    Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  let squares = 0;
  for (let i = 0; i < degrees; i++) squares += normal() ** 2;
  return normal() / Math.sqrt(squares / degrees);
}
