/** The files of a public model that `convert` wrote, for others: whole, with a card, under terms that allow it. */
import { join } from "@std/path";
import { inputError } from "../base/input_error.ts";
import { checkInput, inputText } from "../base/input_file.ts";
import { hashFile } from "../engine/files/hash.ts";
import { convertedFiles } from "../nmt/export/convert.ts";
import { EXPORT_PRECISIONS } from "../schemas/exported_model.ts";
import { checkGraph, readExport } from "./models.ts";
import { type Remedies, whyNotForOthers } from "./licences.ts";

/** A file, its name in the folder, SHA-256 and size. */
export interface ConvertedFile {
  readonly name: string;
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

export interface ConvertedModel {
  readonly files: readonly ConvertedFile[];
  /** What lies in the folder too, and is no part of the model. */
  readonly others: readonly string[];
}

/**
 * Checks a converted model before others get it.
 *
 * @throws an input error where a file is missing or damaged, where the licence is not stated or forbids it, and where the card
 * does not name model and licence
 */
export async function modelForOthers(folder: string): Promise<ConvertedModel> {
  const refuse = (reason: string) =>
    inputError(`Cannot push "${folder}": ${reason}.`);
  const config = readExport(folder);
  const names = convertedFiles(config);
  for (const name of names) {
    checkInput(join(folder, name), (reason) =>
      refuse(
        `expected "${name}" of a converted model in it, and ${reason}; convert it again, or name the node of an export in place of --model`,
      ));
  }
  const files = await Promise.all(
    names.toSorted().map(async (name) => {
      const path = join(folder, name);
      return { name, path, ...await hashFile(path) };
    }),
  );
  for (const precision of EXPORT_PRECISIONS) {
    const graph = files.find(({ name }) =>
      name === `${precision}/translate.onnx`
    );
    if (graph !== undefined) checkGraph(graph.path, graph, precision, config);
  }
  const terms = config.licences.length === 0
    ? [{ data: config.system, licence: "not stated" }]
    : config.licences;
  const forbidden = whyNotForOthers(terms, REMEDIES);
  if (forbidden !== undefined) throw refuse(forbidden);
  const card = inputText(join(folder, "README.md"), refuse);
  const unnamed = config.licences
    .flatMap(({ data, licence }) => [data, licence])
    .find((word) => !card.includes(word));
  if (unnamed !== undefined) {
    throw refuse(
      `its card, README.md, does not name "${unnamed}"; name the model and its licence there, or convert it again`,
    );
  }
  const own = names.map((name) => name.split("/", 1)[0]);
  const others = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => !own.includes(name)).sort();
  return { files, others };
}

const REMEDIES: Remedies = {
  unstated: "find its terms, and convert it again with --licence",
  forbidden:
    "ask its owner for other terms, and convert it again with --licence",
};
