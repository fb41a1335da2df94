/** Makes the folder of an exported model that has reserved subwords. */
import { join } from "@std/path";
import { writeDescription, writeGraphs } from "../../../nmt/export/folder.ts";
import { isSharedText } from "../../../nmt/export/hugging_face.ts";
import type { Reserved } from "../../../nmt/text/subwords/reserved.ts";
import { type ModelFiles, modelFiles } from "../decoding/model_files.ts";

/** How many placeholders of a line are masked. */
export const MOST = 4;

/** Lines with other placeholders, more than are masked, and none. */
export const LINES = [
  "the file {0} of %s was not found in {folder}",
  "{a} {b} {c} {d} {e}",
  "The store in iOS, URL {0}",
  "%s",
];

/** A model with random weights in a new folder `export` beside its files; `languages` are source languages, if several. */
export async function reservedExport(
  { languages = [], placeholders = 0, casing = false }: Partial<Reserved>,
): Promise<ModelFiles & { readonly folder: string }> {
  const files = await modelFiles((saved) => saved, {
    languages,
    placeholders,
    casing,
  });
  const folder = join(files.modelPath, "..", "export");
  const { saved, tokenizerPath: tokenizer } = files;
  const most = placeholders === 0 ? undefined : placeholders;
  const isShared = isSharedText({ placeholders: most, casing });
  const graphs = await writeGraphs(folder, saved, 1, undefined, isShared);
  await writeDescription(folder, saved, {
    ...{ system: "rkd", languages: { source: "pt", target: "en" } },
    ...{ beam: 2, lengthPenalty: 1, graphs, tokenizer },
    sources: languages.length === 0 ? undefined : languages,
    ...{ unknown: undefined, placeholders: most, casing, data: [] },
  });
  return { ...files, folder };
}
