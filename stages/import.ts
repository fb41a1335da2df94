/** Imports a public model and its subwords, in place of a teacher that is trained. */
import { z } from "zod";
import { stage } from "../engine/graph/stage.ts";
import { Model } from "../schemas/experiment/model.ts";
import { modelFiles } from "../nmt/imported/files.ts";

export default stage({
  name: "import",
  module: import.meta.url,
  config: z.strictObject({
    folder: z.string(),
    /** What the model has to be. */
    model: Model,
    vocabulary: z.int(),
  }),
  inputs: {},
  outputs: {
    model: {
      path: "model.safetensors",
      mediaType: "application/vnd.safetensors",
    },
    tokenizer: { path: "tokenizer.json", mediaType: "application/json" },
  },
  files: ({ folder }) => modelFiles(folder),
  requires: async ({ folder, ...expected }) => {
    const { checkFolder } = await import("../nmt/imported/import.ts");
    checkFolder(folder, expected);
  },
  run: async ({ config, files, outputs, log }) => {
    const { importModel } = await import("../nmt/imported/import.ts");
    const { checkModel } = await import("../nmt/imported/files.ts");
    const { saveModel } = await import("../nmt/transformer/checkpoint.ts");
    const { parameterCount, parameterShapes } = await import(
      "../nmt/transformer/parameters.ts"
    );
    const imported = importModel(Object.keys(files), files);
    checkModel(config.folder, imported, config);
    const { dropout } = config.model;
    const model = { ...imported.model, dropout };
    saveModel(outputs.model, { ...imported, model });
    const { known, vocabulary, tokenizer: { source, target } } = imported;
    const tokenizer = JSON.stringify({
      ...JSON.parse(source),
      ...target === undefined ? {} : { target: JSON.parse(target) },
      ...known === vocabulary ? {} : { known },
    });
    await Deno.writeTextFile(outputs.tokenizer, tokenizer);
    log(`${imported.format}, ${imported.vocabulary} subwords`);
    return {
      metrics: {
        format: imported.format,
        parameters: parameterCount(
          parameterShapes(model, imported.vocabulary),
        ),
        vocabulary: imported.vocabulary,
      },
    };
  },
});
