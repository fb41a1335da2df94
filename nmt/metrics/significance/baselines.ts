/** Which baseline a run is compared with, and how the difference is to be read. A run is named SYSTEM, or SYSTEM@SEED if the system has several seeds. */
import type { ScoreName } from "../../../schemas/experiment/evaluation.ts";
import type { Baseline, Difference, System } from "../../../schemas/results.ts";

export interface Named {
  readonly system: string;
  /** As it is written; undefined where the system has one seed. */
  readonly seed: string | undefined;
}

export function systemOf(name: string): Named {
  const [system, seed] = name.split("@");
  return { system, seed };
}

/** Whether a system's difference to a baseline is asked for: not to itself, and not the teacher's to a student. */
export function isCompared(system: string, baseline: Baseline): boolean {
  return system !== "teacher" && system !== baseline;
}

/** Which of the runs of a baseline one run is compared with: that of the same seed, or else the first. */
export function counterpart<Run extends { readonly name: string }>(
  name: string,
  baseline: readonly Run[],
): Run | undefined {
  const { seed } = systemOf(name);
  return baseline.find((run) => systemOf(run.name).seed === seed) ??
    baseline[0];
}

/** A system of the same language pair. */
export function rowOf(
  systems: readonly System[],
  { pair }: System,
  name: string,
): System | undefined {
  return systems.find((row) => row.pair === pair && row.system === name);
}

/** Whether it is planned that a baseline is better than a system: of the same two-sided p as that of the system to it. */
export function isOppositePlanned(
  systems: readonly System[],
  row: System,
  baseline: string,
  score: ScoreName,
): boolean {
  const opposite = rowOf(systems, row, baseline)?.[score].to[row.system];
  return opposite?.planned === "superiority";
}

/**
 * How a p-value of no difference is to be read: `planned`, `exploratory`, or `exploratory one-tail` of an earlier version.
 * Where non-inferiority is planned, it is not what is tested.
 */
export function kindOf({ planned, tails }: Difference): string {
  if (planned === "superiority") return "planned";
  return tails === undefined ? "exploratory one-tail" : "exploratory";
}

/** The same of a system's difference to a baseline, which is planned where its opposite is. */
export function kindIn(
  systems: readonly System[],
  row: System,
  baseline: string,
  score: ScoreName = "bleu",
): string | undefined {
  const found = row[score].to[baseline];
  if (found?.p === undefined) return undefined;
  return isOppositePlanned(systems, row, baseline, score)
    ? "planned"
    : kindOf(found);
}
