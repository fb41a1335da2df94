/** Makes the folder of an exported model that masks placeholders. */
import { join } from "@std/path";
import { writeDescription, writeGraphs } from "../../../nmt/export/folder.ts";
import {
  type ModelFiles,
  modelFiles as filesOf,
} from "../decoding/model_files.ts";

/** How many placeholders of a line it masks. */
export const MOST = 4;

/** Lines with other placeholders, more than are masked, and none. */
export const LINES = [
  "the file {0} of %s was not found in {folder}",
  "{a} {b} {c} {d} {e}",
  "the store",
  "%s",
];

/** A model with random weights in a new folder `export` beside its files. */
export async function maskedExport(): Promise<
  ModelFiles & { readonly folder: string }
> {
  const files = await filesOf((saved) => saved, MOST);
  const folder = join(files.modelPath, "..", "export");
  const { saved, tokenizerPath: tokenizer } = files;
  const bytes = await writeGraphs(folder, saved, 1, undefined, MOST);
  await writeDescription(folder, saved, {
    ...{ system: "rkd", languages: { source: "pt", target: "en" } },
    ...{ beam: 2, lengthPenalty: 1, bytes, tokenizer },
    ...{ unknown: undefined, placeholders: MOST, data: [] },
  });
  return { ...files, folder };
}
