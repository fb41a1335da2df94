/** Garbage collection, sweep: removes what was planned, in an order that is safe to interrupt. */
import { inputError } from "../../base/input_error.ts";
import { isReadOnly, reasonOf, removeIfThere } from "../files/atomic.ts";
import { removeCheckpoint } from "./checkpoints.ts";
import { removeCached } from "./manifest.ts";
import type { Progress } from "../graph/stage.ts";
import { removeEmptyPrefixes, removeObject } from "./object_store.ts";

/** A cached result, or the checkpoints of an unfinished node. */
export interface GcItem {
  /** The name of its node; undefined if no run log names it. */
  readonly node?: string;
  /** The experiments whose runs used it, as far as run logs tell. */
  readonly experiments: readonly string[];
  readonly key: string;
  /** ISO time at which it was made or last written. */
  readonly time: string;
  /** How long a result took to make. */
  readonly seconds?: number;
  readonly bytes: number;
}

/** What garbage collection removes and keeps. */
export interface GcPlan {
  /** Oldest first. */
  readonly results: readonly GcItem[];
  /** Their SHA-256. */
  readonly objects: readonly string[];
  readonly checkpoints: readonly GcItem[];
  /** Paths of temporary and damaged files. */
  readonly leftovers: readonly string[];
  /** Freed bytes; hard links of one file count once, when the last one is removed. */
  readonly bytes: {
    readonly objects: number;
    readonly checkpoints: number;
    readonly leftovers: number;
  };
  readonly kept: {
    readonly results: number;
    readonly objects: number;
    /** Bytes of the objects. */
    readonly bytes: number;
    readonly checkpoints: readonly GcItem[];
  };
}

export function isEmpty(plan: GcPlan): boolean {
  return removals(plan).length === 0;
}

/** Whether another plan removes everything that a plan removes. */
export function isSubset(plan: GcPlan, other: GcPlan): boolean {
  const names = new Set(removals(other).map(({ name }) => name));
  return removals(plan).every(({ name }) => names.has(name));
}

/** Removes what was planned; the caller holds the folder's lock. An interrupted sweep is completed by the next one. */
export function sweep(
  folder: string,
  plan: GcPlan,
  onProgress: (progress: Progress) => void,
): void {
  const steps = removals(plan);
  try {
    for (const [done, { remove }] of steps.entries()) {
      remove(folder);
      onProgress({ done: done + 1, total: steps.length, unit: "removals" });
    }
    removeEmptyPrefixes(folder);
  } catch (error) {
    if (!isReadOnly(error)) throw error;
    throw inputError(
      `Cannot remove from the artifact folder "${folder}": ${
        reasonOf(error)
      }; make it writable and run gc again.`,
    );
  }
}

interface Removal {
  /** Unique. */
  readonly name: string;
  remove(folder: string): void;
}

/** The removals in order: results before objects, so that no interruption leaves a result without its objects. */
function removals(
  { results, objects, checkpoints, leftovers }: GcPlan,
): Removal[] {
  const each = (
    kind: string,
    names: readonly string[],
    remove: (folder: string, name: string) => void,
  ): Removal[] =>
    names.map((name) => ({
      name: `${kind} ${name}`,
      remove: (folder) => remove(folder, name),
    }));
  return [
    ...each("result", results.map(({ key }) => key), removeCached),
    ...each("object", objects, removeObject),
    ...each("checkpoint", checkpoints.map(({ key }) => key), removeCheckpoint),
    ...each("leftover", leftovers, (_, path) => removeIfThere(path)),
  ];
}
