/** The experiment, the nodes and the artifact folder that a command line names. */
import { join, resolve } from "@std/path";
import { inputError, suggestion } from "../base/input_error.ts";
import { statIfThere } from "../base/stat.ts";
import { quoted } from "../base/shell_word.ts";
import { checkFolder } from "../base/input_file.ts";
import {
  experimentName,
  experimentNames as namesIn,
  readExperiment,
  settingsBetween,
} from "../engine/graph/experiment.ts";
import type { Graph, Pipeline } from "../engine/graph/graph.ts";
import { ROOT } from "../engine/keys/project.ts";
import { currentExperiment } from "../engine/store/current.ts";
import { readManifest } from "../engine/store/manifest.ts";
import type { Slurm } from "../schemas/experiment/slurm.ts";
import type { Json } from "../schemas/manifest.ts";
import type { Console } from "./console/console.ts";

/** The folder of the experiments that have names. */
export const EXPERIMENTS = join(ROOT, "experiments");

/** The current experiment before the first run. */
export const FIRST_EXPERIMENT = "quick";

export interface OpenExperiment {
  readonly name: string;
  readonly path: string;
  readonly value: Json;
  /** What was set of its file's values. */
  readonly set: readonly string[];
  /** What it asks of Slurm. */
  readonly slurm: Slurm;
  readonly graph: Graph;
}

/** Reads an experiment and builds its graph; nothing is written before both are valid. */
export function openExperiment(
  pipeline: Pipeline,
  given: { readonly experiment: string; readonly set: readonly string[] },
): OpenExperiment {
  const { name, path, value, slurm, what } = readExperiment(
    EXPERIMENTS,
    given.experiment,
    given.set,
  );
  const graph = pipeline.graph(value, what);
  return { ...{ name, path, value, slurm, graph }, set: given.set };
}

/** The current experiment, as a command line names it: the last that was run in the artifact folder. */
export function currentIn(artifacts: unknown): string {
  const folder = artifactFolder(
    typeof artifacts === "string" ? artifacts : undefined,
  );
  return currentExperiment(folder, EXPERIMENTS) ?? FIRST_EXPERIMENT;
}

/** The names of the experiments that have one. */
export function experimentNames(): string[] {
  return namesIn(EXPERIMENTS);
}

/** The name of an experiment, which may be given as a file that is not there. */
export function nameOf(given: string): string {
  return statIfThere(given)?.isFile
    ? readExperiment(EXPERIMENTS, given, []).name
    : experimentName(EXPERIMENTS, given);
}

/** Says on a terminal which experiment the output is of. */
export function printExperiment(
  console: Console,
  { name }: Pick<OpenExperiment, "name">,
): void {
  if (console.size("err") === undefined) return;
  console.err(console.paint("err")("faint", `Experiment "${name}".`) + "\n");
}

/** How many settings a sentence names. */
const NAMED = 3;

/** A sentence on the values of the last run of an experiment where they are other than its own; who set some knows. */
export function otherValues(
  { name, value }: Pick<OpenExperiment, "name" | "value">,
  artifacts: string,
  set: readonly string[],
): string | undefined {
  if (set.length > 0) return undefined;
  const last = readManifest(artifacts)?.experiment;
  if (last?.name !== name) return undefined;
  const settings = settingsBetween(value, last.value);
  if (settings?.length === 0) return undefined;
  const named = settings?.slice(0, NAMED)
    .map((setting) => ` --set ${quoted(setting)}`).join("");
  const others = (settings?.length ?? 0) - NAMED;
  return `The last run had other values${
    named === undefined ? "" : `:${named}`
  }${others > 0 ? ` and ${others} more` : ""}`;
}

/** An input error unless the graph has a node of that name. */
export function checkNode(graph: Graph, name: string): void {
  if (graph.has(name)) return;
  const names = [...graph.keys()];
  const hint = suggestion(name, names).replace(/\?$/, "") ||
    `; the nodes are ${names.join(", ")}`;
  throw inputError(`Cannot find node "${name}"${hint}.`);
}

/** The artifact folder: that of the current folder unless another one is given; a task runs in the project. */
export function artifactFolder(given: string | undefined): string {
  if (given === undefined) return resolve("artifacts");
  checkFolder(
    given,
    (reason) =>
      inputError(
        `Cannot use "${given}" for artifacts: ${reason}; name another folder.`,
      ),
  );
  return given;
}
