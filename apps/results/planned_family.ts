/** The differences of results, with Holm's correction over all comparisons that the experiment plans, whether or not they have run. */
import { inputError } from "../../base/input_error.ts";
import {
  type Compared,
  comparedOf,
  plannedOf,
} from "../../nmt/metrics/significance/planned.ts";
import { Matrix } from "../../schemas/experiment/language_pairs.ts";
import type { Manifest } from "../../schemas/manifest.ts";
import type { Saved } from "./gather.ts";

/**
 * All differences that were tested.
 *
 * @throws An input error where some are planned and this version cannot read how many.
 */
export function comparedIn(
  { results, manifest }: Pick<Saved, "results" | "manifest">,
): Compared[] {
  const family = plannedIn(manifest);
  const compared = comparedOf(results.systems, family ?? 0);
  if (family !== undefined || plannedOf(compared).length === 0) return compared;
  throw inputError(
    `Cannot correct the planned comparisons of "${results.experiment}": this version cannot read how many its manifest ` +
      `plans; read it with the version that wrote it.`,
  );
}

/** How many comparisons an experiment plans. Undefined for an experiment that this version cannot read. */
export function plannedIn(
  { experiment }: Pick<Manifest, "experiment">,
): number | undefined {
  return Matrix.safeParse(experiment.value).data?.pairs
    .map(({ experiment }) => experiment.evaluation.comparisons?.length ?? 0)
    .reduce((sum, count) => sum + count, 0);
}
