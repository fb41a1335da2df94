/** Which baseline a run is compared with. A run is named SYSTEM, or SYSTEM@SEED if the system has several seeds. */
import type { Baseline } from "../../schemas/results.ts";

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
