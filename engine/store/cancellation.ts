/** Requests to stop a run or one of its nodes: files in the run's folder, which its process looks for wherever it is. */
import { join } from "@std/path";
import { lstatIfThere } from "../../base/stat.ts";
import { removeIfThere } from "../files/atomic.ts";
import { writeState } from "../files/state_file.ts";
import { nodeFile } from "./run_log.ts";

const POLL_MILLISECONDS = 500;

/** Asks the process of a run to stop a node, or all nodes, with a checkpoint where the stage saves one. */
export function requestCancel(
  folder: string,
  run: string,
  node?: string,
): void {
  writeState(folder, requestName(run, node), "", { locked: false });
}

/** Calls `stop` once a run, or a node of it, is to stop; until it is disposed. */
export function onCancelRequest(
  folder: string,
  run: string,
  node: string | undefined,
  stop: () => void,
): Disposable {
  const path = join(folder, requestName(run, node));
  const timer = setInterval(() => {
    if (lstatIfThere(path) !== undefined) stop();
  }, POLL_MILLISECONDS);
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      removeIfThere(path);
    },
  };
}

function requestName(run: string, node: string | undefined): string {
  return node === undefined
    ? `runs/${run}/cancel`
    : `runs/${run}/${nodeFile(node)}.cancel`;
}
