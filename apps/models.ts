/** Finds trained models and their tokenizers: in the last run's manifest, or in files of the user. */
import { dirname, join } from "@std/path";
import { statIfThere } from "../base/stat.ts";
import { openWorkspace, type Workspace } from "../engine/store/workspace.ts";
import { inputError, parse, suggestion } from "../base/input_error.ts";
import { checkInput } from "../base/input_file.ts";
import { jsonIfValid, readIfThere } from "../engine/files/atomic.ts";
import { SHORTLIST_FILE } from "../nmt/shortlist/shortlist.ts";
import {
  ExportConfig,
  type ExportPrecision,
} from "../schemas/exported_model.ts";
import { SUBWORDS, subwordsOf } from "../schemas/subwords.ts";

export interface ModelFiles {
  readonly modelPath: string;
  readonly tokenizerPath: string;
  /** The short-list that lies beside a model file. */
  readonly shortlistPath?: string;
  readonly note?: string;
}

/** The folder of an exported model. */
export interface ExportFolder {
  readonly folder: string;
  readonly note?: string;
}

/** A node with a model. */
interface Found {
  readonly node: string;
  /** Says which of several students it is and why; undefined where it was named. */
  readonly note?: string;
}

/** The model of a node or file, by default the best student of the last run. */
export function findModel(
  artifacts: string,
  given: { readonly model?: string; readonly tokenizer?: string },
): ModelFiles {
  const { model, tokenizer } = given;
  if (model !== undefined && statIfThere(model)?.isFile) {
    const tokenizerPath = tokenizer ?? join(dirname(model), "tokenizer.json");
    if (!statIfThere(tokenizerPath)?.isFile) {
      throw inputError(
        `Cannot find the tokenizer of "${model}" at "${tokenizerPath}"; name it with --tokenizer.`,
      );
    }
    const shortlist = join(dirname(model), SHORTLIST_FILE);
    return {
      modelPath: model,
      tokenizerPath,
      ...statIfThere(shortlist)?.isFile ? { shortlistPath: shortlist } : {},
    };
  }
  const workspace = openWorkspace(artifacts);
  const { node, note } = model === undefined
    ? bestStudent(workspace)
    : modelNode(workspace, model);
  const nodes = workspace.manifest?.nodes ?? {};
  return {
    note,
    modelPath: outputPath(workspace, node, "model"),
    tokenizerPath: tokenizer ??
      outputPath(workspace, subwordsOf(nodes, node) ?? node, SUBWORDS),
  };
}

/** What the models of the last run may be called, the shortest name of each. */
export function modelNames(artifacts: string): string[] {
  const nodes = openWorkspace(artifacts).manifest?.nodes ?? {};
  return Object.keys(nodes).filter(isSystem).map(shortName);
}

/** Whether a name is the folder of an exported model. */
export function isExport(name: string): boolean {
  return statIfThere(join(name, "config.json"))?.isFile ?? false;
}

/** What `config.json` in the folder of an exported model says. */
export function readExport(folder: string): ExportConfig {
  const path = join(folder, "config.json");
  const text = readIfThere(path);
  if (text === undefined) {
    throw inputError(
      `Cannot use the exported model "${folder}": expected config.json in it, found none.`,
    );
  }
  return parse(ExportConfig, jsonIfValid(text), `"${path}"`);
}

/** The folder of an exported model: one that is named, that of a node, by default that of the best student. */
export function findExport(artifacts: string, model?: string): ExportFolder {
  if (model !== undefined && isExport(model)) return { folder: model };
  const workspace = openWorkspace(artifacts);
  const { node, note } = model === undefined
    ? bestStudent(workspace)
    : modelNode(workspace, model.replace(/(^|\/)export:/, "$1"));
  if (/(^|\/)import:imported$/.test(node)) {
    throw inputError(
      `Cannot serve node "${node}": an imported model that is tuned is exported by "deno task pipeline convert" alone; name the folder that it writes.`,
    );
  }
  const exported = exportOf(node);
  if (workspace.manifest?.nodes[exported] === undefined) {
    throw inputError(
      `Cannot serve node "${node}" of "${workspace.folder}": it is not exported; run "deno task pipeline run ${exported}".`,
    );
  }
  return { folder: outputPath(workspace, exported, "folder"), note };
}

/** The folders of all exported models of the last run that are there, of every language pair. */
export function findExports(artifacts: string): string[] {
  const workspace = openWorkspace(artifacts);
  const { manifest, store, folder } = workspace;
  const found = Object.entries(manifest?.nodes ?? {})
    .filter(([node]) => /(^|\/)export:/.test(node))
    .map(([, { outputs }]) => store.path(outputs.folder))
    .filter((path) => statIfThere(path)?.isDirectory);
  if (found.length > 0) return found;
  const students = evaluatedStudents(workspace);
  const best = students.length === 0 ? undefined : bestOf(students).node;
  throw inputError(
    `Cannot find an exported model in "${folder}"; run "deno task pipeline${
      best === undefined ? "" : ` run ${exportOf(best)}`
    }" first, or name the folder of one with --model.`,
  );
}

/** The best student of the one language pair that there is. */
function bestStudent(workspace: Workspace): Found {
  const best = bestStudents(workspace);
  if (best.length === 0) {
    throw inputError(
      `Cannot find a student in "${workspace.folder}"; run "deno task pipeline" first, or name a model with --model.`,
    );
  }
  if (best.length > 1) {
    throw inputError(
      `Cannot tell which language pair of "${workspace.folder}" to translate; name a model with --model, ` +
        `the best of each pair is ${
          best.map(({ node }) => shortName(node)).sort().join(", ")
        }.`,
    );
  }
  return found(best[0]);
}

/** A student that is better than the others by some BLEU. */
export interface BestStudent {
  readonly node: string;
  readonly bleu: number;
  /** On the test set where not all students have a validation BLEU. */
  readonly isValidated: boolean;
  /** How many students it is the best of, one a seed. */
  readonly of: number;
}

/** The best student of each language pair. */
export function bestStudents(
  workspace: Pick<Workspace, "manifest">,
): BestStudent[] {
  const students = evaluatedStudents(workspace);
  return [...Map.groupBy(students, ({ node }) => prefixOf(node)).values()]
    .map(bestOf);
}

/** A student that is evaluated on the test set of its pair. */
interface Student {
  readonly node: string;
  /** BLEU; on the validation pairs where its training recorded it. */
  readonly validation?: number;
  readonly test: number;
}

function evaluatedStudents(
  { manifest }: Pick<Workspace, "manifest">,
): Student[] {
  const nodes = manifest?.nodes ?? {};
  return Object.entries(nodes).flatMap(([name, { inputs, metrics }]) => {
    const node = Object.values(inputs)
      .find((input) => /(^|\/)student:/.test(input));
    const test = Number(metrics.bleu);
    if (
      node === undefined || !/(^|\/)evaluate:/.test(name) ||
      prefixOf(node) !== prefixOf(name) || !Number.isFinite(test)
    ) return [];
    const validation = nodes[node]?.metrics.validationBleu;
    return typeof validation === "number"
      ? [{ node, validation, test }]
      : [{ node, test }];
  });
}

/** The best of one student or more: by validation BLEU, or by that of the test set where one has no other. */
function bestOf(students: readonly Student[]): BestStudent {
  const isValidated = students.every(({ validation }) =>
    validation !== undefined
  );
  const bleu = ({ validation, test }: Student) =>
    isValidated ? validation ?? test : test;
  const [best] = students.toSorted((a, b) => bleu(b) - bleu(a));
  return {
    node: best.node,
    bleu: bleu(best),
    isValidated,
    of: students.length,
  };
}

function found({ node, bleu, isValidated, of }: BestStudent): Found {
  const by = isValidated ? "validation BLEU" : "BLEU on the test set";
  const why = isValidated ? "" : ", as not all have a validation BLEU";
  const note = of === 1
    ? "the only student that is evaluated"
    : `the best of ${of} by ${by}, ${bleu.toFixed(2)}${why}`;
  return { node, note: `Model: ${node}, ${note}.` };
}

/** The node with a model that a name means; of the seeds of a student, the best one. */
function modelNode(workspace: Workspace, name: string): Found {
  const nodes = workspace.manifest?.nodes ?? {};
  const models = Object.keys(nodes).filter(isSystem);
  if (models.includes(name)) return { node: name };
  const meant = models.filter((node) => spellings(node).includes(name));
  if (meant.length === 0) {
    const hint =
      suggestion(name, models.flatMap(spellings)).replace(/\?$/, "") ||
      `; there are ${models.join(", ") || "none"}`;
    throw inputError(
      `Cannot find model "${name}": it is neither a file, the folder of an export nor a node of the last run that has a model${hint}.`,
    );
  }
  const prefixes = new Set(meant.map(prefixOf));
  if (prefixes.size > 1) {
    const choices = [...prefixes].map((prefix) => `${prefix}${name}`);
    throw inputError(
      `Cannot tell which model "${name}" is meant, several language pairs have one; name ${
        choices.join(" or ")
      }.`,
    );
  }
  if (meant.length === 1) return { node: meant[0] };
  const seeds = evaluatedStudents(workspace)
    .filter(({ node }) => meant.includes(node));
  if (seeds.length === 0) {
    throw inputError(
      `Cannot tell which model "${name}" is meant, none of its seeds is evaluated; name ${
        meant.map(shortName).join(" or ")
      }.`,
    );
  }
  return found(bestOf(seeds));
}

/** `pt-en/` of a node in a language pair, else nothing. */
function prefixOf(node: string): string {
  return node.slice(0, node.lastIndexOf("/") + 1);
}

/** The node that exports the model of a node. */
function exportOf(node: string): string {
  const prefix = prefixOf(node);
  return `${prefix}export:${shortName(node).slice(prefix.length)}`;
}

/** Whether a node has a model to translate with, and not one on the way to it. */
function isSystem(node: string): boolean {
  return /(^|\/)(teacher$|(student|import):)/.test(node);
}

function shortName(node: string): string {
  return node.replace(/(^|\/)(student|import):/, "$1");
}

/** What a node may be called: its name with or without the pair, the word "student:" or "import:", and the seed. */
function spellings(node: string): string[] {
  const names = [node, shortName(node)];
  const withoutSeed = names.map((name) => name.split("@", 1)[0]);
  return [...names, ...withoutSeed].flatMap((name) => [
    name,
    name.slice(prefixOf(name).length),
  ]);
}

function outputPath(
  workspace: Workspace,
  node: string,
  output: string,
): string {
  const artifact = workspace.manifest?.nodes[node]?.outputs[output];
  const path = artifact && workspace.store.path(artifact);
  if (path === undefined || statIfThere(path) === undefined) {
    throw inputError(
      `Cannot load the ${output} of node "${node}" from "${workspace.folder}": it is not there; ` +
        'run "deno task pipeline".',
    );
  }
  return path;
}

/** The path of the graph that translates. @throws an input error where it is no file */
export function graphIn(folder: string, precision: ExportPrecision): string {
  const path = join(folder, precision, "translate.onnx");
  checkInput(
    path,
    (reason) => inputError(`Cannot use "${path}": ${reason}.`),
  );
  return path;
}
