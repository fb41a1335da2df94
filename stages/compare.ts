/** Compares the test translations of the systems of a language pair by bootstrap: with the baselines, and as planned. */
import { z } from "zod";
import { stage } from "../engine/graph/stage.ts";
import { Evaluation } from "../schemas/experiment/evaluation.ts";

export default stage({
  name: "compare",
  module: import.meta.url,
  config: z.strictObject({
    evaluation: Evaluation,
    /** The further test set that the translations are of; without it, the experiment's own. */
    testSet: z.string().optional(),
  }),
  inputs: { "system:*": ["hypotheses"], corpus: ["test"] },
  outputs: {
    comparison: { path: "comparison.json", mediaType: "application/json" },
  },
  resources: { cores: 1 },
  run: async ({ config, inputs, outputs, log }) => {
    const { compareFiles, comparisonMetrics } = await import(
      "../nmt/metrics/comparison.ts"
    );
    const { readPairs } = await import("../nmt/text/subwords/tokenize.ts");
    const pairs = await readPairs(inputs.corpus.test);
    const { corpus: _, ...systems } = inputs;
    const comparison = await compareFiles({
      ...config.evaluation,
      testSet: config.testSet,
      hypotheses: Object.entries(systems).map(([input, { hypotheses }]) => ({
        name: input.slice("system:".length),
        path: hypotheses,
      })),
      references: [pairs.map(({ target }) => target)],
    });
    await Deno.writeTextFile(
      outputs.comparison,
      JSON.stringify(comparison, null, 2) + "\n",
    );
    log(`${Object.keys(systems).length} models compared`);
    return { metrics: comparisonMetrics(comparison) };
  },
});
