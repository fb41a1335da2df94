/** Entry of a job of a queue: brings one node up to date, beside other jobs on the same artifact folder. */
import { isInputError, parse } from "../../base/input_error.ts";
import { EXECUTORS, QUEUES } from "../../engine/executors/executors.ts";
import { jsonIfValid } from "../../engine/files/atomic.ts";
import { failure } from "../../engine/files/failure.ts";
import type { NodeReport } from "../../engine/run/node_record.ts";
import { BEGUN, DONE, STOPPED } from "../../engine/run/queue.ts";
import { run } from "../../engine/run/runner.ts";
import { Job } from "../../engine/run/submit.ts";
import { listCheckpoints } from "../../engine/store/checkpoints.ts";
import { processConsole as console } from "../console/console.ts";
import { EXIT, exitCode, printError } from "../exit.ts";
import project from "../project.ts";

/** A network disk may show as late as this what another machine has written: the inputs of the node. */
const LATE_MILLISECONDS = 60_000;
const AGAIN_MILLISECONDS = 2000;

const id = Deno.env.get("SLURM_JOB_ID") ?? "";
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
  const { node, artifacts, experiment } = job;
  print(`${BEGUN}${node}, job ${id} on ${Deno.hostname()}`);
  const executor = EXECUTORS[job.executor];
  await executor.check();
  const before = checkpointTimes(artifacts);
  const what = `experiment "${experiment.name}"`;
  const graph = project.graph(experiment.value, what);
  const { nodes, interrupted } = await whenShown(() =>
    run(graph, {
      ...{ artifacts, experiment, executor, force: job.force, job: id },
      ...{ selection: { only: [node] }, signal: stop.signal },
      ...{ artifactsGiven: true, paranoid: false, jobs: 1, shareCores: true },
      watcher: {
        start: (name, reasons) => print(`${name}: ${reasons.join("; ")}`),
        progress: () => {},
        log: () => {},
        end: ({ name, state }) => print(`${name}: ${state}`),
        notice: print,
      },
    })
  );
  const [{ key = "" }] = nodes;
  const hasProgress =
    (checkpointTimes(artifacts).get(key) ?? 0) > (before.get(key) ?? 0);
  return mustLeave && interrupted
    ? await requeue(node, hasProgress)
    : outcome(nodes);
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

/** Puts this job into the queue again, unless a user has cancelled it, or it would end without progress for ever. */
async function requeue(node: string, hasProgress: boolean): Promise<number> {
  const { slurm } = QUEUES;
  const jobs = await slurm.jobs([Deno.env.get("SLURM_JOB_NAME") ?? ""]);
  const isCancelled = !jobs.some((job) =>
    job.id === id && job.state === "running"
  );
  if (isCancelled) {
    print(STOPPED);
    return EXIT.interrupted;
  }
  if (!hasProgress) {
    throw failure(
      `Job ${id} had to end before "${node}" was done, and has saved no checkpoint; give it more time, such as ` +
        "--slurm time=8:00:00, and submit again.",
    );
  }
  print("Job is continued later, from its checkpoint.");
  await slurm.requeue(id);
  return EXIT.interrupted;
}
