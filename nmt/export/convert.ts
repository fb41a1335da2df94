/** Converts a public model to the folder of an exported one, without any training. */
import { basename, dirname, join, resolve } from "@std/path";
import { inputError } from "../../base/input_error.ts";
import { isFree, reasonOf, type Refuse } from "../../base/input_file.ts";
import { importedModel } from "../text/descriptors/citations.ts";
import type { Languages } from "../../schemas/experiment/data.ts";
import type { Evaluation } from "../../schemas/experiment/evaluation.ts";
import type { ExportConfig } from "../../schemas/exported_model.ts";
import type { ModelDescriptor } from "../../schemas/model_descriptor.ts";
import { modelFiles } from "../imported/files.ts";
import { importModel } from "../imported/import.ts";
import {
  findMarianShortlist,
  readMarianShortlist,
} from "../shortlist/marian.ts";
import { SHORTLIST_FILE, writeShortlist } from "../shortlist/shortlist.ts";
import { saveModel } from "../transformer/checkpoint.ts";
import { exportedFiles, writeDescription, writeGraphs } from "./folder.ts";

export interface Conversion {
  /** The folder of the public model. */
  readonly model: string;
  /** A folder that is not there yet. */
  readonly out: string;
  readonly languages: Languages;
  /** What the model is called; by default as it was. */
  readonly name?: string;
  /** What it was called, and what it is, where it is described; by default the name of its folder. */
  readonly source?: Pick<ModelDescriptor, "name" | "description">;
  /** The terms of the model, where they are known. */
  readonly licence?: string;
  readonly search: Pick<Evaluation, "beam" | "lengthPenalty">;
  /** Whether the short-list of the folder is used, if there is one; by default it is. */
  readonly usesShortlist?: boolean;
}

/** The file of the weights beside the graphs. */
const WEIGHTS = "model.safetensors";

/** The files of a converted model, by their paths in its folder. */
export function convertedFiles(config: ExportConfig): string[] {
  const listed = config.shortlist === undefined ? [] : [SHORTLIST_FILE];
  return [...exportedFiles(config), WEIGHTS, ...listed];
}

export interface Converted {
  readonly config: ExportConfig;
  /** The kind of files that were read. */
  readonly format: string;
  /** The file of the short-list that was read. */
  readonly shortlist?: string;
}

/**
 * Writes graphs in both precisions, subwords, configs and card, as an export has them, and beside them the weights as
 * `model.safetensors`, which `deno task translate --model` reads. A short-list becomes part of the graphs that translate, and
 * `shortlist.safetensors` beside the weights.
 *
 * @throws An input error where the model cannot be read or the folder is taken; nothing is written then.
 */
export async function convertModel(
  { model: folder, out, languages, name, licence, search, ...more }: Conversion,
): Promise<Converted> {
  const refuse = (reason: string) =>
    inputError(`Cannot write to "${out}": ${reason}; name a new folder.`);
  if (!isFree(out, refuse)) throw refuse("something is there already");
  const imported = importModel(modelFiles(folder));
  const { tokenizer, format, unknown } = imported;
  const { usesShortlist = true } = more;
  const listed = usesShortlist ? findMarianShortlist(folder) : undefined;
  const shortlist = listed === undefined
    ? undefined
    : readMarianShortlist(listed, imported);
  const { source = { name: basename(resolve(folder)) } } = more;
  const system = name ?? source.name;
  const partial = partialFolder(out, refuse);
  try {
    const graphs = await writeGraphs(
      partial,
      imported,
      search.lengthPenalty,
      shortlist,
    );
    const subwords = join(partial, "tokenizer.json");
    await Deno.writeTextFile(subwords, tokenizer.source);
    saveModel(join(partial, WEIGHTS), imported);
    if (shortlist !== undefined) {
      writeShortlist(join(partial, SHORTLIST_FILE), shortlist);
    }
    const config = await writeDescription(partial, imported, {
      ...{ system, languages, ...search, graphs, unknown, shortlist },
      tokenizer: subwords,
      data: [importedModel(source, licence)],
    });
    Deno.chmodSync(partial, 0o755);
    Deno.renameSync(partial, out);
    return { config, format, shortlist: listed };
  } catch (error) {
    Deno.removeSync(partial, { recursive: true });
    throw error;
  }
}

/** A new folder beside the one that it will become. */
function partialFolder(out: string, refuse: Refuse): string {
  const parent = dirname(resolve(out));
  try {
    Deno.mkdirSync(parent, { recursive: true });
    return Deno.makeTempDirSync({ dir: parent, suffix: ".tmp" });
  } catch (error) {
    throw refuse(reasonOf(error));
  }
}
