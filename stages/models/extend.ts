/** Adds to an imported model the characters of the training text that its vocabulary lacks, for training to learn. */
import { z } from "zod";
import { stage } from "../../engine/graph/stage.ts";

export default stage({
  name: "extend",
  module: import.meta.url,
  config: z.strictObject({
    /** How many, the most frequent ones. */
    characters: z.int().min(1),
  }),
  inputs: { imported: ["model", "tokenizer"], corpus: ["train"] },
  outputs: {
    model: {
      path: "model.safetensors",
      mediaType: "application/vnd.safetensors",
    },
    tokenizer: { path: "tokenizer.json", mediaType: "application/json" },
  },
  run: async ({ config, inputs, outputs, log }) => {
    const { extended } = await import("../../nmt/vocabulary/extension.ts");
    const { loadModel, saveModel } = await import(
      "../../nmt/transformer/checkpoint.ts"
    );
    const { sidesOf } = await import("../../nmt/text/subwords/tokenize.ts");
    const { imported, corpus } = inputs;
    const result = await extended({
      saved: loadModel(imported.model, "the imported model"),
      tokenizer: await Deno.readTextFile(imported.tokenizer),
      lines: sidesOf(corpus.train),
      characters: config.characters,
    });
    saveModel(outputs.model, result.saved);
    await Deno.writeTextFile(outputs.tokenizer, result.tokenizer);
    log(`added ${result.added.join(" ")}`);
    return { metrics: { vocabulary: result.saved.vocabulary } };
  },
});
