/** How far running nodes are, for other processes: a file in the folder of each, which is removed when it ends. */
import { join } from "@std/path";
import { z } from "zod";
import {
  removeIfThere,
  writeAtomically,
  writeIfPossible,
} from "../files/atomic.ts";
import { ProgressShape } from "../executors/messages.ts";
import { readStateJson } from "../files/state_file.ts";
import { isInUse } from "../store/checkpoints.ts";
import type { Progress } from "../graph/stage.ts";

/** A running node, as another process sees it. */
export interface Running {
  readonly progress?: Progress;
  /** Seconds until it ends, at its speed so far. */
  readonly left?: number;
}

export interface RunningFile extends Disposable {
  update(progress: Progress): void;
}

const MILLISECONDS = 1000;

const quantity = z.number();
const Written = z.object({
  /** When this was written, and the first report of this process: in milliseconds, and how much was done then. */
  at: quantity,
  first: z.object({ at: quantity, done: quantity }),
  progress: ProgressShape,
});
type Written = z.infer<typeof Written>;

/** Writes the progress of the node of a key from time to time. */
export function openRunningFile(folder: string, key: string): RunningFile {
  const path = pathOf(folder, key);
  let first: Written["first"] | undefined;
  let last = -Infinity;
  return {
    update: (progress) => {
      const at = Date.now();
      first ??= { at, done: progress.done };
      if (at - last < MILLISECONDS) return;
      last = at;
      const written: Written = { at, first, progress };
      writeIfPossible(() => writeAtomically(path, JSON.stringify(written)));
    },
    [Symbol.dispose]: () => removeIfThere(path),
  };
}

/** Undefined unless a run makes the key. */
export function readRunning(folder: string, key: string): Running | undefined {
  if (!isInUse(folder, key)) return undefined;
  const { data } = Written.safeParse(readStateJson(pathOf(folder, key)));
  if (data === undefined) return {};
  const { at, first, progress } = data;
  const advanced = progress.done - first.done;
  if (advanced <= 0) return { progress };
  const each = (at - first.at) / advanced;
  const left = (progress.total - progress.done) * each - (Date.now() - at);
  return { progress, left: Math.max(0, left) / 1000 };
}

function pathOf(folder: string, key: string): string {
  return join(folder, "work", key, "progress.json");
}
