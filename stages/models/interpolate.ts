/** Joins a tuned model with the one that it was before: between them lie models that know both texts (Wortsman et al. 2022). */
import { z } from "zod";
import { stage } from "../../engine/graph/stage.ts";
import { Model } from "../../schemas/experiment/model.ts";

export default stage({
  name: "interpolate",
  module: import.meta.url,
  config: z.strictObject({
    model: Model,
    vocabulary: z.int(),
    /** The share of the tuned weights. */
    share: z.number().gt(0).lt(1),
  }),
  inputs: { tuned: ["model"], initial: ["model"] },
  outputs: {
    model: {
      path: "model.safetensors",
      mediaType: "application/vnd.safetensors",
    },
  },
  run: async ({ config, inputs, outputs }) => {
    const { interpolatedWeights, loadModel, saveModel } = await import(
      "../../nmt/transformer/checkpoint.ts"
    );
    const { parametersOf } = await import(
      "../../nmt/transformer/parameters.ts"
    );
    const tuned = loadModel(inputs.tuned.model, "the tuned model");
    const initial = loadModel(inputs.initial.model, "the model before");
    saveModel(outputs.model, {
      ...tuned,
      weights: interpolatedWeights(
        tuned.weights,
        initial.weights,
        config.share,
      ),
    });
    return { metrics: { parameters: parametersOf(config) } };
  },
});
