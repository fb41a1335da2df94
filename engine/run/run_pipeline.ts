/** Runs a pipeline from a program, as the command line runs that of the project. */
import { inputError } from "../../base/input_error.ts";
import type { Json, Metrics } from "../../schemas/manifest.ts";
import { failure } from "../files/failure.ts";
import { EXECUTORS } from "../executors/executors.ts";
import type { Pipeline } from "../graph/graph.ts";
import { checkArtifactFolder } from "../store/artifact_folder.ts";
import { openWorkspace } from "../store/workspace.ts";
import { run } from "./runner.ts";

export interface PipelineRun {
  /** The folder of results: new, or that of an earlier run. */
  readonly artifacts: string;
  /** How the manifest calls the experiment. */
  readonly name?: string;
  /** Names or globs of nodes, which run with what they need; all unless given. */
  readonly nodes?: readonly string[];
  /** Called for each line that a stage logs. */
  log?(node: string, line: string): void;
  /** Called for each line on the run itself, such as what it waits for. */
  notice?(line: string): void;
  readonly signal?: AbortSignal;
}

/** A node that is up to date. */
export interface RanNode {
  readonly name: string;
  readonly state: "ran" | "cached";
  readonly metrics: Metrics;
  /** The path of each output: read-only, and there until garbage collection. */
  readonly outputs: Readonly<Record<string, string>>;
}

/**
 * Brings the nodes of an experiment up to date; those whose code, config and inputs are as they were are taken from the
 * artifact folder.
 *
 * @throws an input error for an experiment that the pipeline's schema refuses, the error of the first node that failed, the
 *   signal's reason, or a failure where another process has cancelled it
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { runPipeline } from "@ckd/ckd";
 * import words from "../../examples/words_pipeline.ts";
 *
 * const artifacts = Deno.makeTempDirSync();
 * Deno.writeTextFileSync(`${artifacts}.txt`, "one two\n");
 * const experiment = { files: [`${artifacts}.txt`] };
 * const [node] = await runPipeline(words, experiment, { artifacts });
 * assertEquals([node.state, node.metrics.words], ["ran", 2]);
 * ```
 */
export async function runPipeline(
  pipeline: Pipeline,
  experiment: Json,
  {
    artifacts,
    name = "experiment",
    nodes = [],
    log = () => {},
    notice = () => {},
    signal,
  }: PipelineRun,
): Promise<RanNode[]> {
  const graph = pipeline.graph(experiment, `experiment "${name}"`);
  checkArtifactFolder(artifacts);
  const ignore = () => {};
  const report = await run(graph, {
    ...{ artifacts, signal },
    experiment: { name, value: experiment },
    selection: { nodes },
    ...{ force: false, paranoid: false, shareCores: false },
    jobs: navigator.hardwareConcurrency,
    executor: EXECUTORS.local,
    watcher: {
      ...{ start: ignore, progress: ignore, end: ignore },
      ...{ log, notice },
    },
  });
  const error = report.nodes.find(({ error }) => error !== undefined)?.error;
  if (error !== undefined) {
    throw error.input ? inputError(error.message) : failure(error.message);
  }
  signal?.throwIfAborted();
  if (report.interrupted) {
    throw failure(
      `The run of experiment "${name}" was cancelled; checkpoints are kept, run it again to go on.`,
    );
  }
  const { store } = openWorkspace(artifacts);
  return report.nodes.map(({ name, state, metrics, outputs }) => ({
    ...{ name, metrics },
    state: state === "ran" ? "ran" : "cached",
    outputs: Object.fromEntries(
      Object.entries(outputs)
        .map(([output, artifact]) => [output, store.path(artifact)]),
    ),
  }));
}
