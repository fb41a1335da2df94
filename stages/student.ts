/** Trains a student: distilled from the teacher's recorded states, or on the references where there is no teacher. */
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
    /** The training data, which the states are of; recorded manifests know it by this name. */
    lessons: ["train"],
    tokens: ["validation"],
    choice: ["choice"],
    /** The teacher with narrower blocks, whose layers the student begins as. */
    start: ["model"],
  },
  optional: ["teacher", "states", "choice", "start"],
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
    const { distillationObjective } = await import(
      "../nmt/distillation/loss.ts"
    );
    const { trainFiles } = await import("../nmt/training/train.ts");
    const { loadModel } = await import("../nmt/transformer/checkpoint.ts");
    const { projectionsFromTeacher, weightsFromTeacher } = await import(
      "../nmt/distillation/initialization.ts"
    );
    const { openTeacherSignals } = await import("../nmt/states/states.ts");
    const { readSelection } = await import("../schemas/experiment/tuning.ts");
    const { loadRuntime } = await import("../nmt/tensor/runtime.ts");
    const { model, training, vocabulary } = config;
    const { teacher: given, states, choice, start } = inputs;
    const distillation = {
      ...config.distillation,
      ...choice && readSelection(choice.choice),
    };
    const teacher = given && loadModel(given.model, "the model of the teacher");
    const copied = start
      ? loadModel(start.model, "the pruned teacher")
      : teacher;
    return trainFiles({
      runtime: await loadRuntime(config.runtime),
      task: {
        model,
        training,
        vocabulary,
        objective: teacher && states &&
          distillationObjective(model.width, { ...teacher, distillation }),
      },
      seed,
      train: inputs.lessons.train,
      validation: inputs.tokens.validation,
      model: outputs.model,
      curve: outputs.curve,
      work,
      teacher: teacher && states &&
        ((tokens) =>
          openTeacherSignals(teacher, states.shards, tokens, distillation)),
      initial: copied && {
        ...weightsFromTeacher(copied, model, distillation.start),
        ...projectionsFromTeacher(distillation, model.width),
      },
      log,
      progress,
    });
  },
});
