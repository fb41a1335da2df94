/** Entry of a job of a queue: brings one node up to date, beside other jobs on the same artifact folder. */
import { isInputError, parse } from "../../base/input_error.ts";
import { EXECUTORS, QUEUES } from "../../engine/executors/executors.ts";
import { jsonIfValid } from "../../engine/files/atomic.ts";
import { failure, isFailure } from "../../engine/files/failure.ts";
import type { NodeReport } from "../../engine/run/node_record.ts";
import { taskOf } from "../../engine/run/job_names.ts";
import { BEGUN, DONE, STOPPED } from "../../engine/run/queue.ts";
import { type RemoteCache, run } from "../../engine/run/runner.ts";
import { Job } from "../../engine/run/submit.ts";
import { listCheckpoints } from "../../engine/store/checkpoints.ts";
import { processConsole as console } from "../console/console.ts";
import { EXIT, exitCode, printError } from "../exit.ts";
import project from "../project.ts";
import { remoteCacheOf } from "../sharing/remote_cache.ts";
import { countStart } from "./starts.ts";

/** A network disk may show as late as this what another machine has written: the inputs of the node. */
const LATE_MILLISECONDS = 60_000;
const AGAIN_MILLISECONDS = 2000;

const CONTINUED = "Job is continued later, from its checkpoint.";

/** What lies among checkpoints may be of no use to the next start. */
const VAIN_STARTS = 2;

/** Such as "12", or "12_3" for task 3 of an array. */
const [id = ""] = Deno.args;
const stop = new AbortController();
/** The queue needs the machine: it sends SIGTERM before a time limit, a preemption or a shutdown. */
let mustLeave = false;
Deno.addSignalListener("SIGTERM", () => {
  mustLeave = true;
  stop.abort();
});
Deno.addSignalListener("SIGINT", () => stop.abort());
const print = (line: string) => console.out(line + "\n");

Deno.exit(await exitCode(console, work));

async function work(): Promise<number> {
  const text = await new Response(Deno.stdin.readable).text();
  const job = parse(Job, jsonIfValid(text), "the description of a job");
  const { node, force } = job.tasks[taskOf(id) ?? 0];
  const { artifacts, experiment } = job;
  print(`${BEGUN}${node}, job ${id} on ${Deno.hostname()}`);
  const executor = EXECUTORS[job.executor];
  await executor.check();
  const remoteCache = await remoteCacheIn(job);
  const before = checkpointTimes(artifacts);
  const what = `experiment "${experiment.name}"`;
  const graph = project.graph(experiment.value, what);
  /** By unit, the progress with which the stage began. */
  const begun = new Map<string, number>();
  const { nodes, interrupted } = await whenShown(() =>
    run(graph, {
      ...{ artifacts, experiment, executor, remoteCache, force, job: id },
      ...{ selection: { only: [node] }, signal: stop.signal },
      ...{ paranoid: false, jobs: 1, shareCores: true },
      watcher: {
        start: (name, reasons) => print(`${name}: ${reasons.join("; ")}`),
        progress: (_, { unit, done }) => {
          if (!begun.has(unit)) begun.set(unit, done);
        },
        log: () => {},
        end: ({ name, state }) => print(`${name}: ${state}`),
        notice: print,
      },
    })
  );
  const [{ key = "" }] = nodes;
  const hasProgress =
    (checkpointTimes(artifacts).get(key) ?? 0) > (before.get(key) ?? 0);
  if (!mustLeave || !interrupted) return outcome(nodes);
  const vain = hasProgress ? countStart(artifacts, key, id, begun) : undefined;
  return await requeue(job, node, vain);
}

/** The remotes of a job; where its machine reaches none, the node is made. */
async function remoteCacheIn(
  { remote: { addresses, ...trust } }: Job,
): Promise<RemoteCache | undefined> {
  try {
    const named = { remote: addresses, ...trust };
    return await remoteCacheOf(project, named, stop.signal);
  } catch (error) {
    if (!isInputError(error) && !isFailure(error)) throw error;
    print(`Takes nothing from elsewhere: ${error.message}`);
    return undefined;
  }
}

/** Begins again while what the run needs is not there. */
async function whenShown<T>(begin: () => Promise<T>): Promise<T> {
  for (const first = performance.now();;) {
    try {
      return await begin();
    } catch (error) {
      const isOver = performance.now() - first > LATE_MILLISECONDS;
      if (!isInputError(error) || isOver || stop.signal.aborted) throw error;
      print(`Looks again, as a network disk may be late: ${error.message}`);
      await new Promise((go) => setTimeout(go, AGAIN_MILLISECONDS));
    }
  }
}

/** When the checkpoint of each key was last written, in milliseconds. */
function checkpointTimes(artifacts: string): Map<string, number> {
  const { checkpoints } = listCheckpoints(artifacts);
  return new Map(checkpoints.map(({ key, written }) => [key, written]));
}

function outcome(nodes: readonly NodeReport[]): number {
  const [{ state, error }] = nodes;
  if (error !== undefined) printError(console, error.message);
  if (state === "ran" || state === "cached") print(DONE);
  if (state === "skipped") print(STOPPED);
  return error !== undefined
    ? error.input ? EXIT.input : EXIT.failed
    : state === "skipped"
    ? EXIT.interrupted
    : EXIT.done;
}

/**
 * Puts this job into the queue again, unless a user has cancelled it, or it would end without progress for ever.
 *
 * @param vainStarts how many starts in a row began no further on; undefined for a start that has saved nothing
 */
async function requeue(
  { queue, name }: Job,
  node: string,
  vainStarts: number | undefined,
): Promise<number> {
  const called = name ?? Deno.env.get("SLURM_JOB_NAME") ?? "";
  const jobs = await QUEUES[queue].jobs([called]);
  const state = jobs.find((job) => job.id === id)?.state;
  if (state !== "running") {
    // One that is preempted without notice is in the queue again already.
    const isQueued = state === "queued" || state === "held";
    print(isQueued ? CONTINUED : STOPPED);
    return EXIT.interrupted;
  }
  if (vainStarts === undefined || vainStarts >= VAIN_STARTS) {
    const why = vainStarts === undefined
      ? "has saved no checkpoint"
      : `began no further on than before, ${VAIN_STARTS} times in a row`;
    throw failure(
      `Job ${id} had to end before "${node}" was done, and ${why}; give it more time, such as ` +
        "--slurm time=8:00:00, and submit again.",
    );
  }
  print(CONTINUED);
  await QUEUES[queue].requeue(id);
  return EXIT.interrupted;
}
