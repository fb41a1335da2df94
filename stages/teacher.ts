/** Trains the teacher: a Transformer on the references, or an imported model that is tuned on them. */
import { z } from "zod";
import { joined } from "../engine/graph/permissions.ts";
import { stage } from "../engine/graph/stage.ts";
import { Translation } from "../schemas/experiment/evaluation.ts";
import { Runtime } from "../schemas/experiment/runtime.ts";
import { Model, Training } from "../schemas/experiment/model.ts";
import { identityOf } from "../nmt/tensor/identities.ts";
import { RUNTIME_PERMISSIONS } from "../nmt/tensor/permissions.ts";
import { requireRuntime } from "../nmt/tensor/probe.ts";
import { SUBWORDS_PERMISSIONS } from "../nmt/text/subwords/permissions.ts";

export default stage({
  name: "teacher",
  module: import.meta.url,
  config: z.strictObject({
    model: Model,
    training: Training,
    vocabulary: z.int(),
    runtime: Runtime,
    /** How validation BLEU is computed. */
    ...Translation.pick({ tokenize: true, lowercase: true }).shape,
  }),
  inputs: {
    tokens: ["train", "validation", "tokenizer"],
    /** The model to begin with. */
    initial: ["model"],
    /** What to train on in place of the training pairs alone. */
    trainingData: ["train"],
  },
  optional: ["initial", "trainingData"],
  outputs: {
    model: {
      path: "model.safetensors",
      mediaType: "application/vnd.safetensors",
    },
    curve: { path: "curve.json", mediaType: "application/json" },
  },
  permissions: joined(RUNTIME_PERMISSIONS, SUBWORDS_PERMISSIONS),
  resources: { cores: "all" },
  environment: ({ runtime }) => identityOf(runtime),
  requires: ({ runtime }) => requireRuntime(runtime),
  run: async (
    { config, seed, inputs, outputs, work, signal, log, progress },
  ) => {
    const { trainFiles } = await import("../nmt/training/train.ts");
    const { loadModel } = await import("../nmt/transformer/checkpoint.ts");
    const { loadRuntime } = await import("../nmt/tensor/runtime.ts");
    const { loadSubwords } = await import("../nmt/text/subwords/subwords.ts");
    const { initial, trainingData, tokens } = inputs;
    const { model, training, vocabulary, tokenize, lowercase } = config;
    const { decode } = await loadSubwords(tokens.tokenizer);
    return trainFiles({
      runtime: await loadRuntime(config.runtime),
      task: { model, training, vocabulary },
      role: "teacher",
      seed,
      train: trainingData?.train ?? tokens.train,
      validation: tokens.validation,
      scoring: { decode, tokenize, lowercase },
      model: outputs.model,
      curve: outputs.curve,
      work,
      signal,
      initial: initial &&
        loadModel(initial.model, "the imported model").weights,
      log,
      progress,
    });
  },
});
