/** Trains a Transformer on the references alone: the teacher. */
import { z } from "zod";
import { stage } from "../engine/stage.ts";
import { Runtime } from "../schemas/runtime.ts";
import { Model, Training } from "../schemas/model.ts";
import { identities } from "../tensor/identities.ts";

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
  permissions: { native: ["onnxruntime-node"] },
  resources: { cores: "all" },
  environment: ({ runtime }) => identities[runtime.name],
  run: async ({ config, seed, inputs, outputs, work, log, progress }) => {
    const { fit } = await import("../model/fit.ts");
    const { loadRuntime } = await import("../tensor/runtime.ts");
    const { model, training, vocabulary } = config;
    return fit({
      runtime: await loadRuntime(config.runtime.name),
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
