/** The jobs of stale nodes: their names, by which anyone finds them in the queue, and how they stand. */
import { join } from "@std/path";
import { lstatIfThere } from "../../base/stat.ts";
import { namesIn, readIfThere } from "../files/atomic.ts";
import { isFailure } from "../files/failure.ts";
import { canonical, sha256 } from "../files/hash.ts";
import type { Graph } from "../graph/graph.ts";
import type { QueuedJob } from "../executors/executor.ts";
import { slurm } from "../executors/slurm.ts";
import type { Assessment } from "./plan.ts";

/** What jobs print, in the artifact folder. */
export const OUTPUTS = "runs/slurm";

/** A job prints this when it begins, since one that is requeued appends to what it printed before. */
export const BEGUN = "Job begins: ";

/** The last line of a job whose node is up to date, and of one that a user has stopped. */
export const DONE = "Job done.";
export const STOPPED = "Job stopped; checkpoints are kept.";

/** How the job of a stale node stands. */
export interface NodeJob {
  readonly id: string;
  readonly state: "queued" | "running" | "failed";
  /** Why it waits, or how it failed. */
  readonly reason: string;
}

/**
 * The names of jobs, `NODE@HASH`. The hash is of all that is known of a node before its inputs are made, and of the folder,
 * so that equal work has equal names whoever submits it, and whatever of it is done already.
 */
export function jobNames(
  folder: string,
  graph: Graph,
  planned: ReadonlyMap<string, Assessment>,
): Map<string, string> {
  const store = Deno.realPathSync(folder);
  const names = new Map<string, string>();
  for (const { name, inputs } of graph.values()) {
    const preimage = planned.get(name)?.described.preimage;
    const sources = Object.entries(inputs)
      .map(([input, source]) => [input, names.get(source)]);
    const hash = sha256(canonical({
      ...preimage,
      store,
      inputs: Object.fromEntries(sources),
    }));
    names.set(name, `${name}@${hash.slice(0, 16)}`);
  }
  return names;
}

/** The path of what the job of a name prints. */
function outputPath(folder: string, job: string, id: string): string {
  return join(folder, OUTPUTS, `${hashOf(job)}-${id}.out`);
}

/** The same as a pattern, in which `%j` is the number and `%%` a percent sign. */
export function outputPattern(folder: string, job: string): string {
  return outputPath(folder.replaceAll("%", "%%"), job, "%j");
}

/** The jobs of stale nodes by node; none where nothing was ever submitted. */
export async function jobsOf(
  folder: string,
  graph: Graph,
  planned: ReadonlyMap<string, Assessment>,
): Promise<Map<string, NodeJob>> {
  const jobs = new Map<string, NodeJob>();
  if (lstatIfThere(join(folder, OUTPUTS)) === undefined) return jobs;
  const outputs = namesIn(join(folder, OUTPUTS));
  const names = [...jobNames(folder, graph, planned)]
    .filter(([node]) => planned.get(node)?.state === "stale");
  const queue = await askQueue(names.map(([, name]) => name));
  const lastIds = new Map(
    names.map(([, name]) => [name, lastId(name, outputs)]),
  );
  const forgotten = queue === "silent" ? [] : [...lastIds]
    .flatMap(([name, id]) => queue.has(name) || id === undefined ? [] : id);
  const recorded = await slurm.recorded(forgotten);
  for (const [node, name] of names) {
    const job = stateOf(folder, name, lastIds.get(name), queue, recorded);
    if (job !== undefined) jobs.set(node, job);
  }
  return jobs;
}

/** The jobs of a queue by name; one that has not ended before one that has, a later before an earlier. */
export function byName(
  jobs: readonly QueuedJob[],
): Map<string, QueuedJob> {
  const rank = ({ state, id }: QueuedJob) =>
    (state === "ended" ? 0 : 1e12) + Number(id);
  return new Map(
    jobs.toSorted((a, b) => rank(a) - rank(b)).map((job) => [job.name, job]),
  );
}

type Answer = ReadonlyMap<string, QueuedJob> | "silent";

/** Where Slurm does not answer, its jobs may go on all the same. */
async function askQueue(names: readonly string[]): Promise<Answer> {
  try {
    return byName(await slurm.jobs(names));
  } catch (error) {
    if (!isFailure(error)) throw error;
    return "silent";
  }
}

/** The number of the last job of a name that has printed anything. */
function lastId(
  name: string,
  outputs: readonly string[],
): string | undefined {
  return outputs.filter((each) => each.startsWith(hashOf(name)))
    .map((each) => /-(\d+)\.out$/.exec(each)?.[1] ?? "0")
    .sort((a, b) => Number(a) - Number(b)).at(-1);
}

function stateOf(
  folder: string,
  name: string,
  last: string | undefined,
  queue: Answer,
  recorded: ReadonlyMap<string, string>,
): NodeJob | undefined {
  const job = queue === "silent" ? undefined : queue.get(name);
  if (job !== undefined && job.state !== "ended") {
    const { id, state, reason } = job;
    const why = reason === "None" || reason === "" ? "" : ` (${reason})`;
    if (state === "held") {
      return {
        ...{ id, state: "failed" },
        reason: `job ${id} is held${why}; submit again, or release it by ` +
          `"scontrol release ${id}"`,
      };
    }
    return { id, state, reason: `job ${id}${why}` };
  }
  const id = job?.id ?? last;
  if (id === undefined) return undefined;
  const text = (readIfThere(outputPath(folder, name, id)) ?? "")
    .split(BEGUN).at(-1) ?? "";
  const all = text.trim().split("\n");
  const lines = all.filter((line) => !SLURM.test(line));
  if ([DONE, STOPPED].some((line) => lines.includes(line))) return undefined;
  if (queue === "silent") {
    return { id, state: "queued", reason: `job ${id}, Slurm does not answer` };
  }
  const word = wordOf(all.filter((line) => SLURM.test(line)).join("\n")) ??
    job?.word ?? recorded.get(id) ?? "";
  // Before it began: with a job that it needed, or by a user.
  if (word === "CANCELLED" && text === "") return undefined;
  const reason = endOf(id, word, lines.at(-1) ?? "");
  return reason === undefined ? undefined : { id, state: "failed", reason };
}

/** What Slurm's daemon adds to a job's output. */
const SLURM = /^slurmstepd/;

/** Slurm's word for how a job ended, from what its daemon adds to the job's output. */
function wordOf(text: string): string | undefined {
  const words: readonly (readonly [RegExp, string])[] = [
    [/oom.?kill|out of memory|memory limit/i, "OUT_OF_MEMORY"],
    [/DUE TO TIME LIMIT/, "TIMEOUT"],
    [/DUE TO NODE FAILURE/, "NODE_FAIL"],
    [/DUE TO PREEMPTION/, "PREEMPTED"],
  ];
  return words.find(([form]) => form.test(text))?.[1];
}

/** How a job ended and the way out, in a sentence; undefined where it did not fail. */
function endOf(id: string, word: string, line: string): string | undefined {
  const again = "submit again, it goes on from its last checkpoint";
  switch (word) {
    case "COMPLETED":
      return undefined;
    case "OUT_OF_MEMORY":
      return `job ${id} ran out of memory; ask for more, such as --slurm mem=16G, and ${again}`;
    case "TIMEOUT":
    case "DEADLINE":
      return `job ${id} reached its time limit; ask for more, such as --slurm time=8:00:00, and ${again}`;
    case "NODE_FAIL":
    case "BOOT_FAIL":
      return `job ${id} was lost with its machine; ${again}`;
    case "PREEMPTED":
      return `job ${id} had to make way for another one; ${again}`;
    case "CANCELLED":
      return `job ${id} was cancelled; ${again}`;
    default:
      return `job ${id} failed: ${
        line.replace(/\.$/, "") ||
        `its process ended without a word${
          word === "" ? "" : ` (${word})`
        }; ${again}`
      }`;
  }
}

function hashOf(job: string): string {
  return job.slice(job.lastIndexOf("@") + 1);
}
