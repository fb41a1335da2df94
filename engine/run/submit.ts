/** Submits the stale nodes of a graph as jobs, each after those that make its inputs, and returns at once. */
import { join, resolve } from "@std/path";
import { z } from "zod";
import type { SbatchOptions } from "../../schemas/experiment/slurm.ts";
import type { Json } from "../../schemas/manifest.ts";
import type { Queue } from "../executors/executor.ts";
import {
  EXECUTOR_NAMES,
  QUEUE_NAMES,
  type QueueName,
  QUEUES,
} from "../executors/executors.ts";
import { isFailure } from "../files/failure.ts";
import { canonical } from "../files/hash.ts";
import { makeFolder } from "../files/state_file.ts";
import type { Graph } from "../graph/graph.ts";
import { schedule } from "../graph/schedule.ts";
import { select } from "../graph/selection.ts";
import { busy, lockFolder, lockTurn } from "../store/lock.ts";
import { openWorkspace } from "../store/workspace.ts";
import { openNextManifest } from "./next_manifest.ts";
import { groupsOf } from "./job_groups.ts";
import type { NodeReport } from "./node_record.ts";
import { plan } from "./plan.ts";
import { assessed, checkReach } from "./preview.ts";
import {
  jobNames,
  nameArray,
  outputPattern,
  outputsOf,
  placesOf,
} from "./job_names.ts";
import { queuedJobs, type StaleJob } from "./queue.ts";
import type { RunOptions } from "./runner.ts";
import { takeResults } from "./take_results.ts";

/** Where a job looks for a result before it makes one, and whose word counts there. */
const Remote = z.strictObject({
  addresses: z.array(z.string()).readonly(),
  signedBy: z.array(z.string()).readonly(),
  unsigned: z.boolean(),
});

/** What a job is given on its standard input. */
export const Job = z.strictObject({
  /** One that was submitted by a former version has neither queue nor name. */
  queue: z.enum(QUEUE_NAMES).default("slurm"),
  /** What the queue calls it, or its array. */
  name: z.string().optional(),
  /** The nodes of the tasks of an array, or the one node. */
  tasks: z.array(z.strictObject({ node: z.string(), force: z.boolean() })),
  experiment: z.strictObject({
    name: z.string(),
    path: z.string().optional(),
    value: z.custom<Json>(),
    set: z.array(z.string()).readonly().optional(),
  }),
  artifacts: z.string(),
  executor: z.enum(EXECUTOR_NAMES),
  remote: Remote,
});
export type Job = z.infer<typeof Job>;

export interface SubmitOptions extends
  Pick<
    RunOptions,
    | "artifacts"
    | "experiment"
    | "selection"
    | "force"
    | "paranoid"
    | "project"
    | "remoteCache"
  > {
  readonly queue: QueueName;
  /** Where the stage of a job runs. */
  readonly executor: Job["executor"];
  readonly remote: Job["remote"];
  /** What is asked of the queue for a node. */
  optionsOf(node: string): SbatchOptions;
  /** The module that a job runs, by its path in the project. */
  readonly entry: string;
  notice(line: string): void;
}

/** A cluster takes a while for each job that it is given. */
const AT_ONCE = { jobs: 8, cores: Infinity, memoryBytes: Infinity };

/** Submits what is stale; a node whose job waits or runs is not submitted again. Reports the selected nodes. */
export async function submit(
  graph: Graph,
  options: SubmitOptions,
): Promise<readonly NodeReport[]> {
  const { artifacts, notice } = options;
  const selected = select(graph, options.selection);
  using _lock = await lockFolder(artifacts, notice, {
    shared: true,
  });
  // The second of two users finds the jobs of the first.
  using _turn = await lockTurn(resolve(artifacts), "submit", {
    onWait: () => notice(busy(artifacts)),
  });
  const workspace = openWorkspace(artifacts, options);
  await takeResults(workspace, graph, selected, options);
  const planned = await plan(workspace, graph);
  checkReach(graph, selected, planned);
  const nextManifest = openNextManifest(workspace, graph, options.experiment);
  for (const each of planned.values()) {
    if (selected.scope.has(each.node.name)) nextManifest.add(each);
  }
  nextManifest.save();
  const { folder } = workspace;
  makeFolder(folder, outputsOf(options.queue));
  const names = jobNames(folder, graph, planned);
  const reports = assessed(
    workspace,
    graph,
    selected,
    planned,
    options.force,
  );
  const stale = reports.filter(({ state }) => state === "stale");
  const queue = QUEUES[options.queue];
  const queued = await queuedJobs(
    options.queue,
    graph,
    stale.map(({ name }) => name),
    names,
    placesOf(folder, options.queue, names.values()),
  );
  const groups = groupsOf(graph, stale, queue, options.optionsOf);
  const isTogether = groups.some(({ members }) => members.length > 1);
  const largest = isTogether ? Math.max(1, await queue.largestArray()) : 1;
  const submitted = new Map<string, SubmittedJob>();
  await schedule(
    groups,
    AT_ONCE,
    async ({ stage, sources, members, asked }) => {
      const needs = sources.flatMap((source) => submitted.get(source) ?? []);
      const missing: NodeReport[] = [];
      const inTheWay: string[] = [];
      for (const report of members) {
        const job = queued.get(report.name);
        if (job === undefined || job.state === "ended") missing.push(report);
        else if (isKept(job, needs)) {
          const { id, state } = job;
          submitted.set(report.name, { job: id, state, isNew: false });
        } else {
          inTheWay.push(job.id);
          missing.push(report);
        }
      }
      await makeWay(queue, inTheWay, notice);
      for (let from = 0; from < missing.length; from += largest) {
        const tasks = missing.slice(from, from + largest);
        const jobs = tasks.map(({ name }) => names.get(name) ?? name);
        const [first, ...others] = jobs;
        const name = others.length === 0
          ? first
          : nameArray(folder, options.queue, stage, jobs);
        const ids = await queue.submit({
          ...{ name, tasks: tasks.length },
          ...commandOf(workspace.project.root, options, name, tasks),
          output: outputPattern(folder, options.queue, name, tasks.length),
          folder: Deno.cwd(),
          needs: needs.map(({ job }) => job),
          options: asked,
        });
        for (const [i, { name }] of tasks.entries()) {
          submitted.set(name, { job: ids[i], state: "queued", isNew: true });
        }
      }
    },
  );
  return reports.map((report) => {
    const { job, state = report.state } = submitted.get(report.name) ?? {};
    return { ...report, job, state };
  });
}

/** A job of another user stays where it is; its node is made once all the same. */
async function makeWay(
  queue: Queue,
  ids: readonly string[],
  notice: SubmitOptions["notice"],
): Promise<void> {
  try {
    const kept = await queue.cancel(ids);
    if (kept.length > 0) {
      notice(
        `Submits beside ${
          kept.join(", ")
        }, as another user has submitted that.`,
      );
    }
  } catch (error) {
    if (!isFailure(error)) throw error;
    notice(`Submits beside ${ids.join(", ")}: ${error.message}`);
  }
}

/** Not one that is held or has a blocker, or waits for a job that has failed or was submitted anew. */
function isKept(
  job: StaleJob,
  needs: readonly SubmittedJob[],
): job is StaleJob & { readonly state: SubmittedJob["state"] } {
  return job.state === "running" ||
    job.state === "queued" && job.blocker === undefined &&
      needs.every(({ isNew }) => !isNew);
}

interface SubmittedJob {
  readonly job: string;
  readonly state: "queued" | "running";
  /** Whether it was submitted now. */
  readonly isNew: boolean;
}

/** What a job runs, and what it reads. */
function commandOf(
  root: string,
  { queue, artifacts, experiment, executor, remote, entry }: SubmitOptions,
  name: string,
  tasks: readonly NodeReport[],
): { readonly command: readonly string[]; readonly input: string } {
  const job: Job = {
    ...{ queue, name },
    tasks: tasks.map(({ name, reasons }) => ({
      node: name,
      force: reasons[0] === "forced",
    })),
    experiment: {
      ...experiment,
      ...experiment.path === undefined
        ? {}
        : { path: resolve(experiment.path) },
    },
    artifacts: resolve(artifacts),
    ...{ executor, remote },
  };
  const deno = [Deno.execPath(), "run", "--quiet", "--allow-all"];
  return { command: [...deno, join(root, entry)], input: canonical(job) };
}
