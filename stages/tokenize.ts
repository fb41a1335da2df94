/** Trains the subwords on the train set, unless an imported model has its own, and tokenizes train and validation. */
import { stage } from "../engine/graph/stage.ts";
import { z } from "zod";
import { Language } from "../schemas/language.ts";
import { Vocabulary } from "../schemas/experiment/vocabulary.ts";
import { SUBWORDS_PERMISSIONS } from "../nmt/text/subwords/permissions.ts";

const TOKENS = "application/vnd.safetensors";

export default stage({
  name: "tokenize",
  module: import.meta.url,
  config: Vocabulary.extend({
    /** The source languages, where there are several: the source of each pair begins with the token of its own. */
    languages: z.array(Language).min(2).optional(),
  }),
  inputs: { corpus: ["train", "validation"], imported: ["tokenizer"] },
  optional: ["imported"],
  outputs: {
    tokenizer: { path: "tokenizer.json", mediaType: "application/json" },
    train: { path: "train.safetensors", mediaType: TOKENS },
    validation: { path: "validation.safetensors", mediaType: TOKENS },
  },
  permissions: SUBWORDS_PERMISSIONS,
  resources: { cores: "all" },
  run: async ({ config, inputs, outputs }) => {
    const { loadSubwords, trainSubwords } = await import(
      "../nmt/text/subwords/subwords.ts"
    );
    const { sidesOf, tokenize } = await import(
      "../nmt/text/subwords/tokenize.ts"
    );
    const { writeTokens } = await import("../nmt/text/subwords/tokens.ts");
    const { corpus, imported } = inputs;
    const { tokenizer } = outputs;
    if (imported !== undefined) {
      await Deno.copyFile(imported.tokenizer, tokenizer);
    } else {
      const { size, languages = [], placeholders = 0 } = config;
      const casing = config.casing !== undefined;
      const reserved = { languages, placeholders, casing };
      const lines = sidesOf(corpus.train, reserved);
      await trainSubwords(lines, size, tokenizer, reserved);
    }
    const subwords = await loadSubwords(outputs.tokenizer);
    const metrics: Record<string, number> = { vocabulary: subwords.size };
    for (const part of ["train", "validation"] as const) {
      const { tokens, dropped, differing } = await tokenize(
        corpus[part],
        subwords,
        config.maximumLength,
        part,
      );
      writeTokens(outputs[part], tokens);
      metrics[`${part}Pairs`] = tokens.pairs;
      metrics[`${part}TooLong`] = dropped;
      if (subwords.placeholders !== undefined) {
        metrics[`${part}PlaceholdersDiffer`] = differing;
      }
      metrics[`${part}SourceTokens`] = tokens.source.ids.length;
      metrics[`${part}TargetTokens`] = tokens.target.ids.length;
    }
    return { metrics };
  },
});
