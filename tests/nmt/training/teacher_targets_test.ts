/** From recording to loss: the loss of a student that equals its teacher is zero, and that of another is not. */
import { assert } from "@std/assert";
import { distillationObjective } from "../../../nmt/distillation/loss.ts";
import { parameterShapes } from "../../../nmt/transformer/parameters.ts";
import { weightsFromTeacher } from "../../../nmt/distillation/initialization.ts";
import {
  openTeacherSignals,
  recordStates,
} from "../../../nmt/states/states.ts";
import {
  compileStep,
  type StepLosses,
} from "../../../nmt/training/compiled_step.ts";
import {
  Distillation,
  signalsOf,
} from "../../../schemas/experiment/distillation.ts";
import { Training } from "../../../schemas/experiment/model.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { makeBatch } from "../../../nmt/text/subwords/batches.ts";
import { packSide } from "../../../nmt/text/subwords/tokens.ts";
import { withFolder } from "../fixtures/folder.ts";
import {
  perturbedWeights,
  teacherModel,
  VOCABULARY,
} from "../fixtures/model.ts";
import { randomSources } from "../fixtures/plain_search.ts";

const shapes = parameterShapes(teacherModel, VOCABULARY);
const weights = perturbedWeights(shapes, 1, 0.4);
const teacher = { model: teacherModel, vocabulary: VOCABULARY, weights };
const side = (seed: number) => packSide(randomSources(VOCABULARY, 40, 8, seed));
const tokens = { source: side(1), target: side(2), pairs: 40 };

/** All that there is to learn: the teacher's 4 + 3 layers, each by the student's of its number. */
const encoder = [1, 2, 3, 4], decoder = [1, 2, 3];
const everything = {
  alpha: 0.3,
  beta: 0.4,
  encoder: encoder.map((layer) => [layer]),
  decoder: decoder.map((layer) => [layer]),
  attention: { encoder, decoder },
};

/** The parts of the loss of a first step, on recorded lessons. */
async function firstStep(
  folder: string,
  distillation: Distillation,
  start: Distillation["start"],
): Promise<StepLosses> {
  const runtime = await loadRuntime();
  await recordStates({
    runtime,
    threads: 1,
    teacher,
    tokens,
    signals: signalsOf(distillation),
    folder,
    report: () => {},
  });
  const lessons = openTeacherSignals(
    teacher,
    () => folder,
    tokens,
    distillation,
  );
  const trainer = await compileStep(runtime, {
    model: teacherModel,
    vocabulary: VOCABULARY,
    training: Training.parse({}),
    objective: distillationObjective(teacherModel.width, {
      ...teacher,
      distillation,
    }),
  }, {
    role: "student",
    seed: 5,
    threads: 1,
    constants: lessons.constants,
    initial: weightsFromTeacher(teacher, teacherModel, start),
  });
  const batch = makeBatch(tokens, Int32Array.from({ length: 30 }, (_, i) => i));
  const losses = await trainer.run(batch, 0, await lessons.read(batch));
  lessons.close();
  await trainer.dispose();
  return losses;
}

for (
  const [name, combination] of Object.entries({
    "layers as they are": { project: "none" },
    "layers by attention": { project: "none", combine: "attention" },
  })
) {
  Deno.test(`${name}: soft targets, layers and attention maps are recorded, read and compared with the student's own`, () =>
    withFolder(async (folder) => {
      const distillation = Distillation.parse({
        ...everything,
        ...combination,
      });
      const partsFrom = async (start: Distillation["start"]) => {
        const { softTargets = NaN, layers = NaN, attention = NaN } =
          await firstStep(folder, distillation, start);
        return [softTargets, layers, attention];
      };
      // Half precision leaves as much of a layer and of a share.
      const same = await partsFrom({ encoder, decoder });
      assert(same.every((part) => Math.abs(part) < 1e-5), `${same}`);
      const other = await partsFrom({ encoder: [], decoder: [] });
      assert(other.every((part) => part > 0.05), `${other}`);
    }));
}
