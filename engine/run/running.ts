/** How far running nodes are, for other processes: a file beside the log of each, which is removed when it ends. */
import { z } from "zod";
import {
  removeIfThere,
  writeAtomically,
  writeIfPossible,
} from "../files/atomic.ts";
import { ProgressShape } from "../executors/messages.ts";
import { readStateJson } from "../files/state_file.ts";
import { isInUse } from "../store/checkpoints.ts";
import { lastLogged, logPath } from "../store/run_log.ts";
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

/** Writes the progress of a node from time to time; `log` is the path of its log. */
export function openRunningFile(log: string): RunningFile {
  const path = pathOf(log);
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

/** Undefined unless the process of a node's stage is alive. */
export function readRunning(
  folder: string,
  node: string,
  key: string,
): Running | undefined {
  if (!isInUse(folder, key)) return undefined;
  const run = lastLogged(folder, node);
  const { data } = Written.safeParse(
    run === undefined
      ? undefined
      : readStateJson(pathOf(logPath(folder, run, node))),
  );
  if (data === undefined) return {};
  const { at, first, progress } = data;
  const advanced = progress.done - first.done;
  if (advanced <= 0) return { progress };
  const each = (at - first.at) / advanced;
  const left = (progress.total - progress.done) * each - (Date.now() - at);
  return { progress, left: Math.max(0, left) / 1000 };
}

function pathOf(log: string): string {
  return log.replace(/\.log$/, ".progress.json");
}
