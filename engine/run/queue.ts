/** How the jobs of stale nodes stand. */
import { join } from "@std/path";
import { lstatIfThere } from "../../base/stat.ts";
import { namesIn, readIfThere } from "../files/atomic.ts";
import { isFailure } from "../files/failure.ts";
import type { Graph } from "../graph/graph.ts";
import type { QueuedJob } from "../executors/executor.ts";
import { QUEUE_NAMES, type QueueName, QUEUES } from "../executors/executors.ts";
import {
  jobNames,
  lastPrinted,
  outputPath,
  outputsOf,
  type Place,
  placesOf,
  taskOf,
} from "./job_names.ts";
import type { Assessment } from "./plan.ts";

/** A job prints this when it begins, since one that is requeued appends to what it printed before. */
export const BEGUN = "Job begins: ";

/** The last line of a job whose node is up to date, and of one that a user has stopped. */
export const DONE = "Job done.";
export const STOPPED = "Job stopped; checkpoints are kept.";

/** How the job of a stale node stands. */
export interface NodeJob {
  readonly queue: QueueName;
  readonly id: string;
  readonly state: "queued" | "running" | "failed";
  /** Why it waits, or how it failed. */
  readonly reason: string;
}

/** The jobs of stale nodes by node; none where nothing was ever submitted. */
export async function jobsOf(
  folder: string,
  graph: Graph,
  planned: ReadonlyMap<string, Assessment>,
): Promise<Map<string, NodeJob>> {
  const jobs = new Map<string, NodeJob>();
  for (const queue of QUEUE_NAMES) {
    if (lstatIfThere(join(folder, outputsOf(queue))) === undefined) continue;
    const names = jobNames(folder, graph, planned);
    const stale = [...names.keys()]
      .filter((node) => planned.get(node)?.state === "stale");
    for (
      const [node, job] of await jobsIn(queue, folder, graph, stale, names)
    ) {
      jobs.set(node, { queue, ...job });
    }
  }
  return jobs;
}

type Standing = Omit<NodeJob, "queue">;

/** How the jobs of stale nodes stand in a queue. */
async function jobsIn(
  name: QueueName,
  folder: string,
  graph: Graph,
  stale: readonly string[],
  names: ReadonlyMap<string, string>,
): Promise<Map<string, Standing>> {
  const jobs = new Map<string, Standing>();
  const outputs = namesIn(join(folder, outputsOf(name)));
  const places = placesOf(folder, name, names.values());
  const queued = await ifItAnswers(
    queuedJobs(name, graph, stale, names, places),
  );
  const last = new Map(
    stale.map((node) => {
      const own = places.get(names.get(node) ?? "") ?? [];
      return [node, lastPrinted(own, outputs)];
    }),
  );
  const forgotten = queued === undefined ? [] : [...last].flatMap(
    ([node, printed]) => queued.has(node) ? [] : printed?.id ?? [],
  );
  const recorded = await QUEUES[name].recorded(forgotten);
  for (const node of stale) {
    const job = queued?.get(node);
    const printed = job ?? last.get(node);
    if (printed === undefined) continue;
    const { id } = printed;
    const text = readIfThere(outputPath(folder, name, printed.name, id)) ?? "";
    const state = job !== undefined && job.state !== "ended"
      ? waitingOrRunning(job, job.state)
      : ended(
        name,
        id,
        text,
        queued === undefined ? undefined : job?.word ?? recorded.get(id) ?? "",
      );
    if (state !== undefined) jobs.set(node, state);
  }
  return jobs;
}

/** The job of a stale node. */
export interface StaleJob extends QueuedJob {
  /**
   * A held job that it waits for, though that one's node is up to date: Slurm has forgotten that it ran, and could not run it
   * again. No rerun submits it, so this one would wait for ever.
   */
  readonly blocker?: QueuedJob;
}

/**
 * The jobs of stale nodes that a queue tells of, by node, ended ones too; `names` are those of jobs by node, `places` theirs
 * by name.
 *
 * @throws a failure where the queue does not answer
 */
export async function queuedJobs(
  queue: QueueName,
  graph: Graph,
  stale: readonly string[],
  names: ReadonlyMap<string, string>,
  places: ReadonlyMap<string, readonly Place[]>,
): Promise<Map<string, StaleJob>> {
  const made = madeSources(graph, stale);
  const asked = new Set(
    [...stale, ...[...made.values()].flat()]
      .flatMap((node) => names.get(node) ?? []),
  );
  const jobs = await queuedAt(
    queue,
    new Map([...places].filter(([name]) => asked.has(name))),
  );
  const jobOf = (node: string) => jobs.get(names.get(node) ?? "");
  return new Map(stale.flatMap((node) => {
    const job = jobOf(node);
    if (job === undefined) return [];
    const { needs, state } = job;
    if (state !== "queued" && state !== "held") return [[node, job]];
    const blocker = (made.get(node) ?? [])
      .flatMap((source) => jobOf(source) ?? [])
      .find(({ id, state }) => state === "held" && needs.includes(id));
    return [[node, { ...job, blocker }]];
  }));
}

/** What stale nodes need that is made already, by stale node. */
function madeSources(
  graph: Graph,
  stale: readonly string[],
): Map<string, string[]> {
  const isStale = new Set(stale);
  return new Map(stale.map((node) => {
    const sources = new Set(Object.values(graph.get(node)?.inputs ?? {}));
    return [node, [...sources.difference(isStale)]];
  }));
}

/**
 * The jobs of the queue that are at some places, by name; of several one that has not ended before one that has, then the
 * last.
 */
async function queuedAt(
  queue: QueueName,
  places: ReadonlyMap<string, readonly Place[]>,
): Promise<Map<string, QueuedJob>> {
  const all = [...places.values()].flat();
  const queued = await QUEUES[queue].jobs([
    ...new Set(all.map(({ name }) => name)),
  ]);
  const found = Map.groupBy(
    queued,
    ({ name, id }) => textOf({ name, task: taskOf(id) }),
  );
  const rank = ({ state, id }: QueuedJob) =>
    (state === "ended" ? 0 : 1e12) + parseInt(id);
  return new Map(
    [...places].flatMap(([name, places]) => {
      const jobs = places.flatMap((place) => found.get(textOf(place)) ?? []);
      const first = jobs.toSorted((a, b) => rank(a) - rank(b)).at(-1);
      return first === undefined ? [] : [[name, first] as const];
    }),
  );
}

function textOf({ name, task }: Place): string {
  return `${name} ${task}`;
}

/**
 * Takes the jobs of nodes out of their queues. Returns the numbers of those that stay, as they are another user's.
 *
 * @throws a failure where the queue does not answer
 */
export async function cancelJobs(
  nodes: readonly Partial<Pick<NodeJob, "queue"> & { job: string }>[],
): Promise<string[]> {
  const kept: string[] = [];
  for (const name of QUEUE_NAMES) {
    const jobs = nodes.filter(({ queue }) => queue === name)
      .flatMap(({ job }) => job ?? []);
    kept.push(...await QUEUES[name].cancel(jobs));
  }
  return kept;
}

/** Undefined where a queue does not answer: its jobs may go on all the same. */
async function ifItAnswers<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (!isFailure(error)) throw error;
    return undefined;
  }
}

function waitingOrRunning(
  { id, reason, blocker }: StaleJob,
  state: "queued" | "held" | "running",
): Standing {
  if (blocker !== undefined) {
    return {
      ...{ id, state: "failed" },
      reason: `job ${id} waits for job ${blocker.id}, which is held: ` +
        blocker.reason,
    };
  }
  return state === "held"
    ? { id, state: "failed", reason: `job ${id} is held: ${reason}` }
    : {
      ...{ id, state },
      reason: reason === "" ? `job ${id}` : `job ${id} (${reason})`,
    };
}

/**
 * How a job ended, by what it has printed and the queue's word, of which there is none where the queue does not answer;
 * undefined where it has done its work, or was stopped.
 */
function ended(
  name: QueueName,
  id: string,
  output: string,
  word: string | undefined,
): Standing | undefined {
  const printed = output.split(BEGUN).at(-1) ?? "";
  const lines = printed.split("\n");
  if (lines.includes(DONE)) return undefined;
  const isStopped = lines.includes(STOPPED);
  if (word === undefined && !isStopped) {
    return {
      ...{ id, state: "queued" },
      reason: `job ${id}, the queue does not answer`,
    };
  }
  const reason = QUEUES[name].failureOf({
    ...{ id, word: word ?? "", printed, isStopped },
  });
  return reason === undefined ? undefined : { id, state: "failed", reason };
}
