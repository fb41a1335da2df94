/** Collects what every format describes: nodes, their inputs and code, when and where they ran, and the data. */
import { z } from "zod";
import { readIfThere } from "../../engine/files/atomic.ts";
import { failure } from "../../engine/files/failure.ts";
import type { Pipeline } from "../../engine/graph/graph.ts";
import { manifestPath } from "../../engine/store/manifest.ts";
import { commandToRun } from "../../engine/store/command_to_run.ts";
import { checkCoherent } from "../../engine/provenance/publish.ts";
import { select } from "../../engine/graph/selection.ts";
import { lineageOf } from "../../engine/provenance/trace.ts";
import { listingIn } from "../../engine/provenance/trust_policy.ts";
import { pathIfThere, type Source, sourceOf } from "../report/source.ts";
import {
  type Artifact,
  type Listing,
  type Manifest,
} from "../../schemas/manifest.ts";
import { pathIn } from "../../base/names.ts";
import type { Results } from "../../schemas/results.ts";
import { type DataSet, dataSetsOf } from "./data.ts";
import type { MadeNode, MadeOutput, Making } from "./made_node.ts";

export interface Described {
  readonly source: Source;
  /** The nodes of the run that belong together. */
  readonly manifest: Manifest;
  /** What is described, in the order in which it was made. */
  readonly nodes: readonly MadeNode[];
  /** These and all that they were made of, in the same order. */
  readonly lineage: readonly MadeNode[];
  /** The data that came in from outside. */
  readonly data: readonly DataSet[];
}

/** Reads only; `names` are names or globs, all nodes that have a result unless given. */
export function describe(
  pipeline: Pipeline,
  artifacts: string,
  experiment: string,
  names: readonly string[],
): Described {
  const source = sourceOf(pipeline, artifacts, experiment);
  const { graph, manifest } = source;
  const what = `the run of "${source.experiment}"`;
  checkCoherent(manifest, graph, { verb: "describe", what });
  const { asked } = select(graph, { nodes: names });
  const made = (name: string) => Object.hasOwn(manifest.nodes, name);
  const missing = [...asked].filter((name) => !made(name));
  if (missing.length > 0 && names.length > 0) {
    throw failure(
      `Cannot describe ${
        missing.join(", ")
      }: the last run has no result of it; run "${
        commandToRun(source.workspace, missing, experiment)
      }".`,
    );
  }
  const known = { path: manifestPath(source.workspace.folder), manifest };
  const lineage = new Set(
    [...asked].filter(made).flatMap((node) =>
      lineageOf({ known, node }, [known], pipeline).map(({ node }) => node)
    ),
  );
  const nodes = [...graph.keys()].filter((name) => lineage.has(name))
    .map((name) => nodeOf(source, name));
  return {
    source,
    manifest,
    nodes: nodes.filter(({ name }) => asked.has(name)),
    lineage: nodes,
    data: nodes.flatMap((node) => dataSetsOf(node)),
  };
}

function nodeOf(source: Source, name: string): MadeNode {
  const { graph, manifest, results } = source;
  const record = manifest.nodes[name];
  const paths = graph.get(name)?.stage.outputs ?? {};
  const outputs = Object.entries(record.outputs).map(
    ([output, artifact]): MadeOutput => ({
      name: output,
      path: pathIn(folderOf(name), paths[output]?.path ?? output),
      artifact,
      files: listingOf(source, artifact),
      at: pathIfThere(source, artifact),
    }),
  );
  return { name, record, outputs, making: makingOf(results, name) };
}

/** `student.rkd` of the node `student:rkd`. */
function folderOf(node: string): string {
  return node.replace(/[:/]/g, ".");
}

function listingOf(
  { workspace: { store } }: Source,
  artifact: Artifact,
): Listing | undefined {
  if (!artifact.folder) return undefined;
  const text = readIfThere(store.listingPath(artifact));
  return text === undefined ? undefined : listingIn(text);
}

function makingOf(
  { measured, machines }: Results,
  name: string,
): Making | undefined {
  const found = measured[name];
  if (found === undefined) return undefined;
  const { seconds, time, machine } = found;
  const began = new Date(Date.parse(time) - 1000 * seconds).toISOString();
  return { began, ended: time, machine: machines[machine ?? -1] };
}

/** From the first beginning to the last end of some nodes; undefined if no run recorded them. */
export function spanOf(
  nodes: readonly MadeNode[],
): Pick<Making, "began" | "ended"> | undefined {
  const makings = nodes.flatMap(({ making }) => making ?? []);
  if (makings.length === 0) return undefined;
  const [began] = makings.map(({ began }) => began).sort();
  const ended = makings.map(({ ended }) => ended).sort().at(-1) ?? began;
  return { began, ended };
}

const Ran = z.object({ deno: z.string() });

/** The version of Deno that ran some nodes, where it was one and is recorded. */
export function denoVersion(nodes: readonly MadeNode[]): string | undefined {
  const versions = new Set(
    nodes.flatMap(({ making }) =>
      Ran.safeParse(making?.machine).data?.deno ?? []
    ),
  );
  return versions.size === 1 ? [...versions][0] : undefined;
}

/** The output of a node of the lineage that an input of another was. */
export function outputOf(
  { lineage }: Pick<Described, "lineage">,
  node: string,
  output: string,
): MadeOutput | undefined {
  return lineage.find(({ name }) => name === node)?.outputs
    .find(({ name }) => name === output);
}

/** The files of an output with their paths and hashes: those of a folder where its listing is there, or the file itself. */
export function filesOf(output: MadeOutput): Listing {
  const { path, artifact: { sha256, bytes, folder }, files } = output;
  if (!folder) return [{ path, sha256, bytes }];
  return (files ?? []).map((file) => ({
    ...file,
    path: pathIn(path, file.path),
  }));
}
