/** Leaves out of a teacher's vocabulary what the text that students learn from does not use. */
import { z } from "zod";
import { stage } from "../../engine/graph/stage.ts";

const TOKENS = "application/vnd.safetensors";

export default stage({
  name: "trim",
  module: import.meta.url,
  config: z.strictObject({
    /** Subwords to keep: all that are used, then the first of the others. */
    size: z.int(),
  }),
  inputs: {
    teacher: ["model"],
    tokens: ["tokenizer", "validation"],
    trainingData: ["train"],
  },
  outputs: {
    model: { path: "model.safetensors", mediaType: TOKENS },
    tokenizer: { path: "tokenizer.json", mediaType: "application/json" },
    train: { path: "train.safetensors", mediaType: TOKENS },
    validation: { path: "validation.safetensors", mediaType: TOKENS },
  },
  run: async ({ config, inputs, outputs, log }) => {
    const { trimmed } = await import("../../nmt/vocabulary/trimming.ts");
    const { loadModel, saveModel } = await import(
      "../../nmt/transformer/checkpoint.ts"
    );
    const { readTokens, writeTokens } = await import(
      "../../nmt/text/subwords/tokens.ts"
    );
    const { teacher, tokens, trainingData } = inputs;
    const result = trimmed({
      saved: loadModel(teacher.model, "the model of the teacher"),
      tokenizer: await Deno.readTextFile(tokens.tokenizer),
      train: readTokens(trainingData.train),
      validation: readTokens(tokens.validation),
      size: config.size,
    });
    saveModel(outputs.model, result.saved);
    await Deno.writeTextFile(outputs.tokenizer, result.tokenizer);
    writeTokens(outputs.train, result.train);
    writeTokens(outputs.validation, result.validation);
    log(`the text uses ${result.used} of ${result.before} subwords`);
    return { metrics: { vocabulary: config.size, used: result.used } };
  },
});
