/** Joins the corpora of several source languages; sources begin with the token of their language. */
import { z } from "zod";
import { inputError } from "../../base/input_error.ts";
import { stage } from "../../engine/graph/stage.ts";
import { Corpus } from "../../schemas/experiment/data.ts";

const TSV = "text/tab-separated-values";
const PARTS = ["train", "validation", "test"] as const;

export default stage({
  name: "join",
  module: import.meta.url,
  /** Whether tags stay in the text of any corpus. */
  config: z.strictObject({ markup: Corpus.shape.markup }),
  inputs: { corpus: PARTS, "corpus:*": PARTS },
  outputs: {
    train: { path: "train.tsv", mediaType: TSV },
    validation: { path: "validation.tsv", mediaType: TSV },
  },
  run: async ({ config, inputs, outputs }) => {
    const { joinCorpora } = await import("../../nmt/text/corpus/join.ts");
    const names = Object.keys(inputs).sort() as (keyof typeof inputs)[];
    const { train, validation } = await joinCorpora(
      names.map((name) => inputs[name]),
      outputs,
      config.markup,
    );
    for (const [part, { pairs }] of Object.entries({ train, validation })) {
      if (pairs > 0) continue;
      throw inputError(
        `Cannot join the corpora of the source languages: the targets of all ${part} pairs resemble held-out ones; give more text, or lower "corpus.validation" and "corpus.test".`,
      );
    }
    return {
      metrics: {
        train: train.pairs,
        validation: validation.pairs,
        trainNearDuplicates: train.nearDuplicates,
        validationNearDuplicates: validation.nearDuplicates,
      },
    };
  },
});
