/** Brings the numbers pipeline of this project up to date with its stages in this process: thousands of nodes in a minute. */
import { dirname, join } from "@std/path";
import { readExperiment } from "../../engine/experiment.ts";
import type { Executor } from "../../engine/process.ts";
import { openProject } from "../../engine/project.ts";
import { run } from "../../engine/runner.ts";
import type { Context } from "../../engine/stage.ts";
import numbers from "./numbers.ts";

const inThisProcess: Executor = async ({ stage }, job, { listener }) => {
  Deno.mkdirSync(job.work, { recursive: true });
  for (const { path } of Object.values(job.outputs)) {
    Deno.mkdirSync(dirname(path), { recursive: true });
  }
  listener.ready();
  const context: Context<unknown, Record<string, readonly string[]>, string> = {
    ...job,
    outputs: Object.fromEntries(
      Object.entries(job.outputs).map(([name, { path }]) => [name, path]),
    ),
    log: () => {},
    progress: () => {},
  };
  const { metrics = {}, measurements = {} } = await stage.run(context);
  return { outcome: { kind: "done", metrics, measurements } };
};

const { root } = openProject();
const { name, value, what } = readExperiment(
  join(root, "experiments"),
  "quick",
  [],
);
const { nodes } = await run(numbers.graph(value, what), {
  artifacts: join(root, "artifacts"),
  artifactsGiven: false,
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
