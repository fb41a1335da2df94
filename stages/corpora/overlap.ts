/** Counts the pairs of a further test set that the training text has a side of: the set stays whole, as others report scores on it. */
import { z } from "zod";
import { stage } from "../../engine/graph/stage.ts";

export default stage({
  name: "overlap",
  module: import.meta.url,
  config: z.strictObject({}),
  inputs: { corpus: ["test"], trained: ["train"] },
  outputs: {
    report: { path: "report.json", mediaType: "application/json" },
  },
  run: async ({ inputs, outputs }) => {
    const { pairsInTrain } = await import(
      "../../nmt/text/corpus/overlap.ts"
    );
    const { corpus: { test }, trained: { train } } = inputs;
    const inTrain = await pairsInTrain(test, train);
    await Deno.writeTextFile(
      outputs.report,
      JSON.stringify({ inTrain }) + "\n",
    );
    return { metrics: { inTrain } };
  },
});
