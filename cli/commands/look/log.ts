/** The command `log`: the recorded runs, or what a node logged when it last ran. */
import { format as formatBytes } from "@std/fmt/bytes";
import { inputError } from "../../../base/input_error.ts";
import { duration } from "../../../base/durations.ts";
import { failure } from "../../../engine/files/failure.ts";
import { countStates } from "../../../engine/run/node_record.ts";
import { isInUse } from "../../../engine/store/checkpoints.ts";
import { isLocked } from "../../../engine/store/lock.ts";
import {
  lastLogged,
  logPath,
  readLog,
  readRuns,
  type RecordedRun,
} from "../../../engine/store/run_log.ts";
import type { Json } from "../../../schemas/manifest.ts";
import { command, type Context } from "../../command.ts";
import { table } from "../../console/table.ts";
import { EXIT } from "../../exit.ts";
import {
  artifactFolder,
  checkNode,
  openExperiment,
  printExperiment,
} from "../../experiment.ts";
import { argument, flag, onExperiment } from "../../options.ts";

export default command({
  name: "log",
  group: "look",
  summary: "the recorded runs, or a node's log of its last run",
  needsPipeline: false,
  arguments: { node: argument("[node]") },
  options: {
    ...onExperiment,
    follow: flag("goes on while the node runs"),
  },
  examples: [
    ["", "all runs: when, how long, how they ended"],
    ["teacher", "what the teacher said while it was trained"],
    ["teacher --follow", "what it says while it is trained"],
  ],
  run: async ({ console, load }, { node, json, follow, ...values }) => {
    if (node === undefined && follow) {
      throw inputError(
        "Cannot follow the log of no node; name the one that runs.",
      );
    }
    if (node === undefined) {
      printRuns(console, artifactFolder(values.artifacts), json);
      return EXIT.done;
    }
    const experiment = openExperiment(await load(), values);
    const artifacts = artifactFolder(values.artifacts);
    checkNode(experiment.graph, node);
    printExperiment(console, experiment);
    const log = readLog(artifacts, node);
    if (log === undefined) {
      throw failure(`Cannot show the log of "${node}": it never ran here.`);
    }
    console.out(log);
    if (follow) await followLog(console, artifacts, node, log);
    return EXIT.done;
  },
});

const POLL_MILLISECONDS = 200;

/** Prints what is added to a node's log after what was `printed`, until the process of its stage has ended. */
async function followLog(
  console: Context["console"],
  folder: string,
  node: string,
  printed: string,
): Promise<void> {
  const run = lastLogged(folder, node) ?? "";
  const [key] = [...readRuns(folder).at(-1)?.nodes ?? []]
    .find(([, name]) => name === node) ?? [];
  using file = await Deno.open(logPath(folder, run, node));
  const own = printed.split(`Run ${run}:\n`).at(-1);
  const bytes = new TextEncoder().encode(own).length;
  await file.seek(bytes, Deno.SeekMode.Start);
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(1 << 16);
  for (let runs = key !== undefined; runs;) {
    // Before the rest is read: it may end in between.
    runs = key !== undefined && isInUse(folder, key);
    for (
      let read = await file.read(chunk);
      read;
      read = await file.read(chunk)
    ) {
      console.out(decoder.decode(chunk.subarray(0, read), { stream: true }));
    }
    if (runs) await new Promise((go) => setTimeout(go, POLL_MILLISECONDS));
  }
}

function printRuns(
  console: Context["console"],
  folder: string,
  json: boolean,
): void {
  // Before the runs are read: one that ends in between has its outcome in its record.
  const locked = isLocked(folder);
  const runs = readRuns(folder);
  const current = locked ? runs.at(-1) : undefined;
  console.out(
    (json
      ? JSON.stringify(runsJson(runs, current))
      : runs.length === 0
      ? `No run is recorded in "${folder}".`
      : runsTable(runs, current, console.size("out")?.columns)) + "\n",
  );
}

/** One row a run; `current` is the one that is still running. */
function runsTable(
  runs: readonly RecordedRun[],
  current: RecordedRun | undefined,
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
  current: RecordedRun | undefined,
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

function outcomeOf(run: RecordedRun, current: RecordedRun | undefined): string {
  return run.outcome ?? (run === current ? "running" : "cut off");
}
