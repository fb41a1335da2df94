/** The experiment, the nodes and the artifact folder that a command line names. */
import { basename, join } from "@std/path";
import { inputError, suggestion } from "../base/input_error.ts";
import { checkFolder } from "../base/input_file.ts";
import { readExperiment } from "../engine/graph/experiment.ts";
import type { Graph, Pipeline } from "../engine/graph/graph.ts";
import { ROOT } from "../engine/keys/project.ts";
import type { Json } from "../schemas/manifest.ts";
import { EXPERIMENTS } from "./options.ts";

export interface OpenExperiment {
  readonly name: string;
  readonly path: string;
  readonly value: Json;
  readonly graph: Graph;
}

/** Reads an experiment and builds its graph; nothing is written before both are valid. */
export function openExperiment(
  pipeline: Pipeline,
  given: { readonly experiment: string; readonly set: readonly string[] },
): OpenExperiment {
  const { name, path, value, what } = readExperiment(
    EXPERIMENTS,
    given.experiment,
    given.set,
  );
  return { name, path, value, graph: pipeline.graph(value, what) };
}

/** The name of an experiment, which may be given as a file. */
export function experimentName(given: string): string {
  return basename(given).replace(/\.jsonc?$/, "");
}

/** An input error unless the graph has a node of that name. */
export function checkNode(graph: Graph, name: string): void {
  if (graph.has(name)) return;
  const names = [...graph.keys()];
  const hint = suggestion(name, names).replace(/\?$/, "") ||
    `; the nodes are ${names.join(", ")}`;
  throw inputError(`Cannot find node "${name}"${hint}.`);
}

/** The artifact folder: that of the project unless another one is given. */
export function artifactFolder(given: string | undefined): string {
  if (given === undefined) return join(ROOT, "artifacts");
  checkFolder(
    given,
    (reason) =>
      inputError(
        `Cannot use "${given}" for artifacts: ${reason}; name another folder.`,
      ),
  );
  return given;
}
