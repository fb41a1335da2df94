/** Initialization from layers of the teacher: what is copied, from where, and that training begins there. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  initialWeights,
  parameterShapes,
} from "../../../nmt/transformer/parameters.ts";
import { weightsFromTeacher } from "../../../nmt/distillation/initialization.ts";
import { compileStep } from "../../../nmt/training/compiled_step.ts";
import { type Model, Training } from "../../../schemas/experiment/model.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { makeBatch } from "../../../nmt/text/subwords/batches.ts";
import { packSide } from "../../../nmt/text/subwords/tokens.ts";
import { teacherModel, VOCABULARY } from "../fixtures/model.ts";

const SEED = 3;
const teacher = {
  model: teacherModel,
  vocabulary: VOCABULARY,
  weights: initialWeights(parameterShapes(teacherModel, VOCABULARY), 8),
};
const sized = (encoderLayers: number, decoderLayers: number): Model => ({
  ...teacherModel,
  encoderLayers,
  decoderLayers,
});

Deno.test("layers, the embedding and the final norms are copies of the teacher's", () => {
  const student = sized(2, 2);
  const copied = weightsFromTeacher(teacher, student, {
    encoder: [3, 4],
    decoder: [3, 3],
  });
  const shapes = parameterShapes(student, VOCABULARY);
  assertEquals(Object.keys(copied), Object.keys(shapes));
  const from = ([name]: string[]) =>
    name.replace(/^encoder\.(\d)/, (_, j) => `encoder.${[2, 3][j]}`)
      .replace(/^decoder\.\d/, "decoder.2");
  for (const [name, values] of Object.entries(copied)) {
    assertEquals(values, teacher.weights[from([name])], name);
    assert(values.buffer !== teacher.weights[from([name])].buffer, name);
  }
});

Deno.test("a stack without a choice starts at random, and without any choice all does", () => {
  const names = Object.keys(
    weightsFromTeacher(teacher, sized(4, 1), { encoder: [], decoder: [2] }),
  );
  assert(names.includes("embedding") && names.includes("decoder.norm.gain"));
  assertEquals(names.filter((name) => name.startsWith("encoder")), []);
  const none = { encoder: [], decoder: [] };
  assertEquals(weightsFromTeacher(teacher, sized(2, 2), none), {});
});

/** What a student that starts so has before its first step, and the loss of that step. */
async function firstStep(
  student: Model,
  start?: { encoder: number[]; decoder: number[] },
) {
  const trainer = await compileStep(
    await loadRuntime(),
    {
      model: student,
      vocabulary: VOCABULARY,
      training: Training.parse({ warmup: 10 }),
    },
    {
      seed: SEED,
      threads: 1,
      initial: start && weightsFromTeacher(teacher, student, start),
    },
  );
  const started = structuredClone((await trainer.state()).weights);
  const side = packSide([Int32Array.of(5, 6, 7, 8), Int32Array.of(9, 10)]);
  const batch = makeBatch(
    { source: side, target: side, pairs: 2 },
    Int32Array.of(0, 1),
  );
  const { loss } = await trainer.run(batch, 0);
  await trainer.dispose();
  return { loss, started };
}

Deno.test("a student of all of its teacher's layers is the teacher, and in another order is not", async () => {
  const { encoderLayers, decoderLayers } = teacherModel;
  const count = (layers: number) =>
    Array.from({ length: layers }, (_, i) => i + 1);
  const start = {
    encoder: count(encoderLayers),
    decoder: count(decoderLayers),
  };
  const whole = await firstStep(teacherModel, start);
  assertEquals(whole.started, teacher.weights);
  const turned = await firstStep(teacherModel, {
    ...start,
    encoder: start.encoder.toReversed(),
  });
  assert(Math.abs(whole.loss - turned.loss) > 1e-3);
});

Deno.test("training begins at what was copied and at the seed's random values for the rest", async () => {
  const student = sized(2, 1);
  const { started } = await firstStep(student, {
    encoder: [1, 4],
    decoder: [],
  });
  const random = initialWeights(parameterShapes(student, VOCABULARY), SEED);
  const { weights } = teacher;
  for (const [name, values] of Object.entries(started)) {
    const copied = name.replace(/^encoder\.1/, "encoder.3");
    const isRandom = name.startsWith("decoder");
    assertEquals(values, isRandom ? random[name] : weights[copied], name);
  }
});

Deno.test("a teacher of another shape is refused with the parameter and both shapes", () => {
  const student = { ...sized(1, 1), feedForward: 12 };
  const error = assertThrows(
    () => weightsFromTeacher(teacher, student, { encoder: [4], decoder: [] }),
    Error,
  );
  assertEquals(
    error.message,
    "Cannot start encoder.0.feedForward.inner.weight from the teacher's " +
      "encoder.3.feedForward.inner.weight: expected shape [20,12], found [20,24]",
  );
});
