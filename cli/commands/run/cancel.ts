/** The command `cancel`: stops nodes that run, with their checkpoints, and takes their jobs out of the queue. */
import { failure } from "../../../engine/files/failure.ts";
import type { NodeReport } from "../../../engine/run/node_record.ts";
import { status } from "../../../engine/run/preview.ts";
import { cancelJobs } from "../../../engine/run/queue.ts";
import { requestCancel } from "../../../engine/store/cancellation.ts";
import { isInUse } from "../../../engine/store/checkpoints.ts";
import {
  inProgressOf,
  type RecordedRun,
  runMaking,
  runsInProgress,
} from "../../../engine/store/run_log.ts";
import { command } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import { artifactFolder, openExperiment } from "../../experiment.ts";
import { argument, onExperiment } from "../../options.ts";

export default command({
  name: "cancel",
  group: "run",
  summary: "stops what runs, with a checkpoint, wherever it runs",
  needsPipeline: true,
  arguments: {
    nodes: argument("[nodes...]", "names or globs; the whole run unless given"),
  },
  options: onExperiment,
  examples: [
    ["", "stops the run and its jobs; run again to go on"],
    ["student:rkd", "stops this node and what waits for it"],
  ],
  run: async ({ console, pipeline }, { nodes, json, ...values }) => {
    const { graph, name } = openExperiment(pipeline, values);
    const folder = artifactFolder(values.artifacts);
    const before = await status(graph, {
      artifacts: folder,
      selection: { only: nodes },
      paranoid: false,
    });
    const queued = before.filter(({ state }) => state === "queued");
    const runs = inProgressOf(folder, name)
      .filter(({ experiment }) => experiment === name);
    const known: Stoppable[] = before
      .filter(({ state }) => state === "running");
    // What runs with other values is meant as well, but where a node with these is.
    const meansAll = nodes.length === 0 || values.set.length === 0;
    const others = runs.flatMap(inWork).filter(({ name, key }) =>
      meansAll && before.some((node) => node.name === name) &&
      isInUse(folder, key) &&
      !known.some((node) => node.key === key)
    );
    const running: Stoppable[] = [...known, ...others];
    if (nodes.length === 0) {
      for (const { run } of runs) requestCancel(folder, run);
    }
    const inQueue: Stoppable[] = [...queued];
    for (const node of running) {
      const { name, key, job } = node;
      const making = key === undefined ? undefined : runMaking(folder, key);
      const one = nodes.length === 0 ? undefined : name;
      if (making !== undefined) requestCancel(folder, making.run, one);
      // Its job has not come to the node yet, or waits for another run that makes it.
      if (job !== undefined && making?.job !== job) inQueue.push(node);
    }
    // What runs has been asked to stop, whatever the queue answers.
    const kept = await cancelJobs(inQueue);
    const isKept = ({ job }: Stoppable) =>
      job !== undefined && kept.includes(job);
    const isStopped = nodes.length === 0 && runs.length > 0 &&
      kept.length === 0;
    await stopped(
      folder,
      running.filter((node) => !isKept(node)),
      isStopped ? runs : [],
    );
    const all: Stoppable[] = [...running, ...queued];
    const names = [
      ...new Set(
        all.filter((node) => !isKept(node)).map(({ name }) => name),
      ),
    ];
    console.out(
      json
        ? JSON.stringify({ nodes: names }) + "\n"
        : names.length === 0 && !isStopped
        ? (all.length === 0 ? "Nothing runs or waits.\n" : "")
        : `Stopped ${
          names.join(", ") || "the run"
        }; checkpoints are kept, run again to go on.\n`,
    );
    if (kept.length === 0) return EXIT.done;
    const left = all.filter(isKept).map(({ name, job }) =>
      `${name} (job ${job})`
    );
    throw failure(
      `Cannot stop ${
        left.join(", ")
      }: of another user; ask its owner to cancel it.`,
    );
  },
});

/** A node to stop: its name, its key, its job. */
type Stoppable = Pick<NodeReport, "name" | "key" | "job" | "queue">;

/** The nodes that a run has begun to make, done or not. */
function inWork(
  { work, nodes }: RecordedRun,
): { readonly name: string; readonly key: string }[] {
  return [...work.keys()].flatMap((key) => {
    const name = nodes.get(key);
    return name === undefined ? [] : [{ name, key }];
  });
}

/** A stage gets half a minute to save its checkpoint; a shared disk may show the request late. */
const SECONDS = 90;
const POLL_MILLISECONDS = 200;

/** Resolves when no run makes the nodes any more, and the runs have ended. @throws a failure for one that does not stop */
async function stopped(
  folder: string,
  running: readonly Stoppable[],
  runs: readonly RecordedRun[],
): Promise<void> {
  const end = performance.now() + 1000 * SECONDS;
  for (;;) {
    const inProgress = runsInProgress(folder);
    const left = running.find(({ key }) =>
      key !== undefined && isInUse(folder, key)
    )
      ?.name ??
      runs.find(({ run }) => inProgress.includes(run))?.run;
    if (left === undefined) return;
    if (performance.now() > end) {
      throw failure(
        `Cannot stop "${left}": its process has not answered for ${SECONDS} s; see its log, and end it by hand.`,
      );
    }
    await new Promise((go) => setTimeout(go, POLL_MILLISECONDS));
  }
}
