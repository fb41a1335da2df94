/** Trains a student: distilled from the teacher's recorded states, or without a teacher where none is given. */
import { z } from "zod";
import { stage } from "../engine/graph/stage.ts";
import { Runtime } from "../schemas/experiment/runtime.ts";
import { Student } from "../schemas/experiment/distillation.ts";
import { identityOf } from "../nmt/tensor/identities.ts";
import { RUNTIME_PERMISSIONS } from "../nmt/tensor/permissions.ts";
import { requireRuntime } from "../nmt/tensor/probe.ts";

export default stage({
  name: "student",
  module: import.meta.url,
  config: z.strictObject({
    ...Student.shape,
    vocabulary: z.int(),
    runtime: Runtime,
  }),
  inputs: {
    teacher: ["model"],
    states: ["shards"],
    /** What is trained on, and what the states are of. */
    lessons: ["train"],
    tokens: ["validation"],
    choice: ["choice"],
  },
  optional: ["teacher", "states", "choice"],
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
    const { distilled } = await import("../nmt/distillation/loss.ts");
    const { fit } = await import("../nmt/training/train.ts");
    const { loadModel } = await import("../nmt/transformer/checkpoint.ts");
    const { startingWeights } = await import(
      "../nmt/distillation/initialization.ts"
    );
    const { lessonsOf } = await import("../nmt/states/states.ts");
    const { readChoice } = await import("../schemas/experiment/tuning.ts");
    const { loadRuntime } = await import("../nmt/tensor/runtime.ts");
    const { model, training, vocabulary } = config;
    const { teacher: given, states, choice }: Partial<typeof inputs> = inputs;
    const distillation = {
      ...config.distillation,
      ...choice && readChoice(choice.choice),
    };
    const teacher = given && loadModel(given.model, "the model of the teacher");
    return fit({
      runtime: await loadRuntime(config.runtime),
      task: {
        model,
        training,
        vocabulary,
        objective: teacher && states &&
          distilled(model.width, { ...teacher, distillation }),
      },
      seed,
      train: inputs.lessons.train,
      validation: inputs.tokens.validation,
      model: outputs.model,
      curve: outputs.curve,
      work,
      teacher: teacher && states &&
        ((tokens) => lessonsOf(teacher, states.shards, tokens, distillation)),
      initial: teacher && startingWeights(teacher, model, distillation.start),
      log,
      progress,
    });
  },
});
