/** The command `run`, which is the default one: brings nodes and what they need up to date. */
import { duration } from "../../../base/durations.ts";
import {
  EXECUTOR_NAMES,
  EXECUTORS,
  isQueue,
  QUEUE_NAMES,
} from "../../../engine/executors/executors.ts";
import { statSources } from "../../../engine/keys/no_op_record.ts";
import { ROOT } from "../../../engine/keys/project.ts";
import { select } from "../../../engine/graph/selection.ts";
import {
  countStates,
  type NodeReport,
} from "../../../engine/run/node_record.ts";
import { preview } from "../../../engine/run/preview.ts";
import { outlook } from "../../../engine/run/outlook.ts";
import { run, type RunReport } from "../../../engine/run/runner.ts";
import { currentPath } from "../../../engine/store/current.ts";
import { checkArtifactFolder } from "../../../engine/store/artifact_folder.ts";
import { command, type PipelineContext, type ValuesOf } from "../../command.ts";
import {
  noticesOf,
  noticeText,
  printPreview,
  summaries,
  toJson,
} from "../../console/node_reports.ts";
import { nextText } from "../../console/next_steps.ts";
import type { ProgressWatcher } from "../../console/progress.ts";
import { showProgress } from "../../console/show_progress.ts";
import { coresInUse, sharedCoresText } from "../../console/shared_cores.ts";
import { stacked } from "../../console/table.ts";
import { type Paint, toneOf } from "../../console/style.ts";
import { EXIT, printError } from "../../exit.ts";
import {
  artifactFolder,
  FIRST_EXPERIMENT,
  type OpenExperiment,
  openExperiment,
} from "../../experiment.ts";
import { onSlurm, submitRun } from "../../jobs/submission.ts";
import {
  choice,
  flag,
  jobs,
  list,
  nodes,
  onExperiment,
  progress,
  selecting,
  signedBy,
  unsigned,
} from "../../options.ts";
import { remoteCacheOf } from "../../sharing/remote_cache.ts";

const declared = {
  ...onExperiment,
  ...selecting,
  force: flag("reruns the selected nodes though they are up to date"),
  dryRun: flag("prints what would run and why, runs nothing"),
  jobs,
  shareCores: flag("stages may share cores, trainings too"),
  executor: choice(
    "<name>",
    "where stages run",
    [...EXECUTOR_NAMES, ...QUEUE_NAMES],
    { default: "local" },
  ),
  sandbox: flag("runs stages in bubblewrap, which holds native code too"),
  ...onSlurm,
  quiet: flag("prints errors and the summary only"),
  progress,
  remote: list(
    "<remote>",
    "takes results from there in place of making them; may be repeated",
  ),
  signedBy,
  unsigned,
};

type Values = ValuesOf<typeof declared> & { readonly nodes: string[] };

export default command({
  name: "run",
  group: "run",
  summary: "brings nodes and what they need up to date",
  needsPipeline: true,
  arguments: { nodes },
  options: declared,
  examples: [
    ["", "brings all nodes of the current experiment up to date"],
    ["--experiment tiny", "a first look, in about a minute"],
    ["student:rkd --dry-run", "what one student would take, and why"],
    ["--set students.rkd.alpha=0.5", "with another value"],
    ["--only 'evaluate:*' --force", "measures all students again"],
    ["--executor slurm --slurm-partition gpu", "submits a job a node"],
  ],
  run: async (context, values) => {
    const { pipeline, commandNames } = context;
    const { executor: name } = values;
    // Ctrl-C ends a submission at once: the next one submits the rest.
    const signal = isQueue(name)
      ? new AbortController().signal
      : context.interruption();
    const remoteCache = await remoteCacheOf(pipeline, values, signal);
    const experiment = openExperiment(pipeline, values);
    const artifacts = artifactFolder(values.artifacts);
    const { scope } = select(experiment.graph, values, commandNames);
    const about = { context, values, experiment, artifacts };
    if (values.dryRun) return await dryRun(about);
    checkArtifactFolder(artifacts);
    if (isQueue(name)) {
      const { console } = context;
      return await submitRun(console, name, experiment, values, remoteCache);
    }
    const executor = EXECUTORS[values.sandbox ? "sandbox" : name];
    await executor.check();
    const level = values.quiet ? "quiet" : values.progress ? "full" : "lines";
    const watch = { level, nodes: scope.size, signal } as const;
    const watcher = showProgress(context.console, values, watch);
    const began = performance.now();
    try {
      const report = await run(experiment.graph, {
        ...{ artifacts, executor, remoteCache, watcher, signal },
        force: values.force,
        paranoid: values.paranoid,
        jobs: values.jobs,
        shareCores: values.shareCores,
        experiment: {
          name: experiment.name,
          path: experiment.path,
          value: experiment.value,
          set: experiment.set,
        },
        selection: values,
        announce: (reports) => announce(about, watcher, reports),
      });
      watcher.close();
      const seconds = (performance.now() - began) / 1000;
      return await printOutcome(about, report, seconds);
    } finally {
      watcher.close();
    }
  },
});

/** What a run is about. */
interface About {
  readonly context: PipelineContext;
  readonly values: Values;
  readonly experiment: OpenExperiment;
  readonly artifacts: string;
}

async function dryRun(
  { context, values, experiment: { graph, name }, artifacts }: About,
): Promise<number> {
  const { console, pipeline } = context;
  const { force, paranoid, json } = values;
  const reports = await preview(graph, {
    ...{ artifacts, force, paranoid },
    selection: values,
  });
  const isStale = reports.some(({ state }) => state === "stale");
  return printPreview(console, reports, {
    experiment: name,
    json,
    notices: json ? [] : await noticesOf(pipeline, graph, reports),
    estimate: isStale
      ? await pipeline.estimate?.(outlook(graph, artifacts, reports))
      : undefined,
  });
}

/** Prints what the run will download and how long it will take, before it starts. */
async function announce(
  { context, values, experiment: { graph }, artifacts }: About,
  watcher: ProgressWatcher,
  reports: readonly NodeReport[],
): Promise<void> {
  const { console, pipeline } = context;
  const { json, quiet, progress } = values;
  const isRedrawn = !quiet && progress &&
    console.size(json ? "err" : "out") !== undefined;
  const notices = json || quiet
    ? []
    : await noticesOf(pipeline, graph, reports);
  // The estimate may have to time the machine, which is not worth it if nobody sees it.
  const estimate = notices.length > 0 || isRedrawn
    ? await pipeline.estimate?.(outlook(graph, artifacts, reports))
    : undefined;
  if (notices.length > 0) {
    watcher.notice(noticeText(console, notices, estimate));
  }
  const isSeen = !quiet && console.size(json ? "err" : "out") !== undefined;
  if (isSeen && reports.some(({ state }) => state === "stale")) {
    const inUse = await coresInUse();
    const text = inUse && sharedCoresText(inUse);
    if (text !== undefined) watcher.notice(text);
  }
  if (estimate?.unknown.length === 0) {
    watcher.expect(new Map(Object.entries(estimate.nodes)));
  }
}

/** Prints how the run ended, keeps the output if there was nothing to do, and returns the exit code. */
async function printOutcome(
  about: About,
  { nodes, interrupted, noOpRecord }: RunReport,
  seconds: number,
): Promise<number> {
  const { context, values, experiment, artifacts } = about;
  const { console, args } = context;
  const { json, quiet } = values;
  const text = json ? JSON.stringify(toJson(nodes)) + "\n" : outcomeText(
    about,
    nodes,
    quiet ? undefined : seconds,
  );
  // What is kept is as wide as it is: the terminal of the next run may be another.
  console.out(json ? text : stacked(text, console.size("out")?.columns));
  if (noOpRecord !== undefined) {
    noOpRecord.stat(experiment.path);
    noOpRecord.stat(currentPath(artifacts));
    statSources(noOpRecord, ROOT, artifacts);
    await noOpRecord.remember(artifacts, { args, text });
  }
  if (interrupted) {
    console.err("Interrupted; checkpoints are kept, run again to go on.\n");
  }
  const ended = printFailures(console, nodes);
  const code = interrupted ? EXIT.interrupted : ended;
  if (!json && !quiet) printNextSteps(context, values, { nodes, interrupted });
  return code;
}

/** The pipeline's summary and the closing line; of a quiet run, the summary only. */
function outcomeText(
  { context: { pipeline, console }, experiment }: About,
  nodes: readonly NodeReport[],
  seconds: number | undefined,
): string {
  const summary = pipeline.summary?.(summaries(nodes)) ?? "";
  return (summary === "" ? "" : summary.replace(/(?<!\n)\n*$/, "\n")) +
    (seconds === undefined
      ? ""
      : closingLine(nodes, seconds, experiment.name, console.paint("out")));
}

function closingLine(
  nodes: readonly NodeReport[],
  seconds: number,
  experiment: string,
  paint: Paint,
): string {
  // Without colours: the no-op cache replays it wherever the next run writes to.
  return nodes.every(({ state }) => state === "cached")
    ? `Nothing to do: ${nodes.length} cached, experiment "${experiment}".\n`
    : `${countStates(nodes, (state, text) => paint(toneOf(state), text))}, in ${
      duration(seconds)
    }, experiment "${experiment}".\n`;
}

function printFailures(
  console: PipelineContext["console"],
  nodes: readonly NodeReport[],
): number {
  const errors = nodes.flatMap(({ error }) => error === undefined ? [] : error);
  for (const { message } of errors) printError(console, message);
  if (nodes.every(({ state }) => state === "ran" || state === "cached")) {
    return EXIT.done;
  }
  return errors.some(({ input }) => input) ? EXIT.input : EXIT.failed;
}

/** On a terminal only: whoever reads a log or a pipe has not asked for advice. */
function printNextSteps(
  { console, pipeline, args }: PipelineContext,
  { experiment, set, artifacts }: Values,
  { nodes, interrupted }: Pick<RunReport, "nodes" | "interrupted">,
): void {
  const terminal = console.size("err");
  if (terminal === undefined) return;
  const given = {
    experiment: experiment === FIRST_EXPERIMENT
      ? []
      : ["--experiment", experiment],
    set: set.flatMap((setting) => ["--set", setting]),
    artifacts: artifacts === undefined ? [] : ["--artifacts", artifacts],
  };
  const ended = {
    ...{ pipeline, nodes, interrupted, args, given },
    summaries: summaries(nodes),
  };
  console.err(nextText(ended, console, terminal.columns));
}
