/** Finds what to report: the last run in the artifact folder, else the experiment's committed results. */
import { join } from "@std/path";
import { commandToRun } from "../../engine/store/command_to_run.ts";
import { statIfThere } from "../../base/stat.ts";
import {
  readExperiment,
  settingsBetween,
} from "../../engine/graph/experiment.ts";
import type { Graph, Pipeline } from "../../engine/graph/graph.ts";
import { readCached } from "../../engine/store/manifest.ts";
import {
  readRuns,
  type RecordedRun,
  withCutOff,
} from "../../engine/store/run_log.ts";
import { ROOT } from "../../engine/keys/project.ts";
import { openWorkspace, type Workspace } from "../../engine/store/workspace.ts";
import { committedFolder, readResults } from "../results/committed.ts";
import { gather } from "../results/gather.ts";
import { inputError } from "../../base/input_error.ts";
import type { Artifact, Manifest } from "../../schemas/manifest.ts";
import type { Results } from "../../schemas/results.ts";

export interface Source {
  readonly experiment: string;
  /** The experiment as `--experiment` takes it. */
  readonly given: string;
  /** Each a value of `--set`, for the experiment as it was run where its file has others. */
  readonly settings: readonly string[];
  readonly workspace: Workspace;
  /** Of the experiment as it was run. */
  readonly graph: Graph;
  /** The nodes that were made of each other and for this graph. */
  readonly manifest: Manifest;
  readonly results: Results;
  /** Nodes that have a result of another content or config than this graph asks for. */
  readonly outdated: ReadonlySet<string>;
  /** The last run of the experiment here; undefined for committed results. */
  readonly run?: RecordedRun;
  /** The runs recorded here that made what is shown, oldest first. */
  readonly makers: readonly string[];
  /** This run after those that were cut off before it. */
  readonly pieces: readonly RecordedRun[];
}

/** Reads only. An input error where the folder has neither a run of the experiment nor results that are committed. */
export function sourceOf(
  pipeline: Pipeline,
  artifacts: string,
  given: string,
): Source {
  const { name, value, what } = readExperiment(
    join(ROOT, "experiments"),
    given,
    [],
  );
  const workspace = openWorkspace(artifacts);
  const last = workspace.manifest;
  const isOfLast = last?.experiment.name === name;
  const runs = readRuns(workspace.folder);
  const run = isOfLast
    ? runs.findLast(({ experiment }) => experiment === name)
    : undefined;
  const committed = run === undefined
    ? readResults(artifacts, name)
    : undefined;
  if (isOfLast) {
    // The file may have changed since the run, and its order is the one that a reader expects.
    const graph = pipeline.graph(last.experiment.value, what);
    const order = [...pipeline.graph(value, what).keys()];
    const { results, manifest } = gather(workspace, last, graph, order);
    // In a clone the manifest is there, and nothing that a run measured.
    const isClone = committed !== undefined &&
      Object.entries(manifest.nodes).every(([node, { key }]) =>
        committed.manifest.nodes[node]?.key === key
      );
    if (!isClone) {
      const outdated = Object.keys(last.nodes)
        .filter((node) => graph.has(node) && !(node in manifest.nodes));
      return {
        experiment: name,
        given,
        settings: settingsBetween(value, last.experiment.value) ?? [],
        workspace,
        graph,
        manifest,
        results,
        outdated: new Set(outdated),
        run,
        makers: makersOf(workspace.folder, manifest, runs),
        pieces: run === undefined ? [] : withCutOff(runs, run),
      };
    }
  }
  if (committed === undefined) {
    throw inputError(
      `Cannot report on "${name}": ${
        last === undefined
          ? `nothing was run in "${artifacts}"`
          : `the last run in "${artifacts}" was of "${last.experiment.name}"`
      }, and no results are committed in "${
        committedFolder(artifacts, name)
      }"; run "${commandToRun(workspace, [], given)}".`,
    );
  }
  const { manifest, results } = committed;
  return {
    experiment: name,
    given,
    settings: settingsBetween(value, manifest.experiment.value) ?? [],
    workspace,
    graph: pipeline.graph(manifest.experiment.value, what),
    manifest,
    results,
    outdated: new Set(),
    makers: [],
    pieces: [],
  };
}

function makersOf(
  folder: string,
  { nodes }: Manifest,
  runs: readonly RecordedRun[],
): string[] {
  const made = new Set(
    Object.values(nodes).map(({ key }) => readCached(folder, key)?.run),
  );
  return runs.map(({ run }) => run).filter((run) => made.has(run));
}

/** Where the bytes of an artifact lie, or undefined where they are gone. */
export function pathIfThere(
  { workspace }: Source,
  artifact: Artifact | undefined,
): string | undefined {
  const path = artifact && workspace.store.path(artifact);
  return path !== undefined && statIfThere(path) !== undefined
    ? path
    : undefined;
}

/** The same of an output of the node behind an input of a node. */
export function inputPath(
  source: Source,
  node: string,
  input: string,
  output: string,
): string | undefined {
  const behind = source.graph.get(node)?.inputs[input] ?? "";
  return pathIfThere(source, source.manifest.nodes[behind]?.outputs[output]);
}

export interface Validation {
  /** The tokens of the validation pairs. */
  readonly validation: string;
  /** The subwords that they are in. */
  readonly tokenizer: string;
}

/**
 * Where the validation pairs lie, in the subwords that a model is evaluated with; undefined where they are gone. With a
 * trimmed vocabulary, a student has other ids than its teacher for the same subwords.
 */
export function validationOf(
  source: Source,
  model: string,
): Validation | undefined {
  const evaluation = [...source.graph.values()].find(({ stage, inputs }) =>
    stage.name === "evaluate" && inputs.model === model
  );
  if (evaluation === undefined) return undefined;
  const path = (output: string) =>
    inputPath(source, evaluation.name, "tokens", output);
  const [validation, tokenizer] = [path("validation"), path("tokenizer")];
  return validation === undefined || tokenizer === undefined
    ? undefined
    : { validation, tokenizer };
}
