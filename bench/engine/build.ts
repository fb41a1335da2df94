/** Runs the trivial pipeline with its stages in this process: thousands of nodes in a minute. */
import { join } from "@std/path";
import { readExperiment } from "../../engine/graph/experiment.ts";
import type { Executor } from "../../engine/executors/executor.ts";
import { ROOT } from "../../engine/keys/project.ts";
import { run } from "../../engine/run/runner.ts";
import { perform } from "../../engine/executors/stage_process.ts";
import numbers from "./numbers.ts";

const inThisProcess: Executor = {
  check: () => Promise.resolve(),
  run: async ({ stage }, job, { listener }) => {
    await listener.ready();
    const { metrics = {}, measurements = {} } = await perform(
      stage,
      job,
      () => {},
    );
    return { outcome: { kind: "done", metrics, measurements } };
  },
};

const { name, value, what } = readExperiment(
  join(ROOT, "experiments"),
  "quick",
  [],
);
const { nodes } = await run(numbers.graph(value, what), {
  artifacts: join(ROOT, "artifacts"),
  experiment: { name, value },
  selection: {},
  force: false,
  paranoid: false,
  jobs: 1,
  shareCores: false,
  executor: inThisProcess,
  watcher: {
    start: () => {},
    progress: () => {},
    log: () => {},
    end: () => {},
    notice: (line) => console.error(line),
  },
});
const failed = nodes.find(({ error }) => error !== undefined);
if (failed !== undefined) throw new Error(failed.error?.message);
