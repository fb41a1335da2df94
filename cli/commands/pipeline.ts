/** The commands on a pipeline, after their arguments were parsed; each returns its exit code. */
import { join } from "@std/path";
import { inputError, suggestion } from "../../base/input_error.ts";
import { checkFolder } from "../../base/input_file.ts";
import { checkArtifactFolder } from "../../engine/store/artifact_folder.ts";
import { checkBubblewrap } from "../../engine/executors/sandbox.ts";
import {
  type Estimate,
  estimateText,
  outlook,
} from "../../engine/graph/estimate.ts";
import { readExperiment } from "../../engine/graph/experiment.ts";
import { failure } from "../../engine/files/failure.ts";
import type { Graph, Pipeline } from "../../engine/graph/graph.ts";
import { readLog, readRuns } from "../../engine/store/run_log.ts";
import { isLocked } from "../../engine/store/lock.ts";
import { lookAtSources } from "../../engine/keys/no_op_record.ts";
import { nextText } from "../console/next_steps.ts";
import {
  type ProgressWatcher,
  watchOn,
  type WatchOptions,
} from "../console/progress.ts";
import { runInProcess, runInSandbox } from "../../engine/executors/local.ts";
import { sentence } from "../console/terminal_text.ts";
import { ROOT } from "../../engine/keys/project.ts";
import {
  countStates,
  type NodeReport,
  toJson,
} from "../../engine/run/node_record.ts";
import {
  explainNode,
  explanationText,
  type GraphFormat,
  graphText,
  runsJson,
  runsTable,
  statusTable,
  summaries,
} from "../console/listings.ts";
import { type Borrow, preview, run } from "../../engine/run/runner.ts";
import { type Size, wrapped } from "../console/screen.ts";
import { select, type Selection } from "../../engine/graph/selection.ts";
import { type Paint, paintError, toneOf } from "../console/style.ts";
import { duration } from "../../base/durations.ts";
import { openWorkspace } from "../../engine/store/workspace.ts";

/** Exit codes that scripts rely on. */
export const EXIT = {
  done: 0,
  failed: 1,
  input: 2,
  stale: 10,
  interrupted: 130,
} as const;

/** The experiment that commands are about where none is named. */
export const DEFAULT_EXPERIMENT = "quick";

/** Where text goes, and what a terminal is. */
export interface Console {
  out(text: string): void;
  err(text: string): void;
  /** Writes what steers the terminal behind `out` or `err`. */
  draw(stream: "out" | "err", frame: string): void;
  /** Of the terminal behind `out` or `err`, undefined where lines cannot be redrawn there. */
  size(stream: "out" | "err"): Size | undefined;
  /** Tells when that may have changed, until the function that it gives is called. */
  onResize(listener: () => void): () => void;
  /** Colours for `out` or `err`, where they are wanted. */
  paint(stream: "out" | "err"): Paint;
  now(): number;
  /** What the user answers, null where there is no terminal to ask on. */
  ask(question: string): string | null;
}

export interface Command {
  readonly pipeline: Pipeline;
  readonly console: Console;
  /** As they were given. */
  readonly args: readonly string[];
  /** Words that are no nodes but may have been meant: the commands. */
  readonly words: readonly string[];
}

export interface CommonOptions {
  readonly experiment: string;
  readonly set: readonly string[];
  readonly artifacts?: string;
  readonly json: boolean;
}

export interface SelectingOptions extends CommonOptions, Selection {
  /** Whether objects are rehashed before they are used. */
  readonly paranoid: boolean;
}

export interface RunCommandOptions extends SelectingOptions {
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly jobs: number;
  readonly shareCores: boolean;
  readonly sandbox: boolean;
  readonly quiet: boolean;
  readonly progress: boolean;
  readonly borrow?: Borrow;
  readonly signal?: AbortSignal;
}

export async function runCommand(
  command: Command,
  options: RunCommandOptions,
): Promise<number> {
  const { console, pipeline } = command;
  const { graph, artifacts, experiment } = open(command, options);
  const { scope } = select(graph, options, command.words);
  const isSilent = options.json || options.quiet;
  if (options.dryRun) {
    const reports = await preview(graph, {
      artifacts,
      selection: options,
      force: options.force,
      paranoid: options.paranoid,
      runnable: true,
    });
    const isStale = reports.some(({ state }) => state === "stale");
    return tellPreview(command, options, reports, {
      notices: options.json ? [] : await noticesOf(pipeline, graph, reports),
      estimate: isStale
        ? await pipeline.estimate?.(outlook(graph, artifacts, reports))
        : undefined,
    });
  }
  checkArtifactFolder(artifacts);
  if (options.sandbox) await checkBubblewrap();
  const level = options.quiet ? "quiet" : options.progress ? "full" : "lines";
  const { signal } = options;
  const isLive = level === "full" &&
    console.size(options.json ? "err" : "out") !== undefined;
  const watcher = watcherOf(console, options, {
    level,
    nodes: scope.size,
    signal,
  });
  const began = performance.now();
  try {
    const { nodes, interrupted, looks } = await run(graph, {
      artifacts,
      artifactsGiven: options.artifacts !== undefined,
      experiment: { name: experiment.name, value: experiment.value },
      selection: options,
      force: options.force,
      paranoid: options.paranoid,
      jobs: options.jobs,
      shareCores: options.shareCores,
      executor: options.sandbox ? runInSandbox : runInProcess,
      borrow: options.borrow,
      announce: async (reports) => {
        const notices = isSilent
          ? []
          : await noticesOf(pipeline, graph, reports);
        // A machine that was never timed is timed for it, which is for nothing where nobody looks.
        const estimate = notices.length > 0 || isLive
          ? await pipeline.estimate?.(outlook(graph, artifacts, reports))
          : undefined;
        if (notices.length > 0) {
          watcher.notice(noticeText(console, notices, estimate));
        }
        if (estimate?.unknown.length === 0) {
          watcher.expect(new Map(Object.entries(estimate.nodes)));
        }
      },
      watcher,
      signal,
    });
    watcher.close();
    const seconds = (performance.now() - began) / 1000;
    const text = options.json
      ? JSON.stringify(toJson(nodes)) + "\n"
      : outcomeText(
        pipeline,
        nodes,
        options.quiet ? undefined : seconds,
        console.paint("out"),
      );
    console.out(text);
    if (looks !== undefined) {
      looks.stat(experiment.path);
      lookAtSources(looks, ROOT, artifacts);
      await looks.remember(artifacts, { args: command.args, text });
    }
    if (interrupted) {
      console.err("Interrupted; checkpoints are kept, run again to go on.\n");
    }
    const code = interrupted ? EXIT.interrupted : tellFailures(console, nodes);
    // Whoever reads a log or a pipe has not asked for advice.
    const terminal = console.size("err");
    if (!isSilent && terminal !== undefined) {
      const ended = {
        pipeline,
        nodes,
        summaries: summaries(nodes),
        interrupted,
        args: command.args,
        told: {
          experiment: options.experiment === DEFAULT_EXPERIMENT
            ? []
            : ["--experiment", options.experiment],
          artifacts: options.artifacts === undefined
            ? []
            : ["--artifacts", options.artifacts],
        },
      };
      console.err(nextText(ended, console.paint("err"), terminal.columns));
    }
    return code;
  } finally {
    watcher.close();
  }
}

/** What is brought from elsewhere for the nodes that are to be made, each sentence once. */
async function noticesOf(
  pipeline: Pipeline,
  graph: Graph,
  reports: readonly NodeReport[],
): Promise<string[]> {
  const sentences = new Set<string>();
  for (const { name, state } of reports) {
    const node = graph.get(name);
    if (state !== "stale" || node === undefined) continue;
    const told = await pipeline.notice?.(node.stage.name, node.config) ?? [];
    told.forEach((sentence) => sentences.add(sentence));
  }
  return [...sentences];
}

/** A paragraph. */
function noticeText(
  console: Console,
  notices: readonly string[],
  estimate: Estimate | undefined,
): string {
  const text = [
    ...notices,
    ...estimate === undefined
      ? []
      : [`This run takes ${estimateText(estimate)}.`],
  ].join(" ");
  const columns = console.size("out")?.columns;
  return columns === undefined ? text : wrapped(text, columns - 1);
}

export async function statusCommand(
  command: Command,
  options: SelectingOptions,
): Promise<number> {
  const { graph, artifacts } = open(command, options);
  select(graph, options, command.words);
  const reports = await preview(graph, {
    artifacts,
    selection: options,
    force: false,
    paranoid: options.paranoid,
    runnable: false,
  });
  return tellPreview(command, options, reports);
}

export async function explainCommand(
  command: Command,
  name: string,
  options: CommonOptions,
): Promise<number> {
  const { graph, artifacts } = open(command, options);
  checkNode(graph, name);
  const workspace = openWorkspace(artifacts);
  const explanation = await explainNode(workspace, graph, name);
  command.console.out(
    (options.json
      ? JSON.stringify(explanation)
      : explanationText(explanation)) + "\n",
  );
  return EXIT.done;
}

export function graphCommand(
  command: Command,
  options: CommonOptions & { readonly format: GraphFormat },
): number {
  const { graph } = open(command, options);
  const format = options.json ? "json" : options.format;
  command.console.out(graphText(graph, format) + "\n");
  return EXIT.done;
}

/** A table of the recorded runs, or the log of the node that is named. */
export function logCommand(
  command: Command,
  name: string | undefined,
  options: CommonOptions,
): number {
  if (name === undefined) return tellRuns(command, options);
  const { graph, artifacts } = open(command, options);
  checkNode(graph, name);
  const log = readLog(artifacts, name);
  if (log === undefined) {
    throw failure(`Cannot show the log of "${name}": it never ran here.`);
  }
  command.console.out(log);
  return EXIT.done;
}

function tellRuns(
  { console }: Command,
  options: Pick<CommonOptions, "artifacts" | "json">,
): number {
  const folder = artifactFolder(options.artifacts);
  // Asked first: a run that ends meanwhile has its outcome in its record.
  const locked = isLocked(folder);
  const runs = readRuns(folder);
  const going = locked ? runs.at(-1) : undefined;
  console.out(
    (options.json
      ? JSON.stringify(runsJson(runs, going))
      : runs.length === 0
      ? `No run is recorded in "${folder}".`
      : runsTable(runs, going)) + "\n",
  );
  return EXIT.done;
}

/** The experiment and its graph; nothing is written before both are valid. */
function open(command: Command, options: CommonOptions) {
  const folder = join(ROOT, "experiments");
  const { name, path, value, what } = readExperiment(
    folder,
    options.experiment,
    options.set,
  );
  return {
    graph: command.pipeline.graph(value, what),
    artifacts: artifactFolder(options.artifacts),
    experiment: { name, path, value },
  };
}

/** Shows progress on a console: beside what a script reads, where it reads JSON. */
export function watcherOf(
  console: Console,
  { json }: Pick<CommonOptions, "json">,
  options: WatchOptions = { level: "full" },
): ProgressWatcher {
  const stream = json ? "err" : "out";
  const watcher = watchOn({
    write: (text) => console.draw(stream, text),
    size: () => console.size(stream),
    onResize: console.onResize,
    paint: console.paint(stream),
    now: () => performance.now(),
  }, options);
  // Also where the process is told to end at once: a terminal without its cursor is not one to leave behind.
  globalThis.addEventListener("unload", watcher.close, { once: true });
  return watcher;
}

export function artifactFolder(given: string | undefined): string {
  if (given === undefined) return join(ROOT, "artifacts");
  const refuse = (reason: string) =>
    inputError(
      `Cannot use "${given}" for artifacts: ${reason}; name another folder.`,
    );
  checkFolder(given, refuse);
  return given;
}

function checkNode(graph: Graph, name: string): void {
  if (graph.has(name)) return;
  const names = [...graph.keys()];
  const hint = suggestion(name, names).replace(/\?$/, "") ||
    `; the nodes are ${names.join(", ")}`;
  throw inputError(`Cannot find node "${name}"${hint}.`);
}

function tellPreview(
  { console }: Command,
  { json }: CommonOptions,
  reports: readonly NodeReport[],
  { notices = [], estimate }: {
    readonly notices?: readonly string[];
    readonly estimate?: Estimate;
  } = {},
): number {
  const paragraphs = [
    statusTable(reports, console.now(), console.paint("out")),
    ...notices.length === 0 ? [] : [noticeText(console, notices, undefined)],
    ...estimate === undefined ? [] : [estimateText(estimate)],
  ];
  console.out(
    (json
      ? JSON.stringify({ ...toJson(reports), estimate })
      : paragraphs.join("\n\n")) + "\n",
  );
  const isStale = reports.some(({ state }) => state === "stale");
  return isStale ? EXIT.stale : EXIT.done;
}

/** The pipeline's summary and the closing line, which a quiet run has not. */
function outcomeText(
  pipeline: Pipeline,
  nodes: readonly NodeReport[],
  seconds: number | undefined,
  paint: Paint,
): string {
  const summary = pipeline.summary?.(summaries(nodes)) ?? "";
  return (summary === "" ? "" : summary.replace(/(?<!\n)\n*$/, "\n")) +
    (seconds === undefined ? "" : closing(nodes, seconds, paint));
}

function closing(
  nodes: readonly NodeReport[],
  seconds: number,
  paint: Paint,
): string {
  // Without colours: it is told again as it is, wherever the next run with nothing to do writes to.
  return nodes.every(({ state }) => state === "cached")
    ? `Nothing to do: ${nodes.length} cached.\n`
    : `${countStates(nodes, (state, text) => paint(toneOf(state), text))}, in ${
      duration(seconds)
    }.\n`;
}

function tellFailures(
  console: Console,
  nodes: readonly NodeReport[],
): number {
  const errors = nodes.flatMap(({ error }) => error === undefined ? [] : error);
  for (const { message } of errors) {
    console.err(paintError(console.paint("err"), sentence(message)) + "\n");
  }
  if (nodes.every(({ state }) => state === "ran" || state === "cached")) {
    return EXIT.done;
  }
  return errors.some(({ input }) => input) ? EXIT.input : EXIT.failed;
}
