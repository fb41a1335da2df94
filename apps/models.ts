/** Finds trained models and their tokenizers: in the last run's manifest, or in files of the user. */
import { dirname, join } from "@std/path";
import { z } from "zod";
import { statIfThere } from "../base/stat.ts";
import { openWorkspace, type Workspace } from "../engine/store/workspace.ts";
import { inputError, parse } from "../base/input_error.ts";
import { checkInput, inputText } from "../base/input_file.ts";
import { jsonIfValid, readIfThere } from "../engine/files/atomic.ts";
import { sha256 } from "../engine/files/hash.ts";
import { wordsOf } from "../nmt/export/hugging_face.ts";
import { type Reserved, reservedIn } from "../nmt/text/subwords/reserved.ts";
import { SHORTLIST_FILE } from "../nmt/shortlist/shortlist.ts";
import {
  EXPORT_PRECISIONS,
  ExportConfig,
  type ExportPrecision,
} from "../schemas/exported_model.ts";
import { Evaluation } from "../schemas/experiment/evaluation.ts";
import type { Manifest } from "../schemas/manifest.ts";
import { prefixOf, SUBWORDS, subwordsOf } from "../schemas/subwords.ts";
import { commandToRun } from "../engine/store/command_to_run.ts";
import { outdatedBy, whyOutdated } from "../engine/provenance/outdated.ts";
import { exportOf, findNode, isNode } from "./model_node.ts";
import { bestFirst, bestOf, evaluatedStudents } from "./students.ts";

/** The start of the name of a node that exports, after its language pair. */
const EXPORT_NODE = /(^|\/)export:/;

type Search = Pick<Evaluation, "beam" | "lengthPenalty">;

export interface ModelFiles {
  readonly modelPath: string;
  readonly tokenizerPath: string;
  /** The short-list that lies beside a model file. */
  readonly shortlistPath?: string;
  /** How the last run searched for its translations, where it did. */
  readonly search?: Search;
  readonly note?: string;
}

/** The folder of an exported model. */
export interface ExportFolder {
  readonly folder: string;
  readonly note?: string;
}

/** The model of a node or file, by default the best student of the last run; an export where its node's model file is not here. */
export function findModel(
  artifacts: string,
  { model, tokenizer }: {
    readonly model?: string;
    readonly tokenizer?: string;
  },
): ModelFiles | ExportFolder {
  if (model !== undefined && !isNode(artifacts, model)) {
    if (isExport(model)) return { folder: model };
    if (statIfThere(model)?.isFile) return filesBeside(model, tokenizer);
    if (EXPORT_NODE.test(model)) return findExport(artifacts, model);
  }
  const workspace = openWorkspace(artifacts);
  const hasExport = exportsOf(workspace);
  const { node, note } = findNode(
    workspace,
    model,
    (node) => isHere(workspace, node, "model") || hasExport(node),
  );
  const why = whyOutdated(workspace, node);
  if (why !== undefined) throw inputError(`Cannot use "${node}": ${why}.`);
  if (!isHere(workspace, node, "model") && hasExport(node)) {
    return { folder: outputPath(workspace, exportOf(node), "folder"), note };
  }
  const nodes = workspace.manifest?.nodes ?? {};
  return {
    note,
    modelPath: outputPath(workspace, node, "model"),
    tokenizerPath: tokenizer ??
      outputPath(workspace, subwordsOf(nodes, node) ?? node, SUBWORDS),
    search: searchOf(nodes, node),
  };
}

/** The search that an experiment evaluates or exports a model with. */
function searchOf(
  nodes: Manifest["nodes"],
  node: string,
): Search | undefined {
  const exported = exportOf(node);
  const record = nodes[exported.replace("export:", "evaluate:")] ??
    nodes[exported];
  return Searched.safeParse(record?.preimage.config).data?.evaluation;
}

/** The config of a stage that translates. */
const Searched = z.object({
  evaluation: z.object(
    Evaluation.pick({ beam: true, lengthPenalty: true }).shape,
  ),
});

/** A model file with its tokenizer and short-list. */
function filesBeside(model: string, tokenizer?: string): ModelFiles {
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

/** Whether a path is the folder of an exported model. */
function isExport(name: string): boolean {
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
  const name = model?.replace(EXPORT_NODE, "$1");
  if (
    model !== undefined && !isNode(artifacts, name ?? "") && isExport(model)
  ) return { folder: model };
  const workspace = openWorkspace(artifacts);
  const { node, note } = findNode(workspace, name, exportsOf(workspace));
  if (/(^|\/)import:imported$/.test(node)) {
    throw inputError(
      `Cannot use the export of node "${node}": an imported model that is tuned is exported by "deno task pipeline convert" alone; name the folder that it writes.`,
    );
  }
  const exported = exportOf(node);
  if (workspace.manifest?.nodes[exported] === undefined) {
    throw inputError(
      `Cannot use the export of node "${node}" of "${workspace.folder}": it is not there; run "${
        commandToRun(workspace, [exported])
      }".`,
    );
  }
  const why = whyOutdated(workspace, exported);
  if (why !== undefined) {
    throw inputError(`Cannot use "${exported}": ${why}.`);
  }
  return { folder: outputPath(workspace, exported, "folder"), note };
}

/** The folders of all exported models of the last run that are there; of every language pair the best student first. */
export function findExports(artifacts: string): string[] {
  const workspace = openWorkspace(artifacts);
  const { manifest, store, folder } = workspace;
  const nodes = manifest?.nodes ?? {};
  const outdated = outdatedBy(nodes);
  const exports = Object.keys(nodes).filter((node) =>
    EXPORT_NODE.test(node) && outdated(node) === undefined &&
    statIfThere(store.path(nodes[node].outputs.folder))?.isDirectory
  );
  const students = evaluatedStudents(workspace);
  const exported = students.filter(({ node }) =>
    exports.includes(exportOf(node))
  );
  const ranked = [...Map.groupBy(exported, ({ node }) => prefixOf(node))]
    .flatMap(([, ofPair]) => bestFirst(ofPair))
    .map(({ node }) => exportOf(node));
  if (exports.length > 0) {
    return [...new Set([...ranked, ...exports])]
      .map((node) => store.path(nodes[node].outputs.folder));
  }
  const best = students.length === 0 ? undefined : bestOf(students).node;
  throw inputError(
    `Cannot find an exported model in "${folder}"; run "${
      commandToRun(workspace, best === undefined ? [] : [exportOf(best)])
    }" first, or name the folder of one with --model.`,
  );
}

/** The path of an output that is recorded and here. */
function pathIfHere(
  { manifest, store }: Workspace,
  node: string,
  output: string,
): string | undefined {
  const artifact = manifest?.nodes[node]?.outputs[output];
  const path = artifact && store.path(artifact);
  return path !== undefined && statIfThere(path) !== undefined
    ? path
    : undefined;
}

function isHere(workspace: Workspace, node: string, output: string): boolean {
  return pathIfHere(workspace, node, output) !== undefined;
}

/** A function of a node: whether its export is here and of the model that is recorded. */
function exportsOf(workspace: Workspace): (node: string) => boolean {
  const outdated = outdatedBy(workspace.manifest?.nodes ?? {});
  return (node) => {
    const exported = exportOf(node);
    return isHere(workspace, exported, "folder") &&
      outdated(exported) === undefined;
  };
}

function outputPath(
  workspace: Workspace,
  node: string,
  output: string,
): string {
  const path = pathIfHere(workspace, node, output);
  const info = path === undefined ? undefined : statIfThere(path);
  const isDamaged = info?.isFile &&
    info.size !== workspace.manifest?.nodes[node]?.outputs[output]?.bytes;
  if (path === undefined || isDamaged) {
    const why = isDamaged ? "it is damaged" : "it is not there";
    throw inputError(
      `Cannot load the ${output} of node "${node}" from "${workspace.folder}": ${why}; ` +
        `name another model or a folder that "deno task pipeline get" wrote with --model, or make it by "${
          commandToRun(workspace, [node])
        }".`,
    );
  }
  return path;
}

/** The path of the graph that translates. @throws an input error where it is not the file of which the config tells */
export function graphIn(
  folder: string,
  precision: ExportPrecision,
  config: ExportConfig,
): string {
  const path = graphPath(folder, precision);
  checkGraph(path, hashOf(Deno.readFileSync(path)), precision, config);
  return path;
}

/** The path of a graph. @throws an input error where no file is there; it names a precision of which there is one */
export function graphPath(folder: string, precision: ExportPrecision): string {
  const pathOf = (each: ExportPrecision) =>
    join(folder, each, "translate.onnx");
  const path = pathOf(precision);
  checkInput(path, (reason) => {
    const other = EXPORT_PRECISIONS
      .find((each) => statIfThere(pathOf(each))?.isFile);
    const remedy = other === undefined
      ? "export it again"
      : `the folder has ${other}, ask for that`;
    return inputError(`Cannot use "${path}": ${reason}; ${remedy}.`);
  });
  return path;
}

/** Size and SHA-256 of a file's content. */
export function hashOf(content: Uint8Array): GraphHash {
  return { bytes: content.length, sha256: sha256(content) };
}

export interface GraphHash {
  readonly bytes: number;
  readonly sha256: string;
}

/** @throws an input error where a graph has another size or hash than its config says */
export function checkGraph(
  path: string,
  found: GraphHash,
  precision: ExportPrecision,
  config: ExportConfig,
): void {
  const expected = {
    bytes: config.bytes[precision],
    sha256: config.sha256?.[precision] ?? found.sha256,
  };
  const differs = (["bytes", "sha256"] as const)
    .find((what) => found[what] !== expected[what]);
  if (differs === undefined) return;
  const [wanted, is] = [expected[differs], found[differs]].map((value) =>
    typeof value === "number" ? `${value} bytes` : `SHA-256 ${value}`
  );
  throw damagedGraph(path, `expected ${wanted}, found ${is}`);
}

const Tokenizer = z.object({
  model: z.object({
    vocab: z.union([
      z.array(z.tuple([z.string(), z.number()])),
      z.record(z.string(), z.number()),
    ]),
  }),
});

/**
 * The path of the subwords in the folder of an exported model.
 *
 * @throws an input error where they are not there, or are others than the config says
 */
export function tokenizerIn(folder: string, config: ExportConfig): string {
  const path = join(folder, "tokenizer.json");
  const refuse = (reason: string) =>
    inputError(`Cannot use "${path}": ${reason}; export the model again.`);
  const text = inputText(path, refuse);
  const json = Tokenizer.safeParse(jsonIfValid(text)).data;
  if (json === undefined) throw refuse("it holds no subwords");
  const words = wordsOf(json.model.vocab);
  const expected = vocabularyText(config.vocabulary, {
    languages: config.sources ?? [],
    placeholders: config.placeholders?.most ?? 0,
    casing: config.casing !== undefined,
  });
  const found = vocabularyText(words.length, reservedIn((id) => words[id]));
  if (found === expected) return path;
  throw refuse(`expected ${expected} as config.json says, found ${found}`);
}

function vocabularyText(
  size: number,
  { languages, placeholders, casing }: Reserved,
): string {
  return [
    `${size} subwords`,
    ...languages.length === 0 ? [] : [`tokens of ${languages.join(" and ")}`],
    ...placeholders === 0 ? [] : [`${placeholders} placeholders`],
    ...casing ? ["marks of casing"] : [],
  ].join(" with ");
}

/** What is said of a graph that does not open, or is another than was exported. */
export function damagedGraph(path: string, reason: string): Error {
  const [line] = reason.split("\n");
  return inputError(
    `Cannot open "${path}": ${
      line.replace(/\.$/, "")
    }; it is damaged, export it again.`,
  );
}
