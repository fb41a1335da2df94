/** The validation pairs as a further test set: what is explored is compared on them, and the test set stays unseen. */
import { z } from "zod";
import { stage } from "../../engine/graph/stage.ts";

export default stage({
  name: "validation",
  module: import.meta.url,
  config: z.strictObject({}),
  inputs: { corpus: ["validation"] },
  outputs: {
    test: { path: "test.tsv", mediaType: "text/tab-separated-values" },
  },
  run: async ({ inputs, outputs }) => {
    await Deno.copyFile(inputs.corpus.validation, outputs.test);
    return { metrics: {} };
  },
});
