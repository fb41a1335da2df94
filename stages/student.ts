/** Trains a student: distilled from the teacher's states, recorded or streamed, or on the references where there is no teacher. */
import { z } from "zod";
import { joined } from "../engine/graph/permissions.ts";
import { stage } from "../engine/graph/stage.ts";
import { Translation } from "../schemas/experiment/evaluation.ts";
import { Runtime } from "../schemas/experiment/runtime.ts";
import {
  type SignalKind,
  Student,
  usesRecording,
  usesStates,
} from "../schemas/experiment/distillation.ts";
import { identityOf } from "../nmt/tensor/identities.ts";
import { RUNTIME_PERMISSIONS } from "../nmt/tensor/permissions.ts";
import { requireRuntime } from "../nmt/tensor/probe.ts";
import { SUBWORDS_PERMISSIONS } from "../nmt/text/subwords/permissions.ts";

export default stage({
  name: "student",
  module: import.meta.url,
  config: z.strictObject({
    ...Student.shape,
    vocabulary: z.int(),
    runtime: Runtime,
    /** How validation BLEU is computed. */
    ...Translation.pick({ tokenize: true, lowercase: true }).shape,
  }),
  inputs: {
    teacher: ["model"],
    /** Recordings of the teacher's signals, one a kind. */
    "states:*": ["shards"],
    /** The training data, which the states are of; recorded manifests know it by this name. */
    lessons: ["train"],
    tokens: ["validation", "tokenizer"],
    choice: ["choice"],
    /** The teacher with narrower blocks, whose layers the student begins as. */
    start: ["model"],
  },
  optional: ["teacher", "states:*", "choice", "start"],
  formerly: { states: "states:*" },
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
    const { distillationObjective } = await import(
      "../nmt/distillation/loss.ts"
    );
    const { trainFiles } = await import("../nmt/training/train.ts");
    const { loadModel } = await import("../nmt/transformer/checkpoint.ts");
    const { projectionsFromTeacher, sharedWeights, weightsFromTeacher } =
      await import("../nmt/distillation/initialization.ts");
    const { layerNormLines, layerNorms } = await import(
      "../nmt/distillation/layer_norms.ts"
    );
    const { openTeacherSignals } = await import("../nmt/states/states.ts");
    const { streamTeacherSignals } = await import(
      "../nmt/states/streamed_states.ts"
    );
    const { selectedStudent } = await import(
      "../schemas/experiment/tuning.ts"
    );
    const { loadRuntime } = await import("../nmt/tensor/runtime.ts");
    const { loadSubwords } = await import("../nmt/text/subwords/subwords.ts");
    const { vocabulary, tokenize, lowercase } = config;
    const { teacher: given, tokens, choice, start } = inputs;
    const { model, training, distillation } = choice === undefined
      ? config
      : selectedStudent(config, choice.choice);
    const { decode } = await loadSubwords(tokens.tokenizer);
    const teacher = given && loadModel(given.model, "the model of the teacher");
    const copied = start
      ? loadModel(start.model, "the pruned teacher")
      : teacher;
    const recordingOf = (kind: SignalKind) => {
      const recording = inputs[`states:${kind}`];
      if (recording !== undefined) return recording.shards;
      throw new Error(
        `Cannot train a student on recorded states: its input "states:${kind}" is missing`,
      );
    };
    const isTaught = teacher !== undefined && usesStates(distillation);
    const runtime = await loadRuntime(config.runtime);
    return trainFiles({
      runtime,
      task: {
        model,
        training,
        vocabulary,
        objective: isTaught
          ? distillationObjective(model.width, { ...teacher, distillation })
          : undefined,
      },
      role: "student",
      seed,
      train: inputs.lessons.train,
      validation: tokens.validation,
      scoring: { decode, tokenize, lowercase },
      model: outputs.model,
      curve: outputs.curve,
      work,
      signal,
      teacher: isTaught
        ? async (tokens) => {
          const signals = usesRecording(distillation)
            ? openTeacherSignals(teacher, recordingOf, tokens, distillation)
            : await streamTeacherSignals({
              ...{ runtime, teacher, tokens, distillation },
            });
          const norms = await layerNorms(distillation, tokens, signals);
          layerNormLines(norms).forEach(log);
          return signals;
        }
        : undefined,
      initial: {
        ...sharedWeights(model, vocabulary, distillation.start),
        ...copied && {
          ...weightsFromTeacher(copied, model, distillation.start),
          ...projectionsFromTeacher(distillation, model.width),
        },
      },
      log,
      progress,
    });
  },
});
