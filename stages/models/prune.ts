/** Narrows the feed-forward blocks of a teacher to what its students have, for them to begin with. */
import { z } from "zod";
import { stage } from "../../engine/graph/stage.ts";
import { Runtime } from "../../schemas/experiment/runtime.ts";
import { identityOf } from "../../nmt/tensor/identities.ts";
import { RUNTIME_PERMISSIONS } from "../../nmt/tensor/permissions.ts";
import { requireRuntime } from "../../nmt/tensor/probe.ts";

export default stage({
  name: "prune",
  module: import.meta.url,
  config: z.strictObject({
    /** Neurons of each block that are kept. */
    feedForward: z.int(),
    runtime: Runtime,
  }),
  inputs: { teacher: ["model"], trainingData: ["train"] },
  outputs: {
    model: {
      path: "model.safetensors",
      mediaType: "application/vnd.safetensors",
    },
  },
  permissions: RUNTIME_PERMISSIONS,
  resources: { cores: "all" },
  environment: ({ runtime }) => identityOf(runtime),
  requires: ({ runtime }) => requireRuntime(runtime),
  run: async ({ config, seed, inputs, outputs, progress }) => {
    const { withNarrowerBlocks } = await import(
      "../../nmt/distillation/pruning.ts"
    );
    const { loadModel, saveModel } = await import(
      "../../nmt/transformer/checkpoint.ts"
    );
    const { readTokens } = await import("../../nmt/text/subwords/tokens.ts");
    const { loadRuntime } = await import("../../nmt/tensor/runtime.ts");
    const pruned = await withNarrowerBlocks({
      runtime: await loadRuntime(config.runtime),
      saved: loadModel(inputs.teacher.model, "the model of the teacher"),
      tokens: readTokens(inputs.trainingData.train),
      feedForward: config.feedForward,
      seed,
      report: progress,
    });
    saveModel(outputs.model, pruned);
    return {};
  },
});
