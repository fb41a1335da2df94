/** Brings nodes up to date: plans, runs stale nodes, and writes the manifest. */
import { isInputError } from "../../base/input_error.ts";
import { writeIfPossible } from "../files/atomic.ts";
import { checkRequirements } from "../graph/declarations.ts";
import { explainFullDisk, isFailure } from "../files/failure.ts";
import type { Graph, Node } from "../graph/graph.ts";
import { holdRun, type RunLog, startRunLog } from "../store/run_log.ts";
import {
  type NextManifest,
  openNextManifest,
  type RunExperiment,
} from "./next_manifest.ts";
import { onCancelRequest } from "../store/cancellation.ts";
import { busy, claimKey, lockFolder, lockTurn } from "../store/lock.ts";
import type { NoOpRecord } from "../keys/no_op_record.ts";
import { makeNode } from "./run_node.ts";
import { assess, type Assessment, plan } from "./plan.ts";
import type { Executor } from "../executors/executor.ts";
import type { Project } from "../keys/project.ts";
import { type NodeReport, reportOf, type Watcher } from "./node_record.ts";
import { assessed, checkReach, inOrder } from "./preview.ts";
import { schedule, type Task } from "../graph/schedule.ts";
import { select, type Selected, type Selection } from "../graph/selection.ts";
import type { Progress } from "../graph/stage.ts";
import { openWorkspace, refresh, type Workspace } from "../store/workspace.ts";

export interface RunOptions {
  readonly artifacts: string;
  readonly experiment: RunExperiment;
  readonly selection: Selection;
  readonly force: boolean;
  /** Whether objects are rehashed before they are used, ignoring the stat index. */
  readonly paranoid: boolean;
  /** How many stages run at once, if the machine has the resources that they declare. */
  readonly jobs: number;
  /** Whether stages may use more cores together than the machine has. */
  readonly shareCores: boolean;
  /** Where stages run. */
  readonly executor: Executor;
  /** The number of the Slurm job that the run is: it works beside other runs on the folder. */
  readonly job?: string;
  /** By default the project that the engine lies in. */
  readonly project?: Project;
  /** Where results are looked up before they are made. */
  readonly remoteCache?: RemoteCache;
  /** Called with all nodes before the first one is made. */
  announce?(reports: readonly NodeReport[]): Promise<void>;
  readonly watcher: Watcher;
  readonly signal?: AbortSignal;
}

/** Downloads the result of a key into the artifact folder; returns whether there was one. */
export type RemoteCache = (
  workspace: Workspace,
  node: string,
  key: string,
  listener: {
    /** There is one, which is being downloaded. */
    found(where: string): void;
    progress(progress: Progress): void;
    notice(line: string): void;
  },
) => Promise<boolean>;

/** How a run ended; nodes in the order of the graph, all that the selection may run. */
export interface RunReport {
  readonly nodes: readonly NodeReport[];
  readonly interrupted: boolean;
  /** The files that the report depends on, if there was nothing to do. */
  readonly noOpRecord?: NoOpRecord;
}

/** The reason of a node that was stopped, or not begun. */
const INTERRUPTED = "interrupted";

export async function run(
  graph: Graph,
  options: RunOptions,
): Promise<RunReport> {
  const selected = select(graph, options.selection);
  const before = openWorkspace(options.artifacts, options);
  const planned = await plan(before, graph);
  checkReach(graph, selected, planned);
  const idle = !options.force &&
    [...selected.scope].every((name) => planned.get(name)?.state === "cached");
  if (idle) {
    const nextManifest = openNextManifest(before, graph, options.experiment);
    addCached(nextManifest, selected, planned);
    if (nextManifest.isWritten()) {
      // Without it, the next run hashes these files again.
      writeIfPossible(before.index.save);
      const nodes = inOrder(graph, selected)
        .flatMap((node) => planned.get(node.name) ?? [])
        .map((assessment) => reportOf(before, assessment));
      const noOpRecord = options.paranoid ? undefined : before.noOpRecord;
      return { nodes, interrupted: false, noOpRecord };
    }
  }
  await checkNeeds(graph, selected, planned, options.force);
  await options.announce?.(
    assessed(before, graph, selected, planned, options.force),
  );
  const { artifacts, watcher, signal } = options;
  const interrupted = () => ({
    nodes: inOrder(graph, selected)
      .map((node) => skipped(node, INTERRUPTED)),
    interrupted: true,
  });
  const locking = lockFolder(before.folder, watcher.notice, {
    shared: true,
  });
  using lock = await Promise.race([aborted(signal), locking]);
  if (lock === undefined) {
    // The lock may still be acquired later; the next command must not wait for this one.
    locking.then((late) => late.close(), () => {});
    return interrupted();
  }
  try {
    const onWait = () => watcher.notice(busy(before.folder));
    using turn = options.job === undefined
      ? await lockTurn(before.folder, "run", { onWait, signal })
      : lock;
    if (turn === undefined) return interrupted();
    return await runLocked(
      // With the hashes that the first plan added to the index.
      openWorkspace(artifacts, {
        ...options,
        project: before.project,
        index: before.index,
      }),
      graph,
      selected,
      options,
    );
  } catch (error) {
    throw explainFullDisk(error, before.folder);
  }
}

function addCached(
  nextManifest: NextManifest,
  { scope }: Selected,
  planned: ReadonlyMap<string, Assessment>,
): void {
  for (const assessment of planned.values()) {
    if (scope.has(assessment.node.name)) nextManifest.add(assessment);
  }
}

/** Resolves when the user stops the run. */
function aborted(signal: AbortSignal | undefined): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve(undefined);
    signal?.addEventListener("abort", () => resolve(undefined));
  });
}

async function runLocked(
  workspace: Workspace,
  graph: Graph,
  selected: Selected,
  options: RunOptions,
): Promise<RunReport> {
  const { watcher, job } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([
    stop.signal,
    ...options.signal === undefined ? [] : [options.signal],
  ]);
  // Planned again under the lock: another command may have made or removed anything since the first plan.
  const planned = await plan(workspace, graph);
  checkReach(graph, selected, planned);
  await checkNeeds(graph, selected, planned, options.force);
  const nextManifest = openNextManifest(workspace, graph, options.experiment, {
    job: job !== undefined,
  });
  // Also what a run that is interrupted does not come to.
  addCached(nextManifest, selected, planned);
  const reports = new Map<string, NodeReport>();
  const outputs = (name: string) =>
    selected.scope.has(name)
      ? reports.get(name)?.outputs
      : planned.get(name)?.result?.outputs;
  const began = performance.now();
  let runLog: RunLog | undefined;
  using held = new DisposableStack();
  /** From then on, the experiment is the current one. */
  const record = () => {
    if (runLog !== undefined) return runLog;
    nextManifest.save();
    runLog = startRunLog(workspace.folder, {
      experiment: options.experiment.name,
      ...job === undefined ? {} : { job },
      stale: assessed(workspace, graph, selected, planned, options.force)
        .filter(({ state }) => state === "stale").map(({ name }) => name),
      keys: Object.fromEntries(
        [...planned.values()].flatMap(({ node, key, state }) =>
          key !== undefined && state === "cached" ? [[node.name, key]] : []
        ),
      ),
    });
    const { run } = runLog;
    held.use(holdRun(workspace.folder, run));
    held.use(
      onCancelRequest(workspace.folder, run, undefined, () => stop.abort()),
    );
    return runLog;
  };
  const finish = (report: NodeReport) => {
    reports.set(report.name, report);
    watcher.end(report);
  };

  /** The nodes being made, by key: nodes of equal keys are made once. */
  const making = new Map<string, Promise<unknown>>();
  const made = new Set<string>();
  const assessNow = async (node: Node) => {
    const known = await assess(workspace, node, outputs);
    return known.state === "cached"
      ? { current: workspace, assessment: known }
      : await assessAnew(node);
  };
  const assessAnew = async (node: Node) => {
    const current = refresh(workspace);
    return { current, assessment: await assess(current, node, outputs) };
  };

  /**
   * Takes the result of a node from another run that makes it at this moment or from the remote cache, or makes it;
   * undefined if it was interrupted.
   */
  const obtain = async (
    current: Workspace,
    assessment: Assessment,
    forced: boolean,
  ) => {
    const { node, key = "", reasons } = assessment;
    const { remoteCache, executor } = options;
    using claim = await claimKey(workspace.folder, key, {
      onWait: () =>
        watcher.notice(`${node.name}: another run makes it; waiting for it.`),
      signal,
    });
    if (claim === undefined) return undefined;
    if (!forced) {
      const found = await assess(current, node, outputs);
      if (found.state === "cached") return reportOf(current, found);
    }
    const isFetched = !forced && await remoteCache?.(current, node.name, key, {
      found: (where) => watcher.start(node.name, [`taken from ${where}`]),
      progress: (progress) => watcher.progress(node.name, progress),
      notice: watcher.notice,
    });
    if (isFetched) {
      const found = await assess(current, node, outputs);
      if (found.state === "cached") return reportOf(current, found);
    }
    if (signal.aborted) return undefined;
    watcher.start(node.name, reasons);
    return await makeNode(current, assessment, {
      executor,
      runLog: record(),
      outputs,
      watcher,
      signal,
    });
  };

  const update = async (node: Node) => {
    const blocker = Object.values(node.inputs).find((input) => {
      const state = reports.get(input)?.state;
      return state === "failed" || state === "skipped";
    });
    if (blocker !== undefined) {
      return finish(skipped(node, `needs ${blocker}, which did not finish`));
    }
    let { current, assessment } = await assessNow(node);
    const { key = "" } = assessment;
    while (making.has(key)) await making.get(key);
    if (made.has(key)) ({ current, assessment } = await assessNow(node));
    const forced = options.force && selected.asked.has(node.name) &&
      !made.has(key);
    if (assessment.state === "cached" && !forced) {
      nextManifest.add(assessment);
      return finish(reportOf(workspace, assessment));
    }
    const reasons = assessment.state === "cached"
      ? ["forced"]
      : assessment.reasons;
    const work = obtain(current, { ...assessment, reasons }, forced)
      .then((report) => {
        if (report !== undefined && report.state !== "failed") made.add(key);
        return report;
      });
    making.set(key, work.catch(() => {}));
    const report = await work.finally(() => making.delete(key));
    if (report === undefined) {
      return finish({ ...skipped(node, INTERRUPTED), key });
    }
    if (report.state !== "failed") {
      const { outputs, metrics } = report;
      nextManifest.add({ ...assessment, result: { outputs, metrics } });
      nextManifest.saveNowAndThen();
    }
    finish(report);
  };

  /** An input error or a failure, such as an unreadable file, fails this node and not the run. */
  const updateOrFail = async (node: Node) => {
    try {
      await update(node);
    } catch (error) {
      if (!isInputError(error) && !isFailure(error)) throw error;
      const { message } = error;
      finish({
        ...skipped(node, ""),
        state: "failed",
        reasons: [],
        error: { message, input: isInputError(error) },
      });
    }
  };

  const inScope = inOrder(graph, selected);
  const tasks = inScope.map((node) => taskOf(node));
  const unreached = (node: Node) => {
    const known = planned.get(node.name);
    return known?.state === "cached"
      ? reportOf(workspace, known)
      : skipped(node, INTERRUPTED);
  };
  const reportsOfAll = () =>
    inScope.map((node) => reports.get(node.name) ?? unreached(node));
  let isComplete = false;
  try {
    await schedule(tasks, capacity(options), async ({ name }) => {
      const node = graph.get(name);
      if (node !== undefined) await updateOrFail(node);
    }, signal);
    // A run that was stopped before it began anything leaves the manifest, with its experiment, as it was.
    if (made.size > 0 || runLog !== undefined || !signal.aborted) {
      // One that computed nothing is recorded where it leaves other results than the run before it: fetched ones, or those of a former value.
      if (job === undefined && (made.size > 0 || !nextManifest.isWritten())) {
        record();
      }
      nextManifest.save();
    }
    isComplete = true;
  } finally {
    const seconds = (performance.now() - began) / 1000;
    const ended = [...reports.values()];
    runLog?.append({
      event: "end",
      time: new Date().toISOString(),
      seconds,
      outcome: signal.aborted || ended.some(isInterrupted)
        ? "interrupted"
        : !isComplete || ended.some(({ state }) => state === "failed")
        ? "failed"
        : "done",
      states: Object.fromEntries(
        reportsOfAll().map(({ name, state }) => [name, state]),
      ),
      keys: Object.fromEntries(
        ended.flatMap(({ name, key }) =>
          key === undefined ? [] : [[name, key]]
        ),
      ),
    });
  }
  return {
    nodes: reportsOfAll(),
    interrupted: signal.aborted || [...reports.values()].some(isInterrupted),
  };
}

function isInterrupted({ state, reasons }: NodeReport): boolean {
  return state === "skipped" && reasons[0] === INTERRUPTED;
}

/** @throws an input error if the machine lacks what a node that may run needs */
async function checkNeeds(
  graph: Graph,
  { scope, asked }: Selected,
  planned: ReadonlyMap<string, Assessment>,
  force: boolean,
): Promise<void> {
  for (const name of scope) {
    const isKept = planned.get(name)?.state === "cached" &&
      !(force && asked.has(name));
    const node = graph.get(name);
    if (!isKept && node !== undefined) await checkRequirements(node);
  }
}

function skipped(node: Node, reason: string): NodeReport {
  return {
    name: node.name,
    state: "skipped",
    reasons: [reason],
    outputs: {},
    metrics: {},
    measurements: {},
  };
}

/** A stage that declares no cores takes all: two trainings on the same cores take twice as long as one, and twice the memory. */
function taskOf(node: Node): Task {
  const { cores = "all", memoryBytes = 0 } = node.stage.resources ?? {};
  return {
    name: node.name,
    needs: Object.values(node.inputs),
    cores: cores === "all" ? navigator.hardwareConcurrency : cores,
    memoryBytes,
  };
}

function capacity(
  { jobs, shareCores }: Pick<RunOptions, "jobs" | "shareCores">,
) {
  return {
    jobs,
    cores: shareCores ? Infinity : navigator.hardwareConcurrency,
    memoryBytes: Deno.systemMemoryInfo().total,
  };
}
