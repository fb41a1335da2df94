/** Joins training pairs with the teacher's translations of text that has none. */
import { z } from "zod";
import { stage } from "../engine/graph/stage.ts";

export default stage({
  name: "mixture",
  module: import.meta.url,
  config: z.strictObject({}),
  inputs: { pairs: ["train"], monolingual: ["train"] },
  outputs: {
    train: {
      path: "train.safetensors",
      mediaType: "application/vnd.safetensors",
    },
  },
  run: async ({ inputs, outputs }) => {
    const { joinTokens, readTokens, writeTokens } = await import(
      "../nmt/text/subwords/tokens.ts"
    );
    const { pairs, monolingual } = inputs;
    const tokens = joinTokens(
      [pairs.train, monolingual.train].map(readTokens),
    );
    writeTokens(outputs.train, tokens);
    return { metrics: { pairs: tokens.pairs } };
  },
});
