/** Trains a student: distilled from the teacher's recorded states, or without a teacher where none is given. */
import { z } from "zod";
import { stage } from "../engine/stage.ts";
import { Runtime } from "../schemas/runtime.ts";
import { Student } from "../schemas/distillation.ts";
import { identityOf } from "../tensor/identities.ts";
import { RUNTIME_PERMISSIONS } from "../tensor/permissions.ts";
import { requireRuntime } from "../tensor/probe.ts";

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
    const { distilled } = await import("../model/distillation.ts");
    const { fit } = await import("../model/fit.ts");
    const { loadModel } = await import("../model/checkpoint.ts");
    const { startingWeights } = await import("../model/start.ts");
    const { lessonsOf } = await import("../model/states.ts");
    const { readChoice } = await import("../schemas/tuning.ts");
    const { loadRuntime } = await import("../tensor/runtime.ts");
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
