/** Training with the combination fused on the teacher's side, from recorded states: regular and overlapping maps. */
import { assert, assertAlmostEquals } from "@std/assert";
import { distillationObjective } from "../../../nmt/distillation/loss.ts";
import {
  openTeacherSignals,
  recordStates,
} from "../../../nmt/states/states.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { batchOrder, makeBatch } from "../../../nmt/text/subwords/batches.ts";
import { compileStep } from "../../../nmt/training/compiled_step.ts";
import { parameterShapes } from "../../../nmt/transformer/parameters.ts";
import {
  Distillation,
  signalsOf,
} from "../../../schemas/experiment/distillation.ts";
import { Training } from "../../../schemas/experiment/model.ts";
import { withFolder } from "../fixtures/folder.ts";
import {
  perturbedWeights,
  studentModel,
  teacherModel,
} from "../fixtures/model.ts";
import { sentences, VOCABULARY } from "../fixtures/reversal.ts";

const STEPS = 40;
const teacher = {
  model: teacherModel,
  vocabulary: VOCABULARY,
  weights: perturbedWeights(parameterShapes(teacherModel, VOCABULARY), 1, 0.4),
};
const tokens = sentences(1, 1000);
const batches = batchOrder(tokens, 96, 1, 0);

/** The losses of the first steps of a student, and its fusions W_j after them. */
async function trainedSteps(
  folder: string,
  distillation: Distillation,
  name: "onnx" | "reference",
  steps: number,
) {
  const signals = openTeacherSignals(
    teacher,
    () => folder,
    tokens,
    distillation,
  );
  const step = await compileStep(
    await loadRuntime({ name }),
    {
      model: studentModel,
      vocabulary: VOCABULARY,
      training: Training.parse({ factor: 1, warmup: 20 }),
      objective: distillationObjective(studentModel.width, {
        ...teacher,
        distillation,
      }),
    },
    { role: "student", seed: 3, threads: 1, constants: signals.constants },
  );
  const losses = [];
  for (const [done, pairs] of batches.slice(0, steps).entries()) {
    const batch = makeBatch(tokens, pairs);
    losses.push(await step.run(batch, done, await signals.read(batch)));
  }
  const { weights } = await step.state();
  const fusions = distillation.encoder.map((_, j) =>
    weights[`projection.encoder.${j}.weight`].slice()
  );
  await step.dispose();
  signals.close();
  return { losses, fusions };
}

const MAPS = {
  regular: [[1, 2], [3, 4]],
  overlapping: [[1, 2, 3], [2, 3, 4]],
};

for (const [name, encoder] of Object.entries(MAPS)) {
  Deno.test(`a student of ${name} layers that are fused on the teacher's side is trained, and so is their fusion`, () =>
    withFolder(async (folder) => {
      const distillation = Distillation.parse({
        ...{ alpha: 0.2, beta: 0.5, encoder, project: "teacher" },
      });
      await recordStates({
        ...{ teacher, tokens, folder, threads: 1 },
        runtime: await loadRuntime(),
        signals: signalsOf(distillation),
        report: () => {},
      });
      const train = (name: "onnx" | "reference", steps: number) =>
        trainedSteps(folder, distillation, name, steps);
      const trained = await train("onnx", STEPS);
      const layers = trained.losses.map(({ layers = NaN }) => layers);
      assert(layers[STEPS - 1] < layers[0] / 2, `${layers}`);

      const first = await train("reference", 3);
      first.losses.forEach((expected, step) => {
        const found = trained.losses[step];
        for (const part of ["loss", "layers", "softTargets"] as const) {
          const value = expected[part] ?? NaN;
          assertAlmostEquals(found[part] ?? NaN, value, 1e-4 * value, part);
        }
      });
      trained.fusions.forEach((fusion, j) =>
        fusion.forEach((value, i) =>
          assert(value !== first.fusions[j][i], `element ${i} of W_${j + 1}`)
        )
      );
    }));
}
