/** Compares the systems of a language pair by bootstrap, from the statistics of their translations: with the baselines, and as planned. */
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
  inputs: { "system:*": ["statistics"] },
  outputs: {
    comparison: { path: "comparison.json", mediaType: "application/json" },
  },
  resources: { cores: 1 },
  run: async ({ config, inputs, outputs, log }) => {
    const { compareSystems, comparisonMetrics } = await import(
      "../nmt/metrics/significance/comparison.ts"
    );
    const { readStatistics } = await import("../nmt/metrics/statistics.ts");
    const systems = Object.entries(inputs);
    const comparison = compareSystems({
      ...config.evaluation,
      testSet: config.testSet,
      statistics: new Map(
        systems.map(([input, { statistics }]) => [
          input.slice("system:".length),
          readStatistics(statistics),
        ]),
      ),
    });
    await Deno.writeTextFile(
      outputs.comparison,
      JSON.stringify(comparison, null, 2) + "\n",
    );
    log(`${systems.length} models compared`);
    return { metrics: comparisonMetrics(comparison) };
  },
});
