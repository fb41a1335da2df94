/** How many comparisons an experiment plans, whether or not they have run: what Holm's correction is over. */
import { Matrix } from "../../schemas/experiment/language_pairs.ts";
import type { Manifest } from "../../schemas/manifest.ts";

/** Undefined for an experiment that this version cannot read. */
export function plannedIn(
  { experiment }: Pick<Manifest, "experiment">,
): number | undefined {
  return Matrix.safeParse(experiment.value).data?.pairs
    .map(({ experiment }) => experiment.evaluation.comparisons?.length ?? 0)
    .reduce((sum, count) => sum + count, 0);
}
