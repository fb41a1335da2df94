/** The differences of results, with Holm's correction over all comparisons that the experiment plans, whether or not they have run. */
import { type Compared, comparedOf } from "../../nmt/metrics/planned.ts";
import { Matrix } from "../../schemas/experiment/language_pairs.ts";
import type { Manifest } from "../../schemas/manifest.ts";
import type { Saved } from "./gather.ts";

/** All differences that were tested. */
export function comparedIn(
  { results, manifest }: Pick<Saved, "results" | "manifest">,
): Compared[] {
  return comparedOf(results.systems, plannedIn(manifest));
}

/** How many comparisons an experiment plans. Undefined for an experiment that this version cannot read. */
export function plannedIn(
  { experiment }: Pick<Manifest, "experiment">,
): number | undefined {
  return Matrix.safeParse(experiment.value).data?.pairs
    .map(({ experiment }) => experiment.evaluation.comparisons?.length ?? 0)
    .reduce((sum, count) => sum + count, 0);
}
