/** The command `log`: the recorded runs, or what a node logged when it last ran. */
import { format as formatBytes } from "@std/fmt/bytes";
import { inputError, isInputError } from "../../../base/input_error.ts";
import { duration } from "../../../base/durations.ts";
import { failure } from "../../../engine/files/failure.ts";
import { preview, status } from "../../../engine/run/preview.ts";
import { countStates } from "../../../engine/run/node_record.ts";
import { isInUse } from "../../../engine/store/checkpoints.ts";
import {
  lastKey,
  lastLogged,
  type LogOwner,
  readLog,
} from "../../../engine/store/node_log.ts";
import {
  inProgressOf,
  isOf,
  logPath,
  readRuns,
  type RecordedRun,
  runsInProgress,
} from "../../../engine/store/run_log.ts";
import type { Json } from "../../../schemas/manifest.ts";
import { command, type Context } from "../../command.ts";
import { table } from "../../console/table.ts";
import { EXIT } from "../../exit.ts";
import {
  artifactFolder,
  checkNode,
  currentIn,
  nameOf,
  type OpenExperiment,
  openExperiment,
  printExperiment,
} from "../../experiment.ts";
import {
  argument,
  experimentIfGiven,
  flag,
  onExperiment,
} from "../../options.ts";

export default command({
  name: "log",
  group: "look",
  summary: "the recorded runs, or a node's log of its last run",
  needsPipeline: false,
  arguments: { node: argument("[node]") },
  options: {
    ...onExperiment,
    experiment: experimentIfGiven,
    follow: flag("goes on while the node runs"),
  },
  examples: [
    ["", "all runs: when, how long, how they ended"],
    ["teacher", "what the teacher said while it was trained"],
    ["teacher --follow", "what it says while it is trained"],
  ],
  run: async ({ console, load }, { node, json, follow, ...values }) => {
    if (node === undefined) {
      const unused = follow ? "--follow" : values.set.length > 0 && "--set";
      if (unused) {
        throw inputError(
          `Cannot use ${unused} without a node; name the one whose log is asked for.`,
        );
      }
      const folder = artifactFolder(values.artifacts);
      const only = values.experiment && nameOf(values.experiment);
      printRuns(console, folder, json, only);
      return EXIT.done;
    }
    if (follow && json) {
      throw inputError(
        "Cannot use --json with --follow: one object has a whole log; leave one of them out.",
      );
    }
    const experiment = openExperiment(await load(), {
      ...values,
      experiment: values.experiment ?? currentIn(values.artifacts),
    });
    const artifacts = artifactFolder(values.artifacts);
    checkNode(experiment.graph, node);
    printExperiment(console, experiment);
    const isAsked = values.set.length > 0;
    const ask = () => stateOf(experiment, artifacts, node, isAsked);
    const owner = await ownerOf(experiment, artifacts, node, isAsked);
    const run = lastLogged(artifacts, node, owner);
    if (run === undefined && !(follow && (await ask()).isUnderWay)) {
      throw failure(
        `Cannot show the log of "${node}": it never ran here in experiment "${experiment.name}".`,
      );
    }
    const log = run === undefined ? "" : readLog(artifacts, node, run) ?? "";
    console.out(json ? JSON.stringify({ node, run, log }) + "\n" : log);
    if (follow) await followLog(console, artifacts, node, { run, log, ask });
    return EXIT.done;
  },
});

/**
 * The node as its experiment last ran it, also with other values than its file has, unless values are asked for. Without the
 * key where it cannot be computed, such as for want of a data file: what was logged is there all the same.
 */
async function ownerOf(
  { graph, name }: Pick<OpenExperiment, "graph" | "name">,
  artifacts: string,
  node: string,
  isAsked: boolean,
): Promise<LogOwner> {
  const ran = isAsked ? undefined : lastKey(artifacts, node, name);
  if (ran !== undefined) return { experiment: name, key: ran };
  try {
    const reports = await preview(graph, {
      ...{ artifacts, force: false, paranoid: false },
      selection: { nodes: [node] },
    });
    const key = reports.find((report) => report.name === node)?.key;
    return { experiment: name, key };
  } catch (error) {
    if (!isInputError(error)) throw error;
    return { experiment: name };
  }
}

interface FollowedState {
  readonly owner: LogOwner;
  readonly isQueued: boolean;
  /** Whether a run makes the node, will come to it, or its job waits. */
  readonly isUnderWay: boolean;
}

async function stateOf(
  { graph, name }: Pick<OpenExperiment, "graph" | "name">,
  artifacts: string,
  node: string,
  isAsked: boolean,
): Promise<FollowedState> {
  const isToCome = inProgressOf(artifacts, name)
    .some(({ stale, states }) => stale.has(node) && !states.has(node));
  const ran = isAsked ? undefined : lastKey(artifacts, node, name);
  if (isToCome && !isAsked) {
    const owner = { experiment: name, key: ran };
    return { owner, isQueued: false, isUnderWay: true };
  }
  const [{ key, state }] = await status(graph, {
    artifacts,
    selection: { only: [node] },
    paranoid: false,
  });
  const isQueued = state === "queued";
  const isRunning = state === "running";
  return {
    owner: { experiment: name, key: isRunning ? key : ran ?? key },
    isQueued,
    isUnderWay: isRunning || isQueued || isToCome && state === "stale",
  };
}

const POLL_MILLISECONDS = 200;
const STATE_MILLISECONDS = 1000;
/** Asks the queue. */
const QUEUE_MILLISECONDS = 5000;

/** Prints what is added to a node's log after what was printed of it, until nothing is to make the node any more. */
async function followLog(
  console: Context["console"],
  folder: string,
  node: string,
  { run, log, ask }: {
    readonly run: string | undefined;
    readonly log: string;
    ask(): Promise<FollowedState>;
  },
): Promise<void> {
  const delay = (milliseconds: number) =>
    new Promise((go) => setTimeout(go, milliseconds));
  let current = run;
  let position =
    new TextEncoder().encode(log.split(`Run ${run}:\n`).at(-1)).length;
  const printRest = async (owner: LogOwner) => {
    const last = lastLogged(folder, node, owner);
    if (last !== undefined && last !== current) {
      if (current !== undefined) console.out(`Run ${last}:\n`);
      [current, position] = [last, 0];
    }
    if (current === undefined) return;
    const path = logPath(folder, current, node);
    position += await printFrom(console, path, position);
  };
  for (;;) {
    // Before the rest is read: it may end in between.
    const { owner, isQueued, isUnderWay } = await ask();
    const { key } = owner;
    for (let isMade = true; isMade;) {
      isMade = key !== undefined && isInUse(folder, key);
      await printRest(owner);
      if (isMade) await delay(POLL_MILLISECONDS);
    }
    if (!isUnderWay) return;
    await delay(isQueued ? QUEUE_MILLISECONDS : STATE_MILLISECONDS);
  }
}

/** Prints a file from a position on, and returns how many bytes that were. */
async function printFrom(
  console: Context["console"],
  path: string,
  position: number,
): Promise<number> {
  using file = await Deno.open(path);
  await file.seek(position, Deno.SeekMode.Start);
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(1 << 16);
  let bytes = 0;
  for (
    let read = await file.read(chunk);
    read;
    read = await file.read(chunk)
  ) {
    bytes += read;
    console.out(decoder.decode(chunk.subarray(0, read), { stream: true }));
  }
  return bytes;
}

function printRuns(
  console: Context["console"],
  folder: string,
  json: boolean,
  experiment: string | undefined,
): void {
  // Before the runs are read: one that ends in between has its outcome in its record.
  const current = runsInProgress(folder);
  const runs = readRuns(folder)
    .filter((run) => experiment === undefined || isOf(experiment, run));
  console.out(
    (json
      ? JSON.stringify(runsJson(runs, current))
      : runs.length === 0
      ? `No run${
        experiment === undefined ? "" : ` of experiment "${experiment}"`
      } is recorded in "${folder}".`
      : runsTable(runs, current, console.size("out")?.columns)) + "\n",
  );
}

/** One row a run; `current` are those that are still running. */
function runsTable(
  runs: readonly RecordedRun[],
  current: readonly string[],
  width: number | undefined,
): string {
  const rows = [
    ["run", "began", "experiment", "took", "outcome", "nodes", "peak memory"],
    ...runs.map((run) => [
      // The name ends with the time, which is in the next column.
      run.run.replace(/^(\d{6,})-.*/, "$1"),
      run.time?.replace(/\.\d+Z$/, "Z") ?? "",
      run.experiment ?? "",
      run.seconds === undefined ? "" : duration(run.seconds),
      outcomeOf(run, current),
      countStates([...run.states.values()].map((state) => ({ state }))),
      run.peakMemoryBytes === undefined ? "" : formatBytes(run.peakMemoryBytes),
    ]),
  ];
  return table(rows, undefined, width);
}

/** The shape of `log --json`. */
function runsJson(
  runs: readonly RecordedRun[],
  current: readonly string[],
): Json {
  return {
    runs: runs.map((run) => ({
      run: run.run,
      time: run.time ?? null,
      experiment: run.experiment ?? null,
      seconds: run.seconds ?? null,
      outcome: outcomeOf(run, current),
      nodes: countsOf(run),
      peakMemoryBytes: run.peakMemoryBytes ?? null,
      machine: run.machine ?? null,
    })),
  };
}

/** Cached and skipped nodes are known from the end of a run's record only. */
function countsOf({ states, outcome }: RecordedRun): Json {
  const count = (state: string) =>
    [...states.values()].filter((it) => it === state).length;
  const known = (state: string) => outcome === undefined ? null : count(state);
  return {
    ran: count("ran"),
    cached: known("cached"),
    failed: count("failed"),
    skipped: known("skipped"),
  };
}

function outcomeOf(run: RecordedRun, current: readonly string[]): string {
  return run.outcome ?? (current.includes(run.run) ? "running" : "cut off");
}
