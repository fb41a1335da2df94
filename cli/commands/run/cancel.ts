/** The command `cancel`: stops nodes that run, with their checkpoints, and takes their jobs out of the queue. */
import { failure } from "../../../engine/files/failure.ts";
import type { NodeReport } from "../../../engine/run/node_record.ts";
import { status } from "../../../engine/run/preview.ts";
import { cancelJobs } from "../../../engine/run/queue.ts";
import { requestCancel } from "../../../engine/store/cancellation.ts";
import { isInUse } from "../../../engine/store/checkpoints.ts";
import {
  readRuns,
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
    const running = before.filter(({ state }) => state === "running");
    const queued = before.filter(({ state }) => state === "queued");
    if (nodes.length === 0) {
      const inProgress = runsInProgress(folder);
      const ours = readRuns(folder).filter(({ run, experiment }) =>
        experiment === name && inProgress.includes(run)
      );
      for (const { run } of ours) requestCancel(folder, run);
    }
    const inQueue = [...queued];
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
    const isKept = ({ job }: NodeReport) =>
      job !== undefined && kept.includes(job);
    await stopped(folder, running.filter((node) => !isKept(node)));
    const all = [...running, ...queued];
    const names = all.filter((node) => !isKept(node)).map(({ name }) => name);
    console.out(
      json
        ? JSON.stringify({ nodes: names }) + "\n"
        : all.length === 0
        ? "Nothing runs or waits.\n"
        : names.length === 0
        ? ""
        : `Stopped ${
          names.join(", ")
        }; checkpoints are kept, run again to go on.\n`,
    );
    if (kept.length === 0) return EXIT.done;
    const others = all.filter(isKept).map(({ name, job }) =>
      `${name} (job ${job})`
    );
    throw failure(
      `Cannot stop ${
        others.join(", ")
      }: of another user; ask its owner to cancel it.`,
    );
  },
});

/** A stage gets half a minute to save its checkpoint; a shared disk may show the request late. */
const SECONDS = 90;
const POLL_MILLISECONDS = 200;

/** Resolves when no run makes the nodes any more. @throws a failure for one that does not stop */
async function stopped(
  folder: string,
  running: readonly NodeReport[],
): Promise<void> {
  const end = performance.now() + 1000 * SECONDS;
  for (;;) {
    const left = running.find(({ key }) =>
      key !== undefined && isInUse(folder, key)
    );
    if (left === undefined) return;
    if (performance.now() > end) {
      throw failure(
        `Cannot stop "${left.name}": its process has not answered for ${SECONDS} s; see its log, and end it by hand.`,
      );
    }
    await new Promise((go) => setTimeout(go, POLL_MILLISECONDS));
  }
}
