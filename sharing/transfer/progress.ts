/** The progress of a transfer in megabytes and objects. */
import type { Progress } from "../../engine/graph/stage.ts";

const MEGABYTE = 1e6;

export interface TransferProgress {
  /** Counts bytes; negative if some have to be transferred again. */
  add(bytes: number): void;
  /** Counts an object that is complete. */
  finish(): void;
}

export function transferProgress(
  { objects, bytes: total }: {
    readonly objects: number;
    readonly bytes: number;
  },
  listener: (progress: Progress) => void,
): TransferProgress {
  let [bytes, finished] = [0, 0];
  const report = () =>
    listener({
      done: Math.ceil(bytes / MEGABYTE),
      total: Math.ceil(total / MEGABYTE),
      unit: "MB",
      note: `${finished} of ${objects} objects`,
    });
  return {
    add: (more) => {
      bytes += more;
      report();
    },
    finish: () => {
      finished++;
      report();
    },
  };
}
