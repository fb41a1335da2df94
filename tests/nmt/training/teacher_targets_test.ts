/** From recording to loss: the loss of a student that equals its teacher is zero, and that of another is not. */
import { assert, assertEquals } from "@std/assert";
import { distillationObjective } from "../../../nmt/distillation/loss.ts";
import {
  initialWeights,
  parameterShapes,
} from "../../../nmt/transformer/parameters.ts";
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
  recordedLayers,
} from "../../../schemas/experiment/distillation.ts";
import { Training } from "../../../schemas/experiment/model.ts";
import { random } from "../../../nmt/random.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { makeBatch } from "../../../nmt/text/subwords/batches.ts";
import { packSide } from "../../../nmt/text/subwords/tokens.ts";
import { teacherModel, VOCABULARY } from "../fixtures/model.ts";

const next = random("lessons");
const shapes = parameterShapes(teacherModel, VOCABULARY);
const weights = Object.fromEntries(
  Object.entries(initialWeights(shapes, 1)).map((
    [name, values],
  ) => [name, values.map((value) => value + 0.4 * (next() - 0.5))]),
);
const teacher = { model: teacherModel, vocabulary: VOCABULARY, weights };
const side = () =>
  packSide(Array.from({ length: 40 }, () =>
    Int32Array.from(
      { length: Math.floor(next() * 9) },
      () => 3 + Math.floor(next() * (VOCABULARY - 3)),
    )));
const tokens = { source: side(), target: side(), pairs: 40 };

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
    layers: recordedLayers([distillation]),
    folder,
    report: () => {},
  });
  const lessons = openTeacherSignals(teacher, folder, tokens, distillation);
  const trainer = await compileStep(runtime, {
    model: teacherModel,
    vocabulary: VOCABULARY,
    training: Training.parse({}),
    objective: distillationObjective(teacherModel.width, {
      ...teacher,
      distillation,
    }),
  }, {
    seed: 5,
    threads: 1,
    constants: lessons.constants,
    initial: weightsFromTeacher(teacher, teacherModel, start),
  });
  const batch = makeBatch(tokens, Int32Array.from({ length: 30 }, (_, i) => i));
  const losses = await trainer.run(batch, 0, lessons.read(batch));
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
  Deno.test(`${name}: soft targets, layers and attention maps are recorded, read and compared with the student's own`, async () => {
    const folder = Deno.makeTempDirSync();
    try {
      const distillation = Distillation.parse({
        ...everything,
        ...combination,
      });
      const same = await firstStep(folder, distillation, { encoder, decoder });
      assert(Math.abs(same.softTargets ?? 1) < 1e-5, `${same.softTargets}`);
      // What half precision leaves of a layer and of a share.
      assert((same.layers ?? 1) < 1e-5, `${same.layers}`);
      assert((same.attention ?? 1) < 1e-5, `${same.attention}`);
      const other = await firstStep(folder, distillation, {
        encoder: [],
        decoder: [],
      });
      assertEquals(
        [other.softTargets, other.layers, other.attention].map((part) =>
          (part ?? 0) > 0.05
        ),
        [true, true, true],
        JSON.stringify(other),
      );
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  });
}
