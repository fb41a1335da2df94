/** What a comparison of two systems could show, by what sentences and seeds are found to vary. */
import { pnorm, qchisq, qnorm } from "./r_math.ts";
import type { Difference } from "../../../schemas/results.ts";
import { mean } from "../metric.ts";
import { RESAMPLING } from "./bootstrap.ts";
import { untested } from "./differences.ts";
import { quantile, scaled, symmetric, tailOfSum } from "./distribution.ts";
import { student } from "./seed_spread.ts";

/** The level of all planned comparisons together. */
export const LEVEL = 0.05;

/** The power that "detectable" is of. */
const POWER = 0.8;

/** A difference, and of a planned one the level that it is tested at. */
export interface Powered {
  readonly found: Difference;
  readonly tested?: { readonly level: number };
}

/**
 * The smallest difference that such a test would show with a power of 80 %: of superiority above 0, of non-inferiority above
 * `-margin`, where it may be negative. Undefined where an earlier version recorded no standard errors.
 */
export function detectable(compared: Powered): number | undefined {
  const power = powerOf(compared);
  if (power === undefined) return undefined;
  return quantile(power, POWER) - (compared.found.margin ?? 0);
}

/** The chance that non-inferiority is shown where the systems are equal. */
export function powerIfEqual(compared: Powered): number | undefined {
  const { margin } = compared.found;
  return margin === undefined ? undefined : powerOf(compared)?.(margin);
}

const NORMAL = symmetric((share) => qnorm(share));

/** In how many equal shares the error that is estimated from seeds is taken. */
const ESTIMATES = 10;

/**
 * The chance that a difference of so many points is told from 0, at the level of the test: of a planned comparison the
 * strictest of Holm's method. Both errors are taken as they were found and sentences as normal; another experiment of as many
 * seeds would estimate theirs anew, and with it the limit beyond which a difference is shown. Undefined where nothing varies,
 * and where so many comparisons are planned that no p-value is small enough.
 */
function powerOf(
  { found, tested }: Powered,
): ((points: number) => number) | undefined {
  const { sentenceError, seedError = 0, degrees = Infinity } = found;
  if (sentenceError === undefined) return undefined;
  const error = Math.hypot(sentenceError, seedError);
  const outside = untested((tested?.level ?? LEVEL) / 2, RESAMPLING.samples);
  if (error === 0 || outside <= 0) return undefined;
  if (seedError === 0) {
    const limit = -error * qnorm(outside);
    return (points) => pnorm((points - limit) / error);
  }
  const bySentences = scaled(NORMAL, sentenceError);
  const bySeeds = student(degrees);
  const limits = Array.from({ length: ESTIMATES }, (_, i) => {
    const chi = qchisq((i + 0.5) / ESTIMATES, degrees);
    const estimated = scaled(bySeeds, seedError * Math.sqrt(chi / degrees));
    return -quantile(tailOfSum(bySentences, estimated), outside);
  });
  return (points) =>
    mean(limits.map((limit) => pnorm((points - limit) / error)));
}
