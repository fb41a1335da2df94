/** How far a transfer is, in bytes and objects, as progress is told. */
import type { Progress } from "../../engine/graph/stage.ts";

const MEGABYTE = 1e6;

export interface Tally {
  /** Bytes that have moved; fewer than none where some have to move again. */
  add(bytes: number): void;
  /** An object has arrived. */
  finish(): void;
}

export function tally(
  { objects, bytes: total }: {
    readonly objects: number;
    readonly bytes: number;
  },
  tell: (progress: Progress) => void,
): Tally {
  let [bytes, finished] = [0, 0];
  const told = () =>
    tell({
      done: Math.round(bytes / MEGABYTE),
      total: Math.ceil(total / MEGABYTE),
      unit: "MB",
      note: `${finished} of ${objects} objects`,
    });
  return {
    add: (more) => {
      bytes += more;
      told();
    },
    finish: () => {
      finished++;
      told();
    },
  };
}
