/** Submits the stale nodes of a graph as jobs, each after those that make its inputs, and returns at once. */
import { join, resolve } from "@std/path";
import { z } from "zod";
import { quoted } from "../../base/shell_word.ts";
import type { SbatchOptions } from "../../schemas/experiment/slurm.ts";
import type { Json } from "../../schemas/manifest.ts";
import type { QueuedJob } from "../executors/executor.ts";
import { resourceOptions, slurm } from "../executors/slurm.ts";
import { canonical } from "../files/hash.ts";
import { makeFolder } from "../files/state_file.ts";
import type { Graph, Node } from "../graph/graph.ts";
import { schedule } from "../graph/schedule.ts";
import { select } from "../graph/selection.ts";
import { busy, lockFolder, lockTurn } from "../store/lock.ts";
import { openWorkspace } from "../store/workspace.ts";
import { openNextManifest } from "./next_manifest.ts";
import type { NodeReport } from "./node_record.ts";
import { plan } from "./plan.ts";
import { assessed, checkReach } from "./preview.ts";
import { byName, jobNames, outputPattern, OUTPUTS } from "./queue.ts";
import type { RunOptions } from "./runner.ts";

/** What a job is given on its standard input. */
export const Job = z.strictObject({
  node: z.string(),
  experiment: z.strictObject({
    name: z.string(),
    path: z.string().optional(),
    value: z.custom<Json>(),
  }),
  artifacts: z.string(),
  executor: z.enum(["local", "sandbox"]),
  force: z.boolean(),
});
export type Job = z.infer<typeof Job>;

export interface SubmitOptions extends
  Pick<
    RunOptions,
    | "artifacts"
    | "artifactsGiven"
    | "experiment"
    | "selection"
    | "force"
    | "paranoid"
    | "project"
  > {
  /** Where the stage of a job runs. */
  readonly executor: Job["executor"];
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
  const { artifacts, artifactsGiven, notice } = options;
  const selected = select(graph, options.selection);
  using _lock = await lockFolder(artifacts, artifactsGiven, notice, {
    shared: true,
  });
  // The second of two users finds the jobs of the first.
  using _turn = await lockTurn(resolve(artifacts), "submit", {
    onWait: () => notice(busy(artifacts)),
  });
  const workspace = openWorkspace(artifacts, options);
  const planned = await plan(workspace, graph);
  checkReach(graph, selected, planned);
  const nextManifest = openNextManifest(workspace, graph, options.experiment);
  for (const each of planned.values()) {
    if (selected.scope.has(each.node.name)) nextManifest.add(each);
  }
  nextManifest.save();
  const { folder } = workspace;
  makeFolder(folder, OUTPUTS);
  const names = jobNames(folder, graph, planned);
  const reports = assessed(
    workspace,
    graph,
    selected,
    planned,
    options.force,
  );
  const isStale = ({ state }: NodeReport) => state === "stale";
  const queue = byName(
    await slurm.jobs(
      reports.filter(isStale).flatMap(({ name }) => names.get(name) ?? []),
    ),
  );
  /** By node: the number of its job, and whether it was submitted now. */
  const jobs = new Map<
    string,
    { readonly id: string; readonly isNew: boolean }
  >();
  const ensureJob = async (report: NodeReport, node: Node) => {
    const name = names.get(node.name) ?? node.name;
    const needs = [...new Set(Object.values(node.inputs))]
      .flatMap((source) => jobs.get(source) ?? []);
    const known = queue.get(name);
    if (known !== undefined && isKept(known, needs)) {
      jobs.set(node.name, { id: known.id, isNew: false });
      const state = known.state === "running" ? "running" : "queued";
      return { state, job: known.id } as const;
    }
    // It is held, or waits for a job that has failed or was submitted anew.
    const isInTheWay = known?.state === "queued" || known?.state === "held";
    if (isInTheWay) await slurm.cancel([known.id]);
    const id = await slurm.submit({
      name,
      script: scriptOf(workspace.project.root, options, report),
      output: outputPattern(folder, name),
      folder: Deno.cwd(),
      needs: needs.map(({ id }) => id),
      options: resourceOptions(
        node.stage.resources ?? {},
        options.optionsOf(node.name),
      ),
    });
    jobs.set(node.name, { id, isNew: true });
    return { state: "queued", job: id } as const;
  };
  const submitted = new Map(reports.map((report) => [report.name, report]));
  const tasks = reports.filter(isStale).flatMap(({ name }) => {
    const node = graph.get(name);
    const needs = Object.values(node?.inputs ?? {});
    return node === undefined
      ? []
      : [{ name, node, needs, cores: 0, memoryBytes: 0 }];
  });
  await schedule(tasks, AT_ONCE, async ({ name, node }) => {
    const report = submitted.get(name);
    if (report === undefined) return;
    submitted.set(name, { ...report, ...await ensureJob(report, node) });
  });
  return [...submitted.values()];
}

function isKept(
  { state }: QueuedJob,
  needs: readonly { readonly isNew: boolean }[],
): boolean {
  return state === "running" ||
    state === "queued" && needs.every(({ isNew }) => !isNew);
}

/** The shell becomes the job's process, so that it gets the signals. */
function scriptOf(
  root: string,
  { artifacts, experiment, executor, entry }: SubmitOptions,
  { name, reasons }: NodeReport,
): string {
  const job: Job = {
    node: name,
    experiment: {
      ...experiment,
      ...experiment.path === undefined
        ? {}
        : { path: resolve(experiment.path) },
    },
    artifacts: resolve(artifacts),
    executor,
    force: reasons[0] === "forced",
  };
  const command = [Deno.execPath(), "run", "--quiet", "--allow-all"];
  return `#!/bin/sh
exec ${[...command, join(root, entry)].map(quoted).join(" ")} <<'END'
${canonical(job)}
END
`;
}
