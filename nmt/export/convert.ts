/** Converts a public model to the folder of an exported one, without any training. */
import { basename, dirname, join, resolve } from "@std/path";
import { inputError } from "../../base/input_error.ts";
import { isFree, reasonOf, type Refuse } from "../../base/input_file.ts";
import { importedModel } from "../text/descriptors/citations.ts";
import type { Languages } from "../../schemas/experiment/data.ts";
import type { Evaluation } from "../../schemas/experiment/evaluation.ts";
import type { ExportConfig } from "../../schemas/exported_model.ts";
import { modelFiles } from "../imported/files.ts";
import { importModel } from "../imported/import.ts";
import { saveModel } from "../transformer/checkpoint.ts";
import { writeDescription, writeGraphs } from "./folder.ts";

export interface Conversion {
  /** The folder of the public model. */
  readonly model: string;
  /** A folder that is not there yet. */
  readonly out: string;
  readonly languages: Languages;
  /** What the model is called. */
  readonly name?: string;
  /** The terms of the model, where they are known. */
  readonly licence?: string;
  readonly search: Pick<Evaluation, "beam" | "lengthPenalty">;
}

export interface Converted {
  readonly config: ExportConfig;
  /** The kind of files that were read. */
  readonly format: string;
}

/**
 * Writes graphs in both precisions, subwords, configs and card, as an export has them, and beside them the weights as
 * `model.safetensors`, which `deno task translate --model` reads.
 *
 * @throws An input error where the model cannot be read or the folder is taken; nothing is written then.
 */
export async function convertModel(
  { model: folder, out, languages, name, licence, search }: Conversion,
): Promise<Converted> {
  const refuse = (reason: string) =>
    inputError(`Cannot write to "${out}": ${reason}; name a new folder.`);
  if (!isFree(out, refuse)) throw refuse("something is there already");
  const imported = importModel(modelFiles(folder));
  const { tokenizer, format, unknown } = imported;
  const system = name ?? basename(resolve(folder));
  const partial = partialFolder(out, refuse);
  try {
    const bytes = await writeGraphs(partial, imported, search.lengthPenalty);
    const subwords = join(partial, "tokenizer.json");
    await Deno.writeTextFile(subwords, tokenizer.source);
    saveModel(join(partial, "model.safetensors"), imported);
    const config = await writeDescription(partial, imported, {
      ...{ system, languages, ...search, bytes, unknown },
      tokenizer: subwords,
      data: [importedModel(system, licence)],
    });
    Deno.chmodSync(partial, 0o755);
    Deno.renameSync(partial, out);
    return { config, format };
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
