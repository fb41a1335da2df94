/** What garbage collection takes, and its removal, which a kill at any moment leaves such that all else is whole. */
import { inputError } from "../../base/input_error.ts";
import { isReadOnly, reasonOf, removeIfThere } from "../files/atomic.ts";
import { removeCheckpoint } from "./checkpoints.ts";
import { removeCached } from "./manifest.ts";
import type { Progress } from "../graph/stage.ts";
import { removeEmptyPrefixes, removeObject } from "./object_store.ts";

/** A result, or the checkpoints of an unfinished one. */
export interface Item {
  /** Undefined where no record of a run names it. */
  readonly node?: string;
  readonly key: string;
  /** When it was made or last written. */
  readonly time: string;
  /** What it took to make, of a result. */
  readonly seconds?: number;
  readonly bytes: number;
}

/** What goes, and what stays of it. */
export interface Collection {
  /** Oldest first. */
  readonly results: readonly Item[];
  /** Their SHA-256. */
  readonly objects: readonly string[];
  readonly checkpoints: readonly Item[];
  /** Paths of files that were cut off or damaged. */
  readonly leftovers: readonly string[];
  /** What is freed; a file of several names counts once, when its last name goes. */
  readonly bytes: {
    readonly objects: number;
    readonly checkpoints: number;
    readonly leftovers: number;
  };
  readonly kept: {
    readonly results: number;
    readonly objects: number;
    /** Of the objects. */
    readonly bytes: number;
    readonly checkpoints: readonly Item[];
  };
}

export function isEmpty(collection: Collection): boolean {
  return removals(collection).length === 0;
}

/** Whether all that a collection removes is removed by another as well. */
export function isWithin(collection: Collection, other: Collection): boolean {
  const names = new Set(removals(other).map(({ name }) => name));
  return removals(collection).every(({ name }) => names.has(name));
}

/** Removes what was planned, under the folder's lock; what a kill leaves over is found by the next plan. */
export function collect(
  folder: string,
  collection: Collection,
  tell: (progress: Progress) => void,
): void {
  const steps = removals(collection);
  try {
    for (const [done, { remove }] of steps.entries()) {
      remove(folder);
      tell({ done: done + 1, total: steps.length, unit: "removals" });
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
  /** Unlike that of any other. */
  readonly name: string;
  remove(folder: string): void;
}

/** What names comes before what is named: a kill between any two leaves no result without its objects. */
function removals(
  { results, objects, checkpoints, leftovers }: Collection,
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
