/** What other seeds may change in the difference of two systems, by Student's t distribution. */
import { qt } from "./r_math.ts";
import {
  type Distribution,
  ROUNDING,
  standardDeviation,
  symmetric,
} from "./distribution.ts";

/** A run by its seed. */
interface SeededRun {
  readonly seed: string | undefined;
  readonly score: number;
}

/**
 * A t distribution around 0: seeds drawn with replacement would have too narrow a spread, and an interval of three would hold
 * the truth in 74 % of experiments.
 */
export interface SeedSpread {
  /** The standard error of the difference by the choice of seeds. */
  readonly error: number;
  /** Degrees of freedom. */
  readonly degrees: number;
  /** The distribution of a standard error of 1. */
  readonly student: Distribution;
}

/**
 * The spread by seeds of the difference of two systems' means; undefined where neither has several seeds, or all score
 * alike. Seeds count in pairs where both systems have the same ones, else by the method of Welch (1947), which takes them as
 * independent: where seeds that both have raise both scores, the spread is rather too wide. What a seed changes at single
 * sentences is in the bootstrap of sentences as well, so that intervals are wider than they must be.
 */
export function seedSpread(
  first: readonly SeededRun[],
  second: readonly SeededRun[],
): SeedSpread | undefined {
  const variances = seedScores(first, second)
    .filter(({ length }) => length > 1)
    .map((scores) => ({
      variance: standardDeviation(scores) ** 2 / scores.length,
      degrees: scores.length - 1,
    }));
  const variance = variances.reduce((sum, each) => sum + each.variance, 0);
  if (Math.sqrt(variance) < ROUNDING) return undefined;
  const degrees = variance ** 2 / variances.reduce(
    (sum, each) => sum + each.variance ** 2 / each.degrees,
    0,
  );
  return { error: Math.sqrt(variance), degrees, student: student(degrees) };
}

export function student(degrees: number): Distribution {
  return symmetric((share) => qt(share, degrees));
}

/**
 * Whether systems are compared seed by seed: both have several, the same ones.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { arePaired } from "./seed_spread.ts";
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

/** The differences seed by seed where systems are paired, else the scores of each. */
function seedScores(
  first: readonly SeededRun[],
  second: readonly SeededRun[],
): number[][] {
  const seedsOf = (runs: readonly SeededRun[]) => runs.map(({ seed }) => seed);
  const scoresOf = (runs: readonly SeededRun[]) =>
    runs.map(({ score }) => score);
  if (!arePaired(seedsOf(first), seedsOf(second))) {
    return [scoresOf(first), scoresOf(second)];
  }
  const theirs = new Map(second.map(({ seed, score }) => [seed, score]));
  return [first.map(({ seed, score }) => score - (theirs.get(seed) ?? NaN))];
}
