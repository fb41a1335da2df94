/** The logs of nodes, by run: which of them is a node's last, where several experiments have a node of its name. */
import { isReadable, readState } from "../files/state_file.ts";
import {
  isOf,
  logPath,
  piecesBefore,
  readRun,
  readRuns,
  runsWithLogs,
} from "./run_log.ts";

/** Whose log is meant: that of a node as it is now, by its key where that is known, or as its experiment had it before. */
export interface LogOwner {
  readonly experiment: string;
  readonly key?: string;
}

/**
 * The log of a node up to a run, by default the last one in which it ran, after those of the runs before it in which its
 * making was cut off; undefined if there is none.
 */
export function readLog(
  folder: string,
  node: string,
  run = lastLogged(folder, node),
): string | undefined {
  const text = (run: string) => readState(logPath(folder, run, node));
  const last = run === undefined ? undefined : text(run);
  if (run === undefined || last === undefined) return undefined;
  const runs = readRuns(folder);
  const nodes = runs.find((other) => other.run === run)?.nodes ?? [];
  const [key] = [...nodes].find(([, name]) => name === node) ?? [];
  const before = key === undefined ? [] : piecesBefore(runs, key, run);
  const pieces = [...before.map(({ run }) => run), run];
  if (pieces.length === 1) return last;
  return pieces.map((run) => `Run ${run}:\n${text(run) ?? ""}`).join("");
}

/**
 * The last run in which a node ran, of those that have its log; of an owner's, one that made its key before others of its
 * experiment.
 */
export function lastLogged(
  folder: string,
  node: string,
  owner?: LogOwner,
): string | undefined {
  let ofExperiment: string | undefined;
  for (const run of runsWithLogs(folder).reverse()) {
    if (!isReadable(logPath(folder, run, node))) continue;
    if (owner === undefined) return run;
    const recorded = readRun(folder, run);
    if (owner.key !== undefined && recorded.work.has(owner.key)) return run;
    if (isOf(owner.experiment, recorded)) ofExperiment ??= run;
    if (ofExperiment !== undefined && owner.key === undefined) break;
  }
  return ofExperiment;
}

/** The key that a node had in the last run of an experiment that made or used it; undefined if it is not recorded. */
export function lastKey(
  folder: string,
  node: string,
  experiment: string,
): string | undefined {
  return readRuns(folder).filter((run) => run.experiment === experiment)
    .flatMap(({ nodes }) => [...nodes])
    .findLast(([, name]) => name === node)?.[0];
}
