/** Imports a public model and its subwords, in place of a teacher that is trained. */
import { join } from "@std/path";
import { z } from "zod";
import { stage } from "../../engine/graph/stage.ts";
import { Model } from "../../schemas/experiment/model.ts";
import { modelFiles } from "../../nmt/imported/files.ts";

export default stage({
  name: "import",
  module: import.meta.url,
  config: z.strictObject({
    /** A folder, or a descriptor whose files are the input `release`. */
    from: z.union([z.string(), z.strictObject({ descriptor: z.string() })]),
    /** What the model has to be. */
    model: Model,
    vocabulary: z.int(),
  }),
  inputs: { release: ["files"] },
  optional: ["release"],
  outputs: {
    model: {
      path: "model.safetensors",
      mediaType: "application/vnd.safetensors",
    },
    tokenizer: { path: "tokenizer.json", mediaType: "application/json" },
  },
  files: ({ from }) => typeof from === "string" ? modelFiles(from) : [],
  requires: async ({ from, ...expected }) => {
    if (typeof from !== "string") return;
    const { checkFolder } = await import("../../nmt/imported/import.ts");
    checkFolder(from, expected);
  },
  run: async ({ config, inputs, files, outputs, log }) => {
    const { importModel, storedTokenizer } = await import(
      "../../nmt/imported/import.ts"
    );
    const { checkModel } = await import("../../nmt/imported/files.ts");
    const { saveModel } = await import("../../nmt/transformer/checkpoint.ts");
    const { parametersOf } = await import(
      "../../nmt/transformer/parameters.ts"
    );
    const { release } = inputs;
    const imported = release === undefined
      ? importModel(Object.keys(files), files)
      : importModel(modelFiles(onlyFolderIn(release.files)));
    const { from } = config;
    checkModel(
      typeof from === "string" ? from : from.descriptor,
      imported,
      config,
    );
    const { dropout } = config.model;
    const model = { ...imported.model, dropout };
    saveModel(outputs.model, { ...imported, model });
    await Deno.writeTextFile(outputs.tokenizer, storedTokenizer(imported));
    log(`${imported.format}, ${imported.vocabulary} subwords`);
    return {
      metrics: {
        format: imported.format,
        parameters: parametersOf(imported),
        vocabulary: imported.vocabulary,
      },
    };
  },
});

/** The folder of the one descriptor whose files were fetched. */
function onlyFolderIn(files: string): string {
  const [{ name }] = Deno.readDirSync(files);
  return join(files, name);
}
