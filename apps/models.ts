/** Finds trained models and their tokenizers: in the last run's manifest, or in files of the user. */
import { dirname, join } from "@std/path";
import { statIfThere } from "../base/stat.ts";
import { openWorkspace, type Workspace } from "../engine/store/workspace.ts";
import { inputError, suggestion } from "../base/input_error.ts";
import { SHORTLIST_FILE } from "../nmt/shortlist/shortlist.ts";

export interface ModelFiles {
  readonly modelPath: string;
  readonly tokenizerPath: string;
  /** The short-list that lies beside a model file. */
  readonly shortlistPath?: string;
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
  const node = model === undefined
    ? bestStudent(workspace)
    : modelNode(workspace, model);
  return {
    modelPath: outputPath(workspace, node, "model"),
    tokenizerPath: tokenizer ??
      outputPath(workspace, subwordsNode(workspace, node), "tokenizer"),
  };
}

/** The node with the subwords of a model: an imported model has its own, any other was trained on tokens of theirs. */
function subwordsNode({ manifest }: Workspace, node: string): string {
  const { inputs, outputs } = manifest?.nodes[node] ?? {};
  if (outputs !== undefined && "tokenizer" in outputs) return node;
  return inputs?.tokens ?? `${prefixOf(node)}tokenize`;
}

/** What the models of the last run may be called, the shortest name of each. */
export function modelNames(artifacts: string): string[] {
  const nodes = openWorkspace(artifacts).manifest?.nodes ?? {};
  return Object.keys(nodes).filter(isSystem).map(shortName);
}

/** The folder of an exported model: one that is named, that of a node, by default that of the best student. */
export function findExport(artifacts: string, model?: string): string {
  if (model !== undefined && statIfThere(join(model, "config.json"))?.isFile) {
    return model;
  }
  const workspace = openWorkspace(artifacts);
  const node = model === undefined
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
  return outputPath(workspace, exported, "folder");
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
  const [best] = evaluatedStudents(workspace);
  throw inputError(
    `Cannot find an exported model in "${folder}"; run "deno task pipeline${
      best === undefined ? "" : ` run ${exportOf(best)}`
    }" first, or name the folder of one with --model.`,
  );
}

/** The student with the highest BLEU of the one language pair that there is. */
function bestStudent(workspace: Workspace): string {
  const students = evaluatedStudents(workspace);
  if (students.length === 0) {
    throw inputError(
      `Cannot find a student in "${workspace.folder}"; run "deno task pipeline" first, or name a model with --model.`,
    );
  }
  const best = [...Map.groupBy(students, prefixOf).values()]
    .map(([student]) => student);
  if (best.length > 1) {
    throw inputError(
      `Cannot tell which language pair of "${workspace.folder}" to translate; name a model with --model, ` +
        `the best of each pair is ${best.map(shortName).sort().join(", ")}.`,
    );
  }
  return best[0];
}

/** The nodes of students evaluated on the test set of their pair, the highest BLEU first. */
function evaluatedStudents({ manifest }: Workspace): string[] {
  return Object.entries(manifest?.nodes ?? {})
    .flatMap(([name, { inputs, metrics }]) => {
      const student = Object.values(inputs)
        .find((input) => /(^|\/)student:/.test(input));
      const bleu = Number(metrics.bleu);
      return student !== undefined && /(^|\/)evaluate:/.test(name) &&
          prefixOf(student) === prefixOf(name) && Number.isFinite(bleu)
        ? [{ student, bleu }]
        : [];
    })
    .sort((a, b) => b.bleu - a.bleu)
    .map(({ student }) => student);
}

/** The node with a model that a name means; of the seeds of a student, the one with the highest BLEU. */
function modelNode(workspace: Workspace, name: string): string {
  const nodes = workspace.manifest?.nodes ?? {};
  const models = Object.keys(nodes).filter(isSystem);
  if (models.includes(name)) return name;
  const meant = models.filter((node) => spellings(node).includes(name));
  if (meant.length === 0) {
    const hint =
      suggestion(name, models.flatMap(spellings)).replace(/\?$/, "") ||
      `; there are ${models.join(", ") || "none"}`;
    throw inputError(
      `Cannot find model "${name}": it is neither a file nor a node of the last run that has a model${hint}.`,
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
  if (meant.length === 1) return meant[0];
  const best = evaluatedStudents(workspace).find((student) =>
    meant.includes(student)
  );
  if (best === undefined) {
    throw inputError(
      `Cannot tell which model "${name}" is meant, none of its seeds is evaluated; name ${
        meant.map(shortName).join(" or ")
      }.`,
    );
  }
  return best;
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
