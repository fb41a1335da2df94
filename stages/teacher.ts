/** Trains the teacher: a Transformer on the references. */
import { z } from "zod";
import { stage } from "../engine/graph/stage.ts";
import { Runtime } from "../schemas/experiment/runtime.ts";
import { Model, Training } from "../schemas/experiment/model.ts";
import { identityOf } from "../nmt/tensor/identities.ts";
import { RUNTIME_PERMISSIONS } from "../nmt/tensor/permissions.ts";
import { requireRuntime } from "../nmt/tensor/probe.ts";

export default stage({
  name: "teacher",
  module: import.meta.url,
  config: z.strictObject({
    model: Model,
    training: Training,
    vocabulary: z.int(),
    runtime: Runtime,
  }),
  inputs: { tokens: ["train", "validation"] },
  outputs: {
    model: {
      path: "model.safetensors",
      mediaType: "application/vnd.safetensors",
    },
    curve: { path: "curve.json", mediaType: "application/json" },
  },
  permissions: RUNTIME_PERMISSIONS,
  resources: { cores: "all" },
  environment: ({ runtime }) => identityOf(runtime),
  requires: ({ runtime }) => requireRuntime(runtime),
  run: async ({ config, seed, inputs, outputs, work, log, progress }) => {
    const { trainFiles } = await import("../nmt/training/train.ts");
    const { loadRuntime } = await import("../nmt/tensor/runtime.ts");
    const { model, training, vocabulary } = config;
    return trainFiles({
      runtime: await loadRuntime(config.runtime),
      task: { model, training, vocabulary },
      seed,
      train: inputs.tokens.train,
      validation: inputs.tokens.validation,
      model: outputs.model,
      curve: outputs.curve,
      work,
      log,
      progress,
    });
  },
});
