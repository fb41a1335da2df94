/** Initialization from layers of the teacher: what is copied, from where, and that training begins there. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  initialWeights,
  parameterShapes,
} from "../../../nmt/transformer/parameters.ts";
import {
  projectionsFromTeacher,
  weightsFromTeacher,
} from "../../../nmt/distillation/initialization.ts";
import { compileStep } from "../../../nmt/training/compiled_step.ts";
import { Distillation } from "../../../schemas/experiment/distillation.ts";
import { type Model, Training } from "../../../schemas/experiment/model.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
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

for (
  const [tiedEmbeddings, withDecoder, withEncoder] of [
    ["all", ["embedding", "output.bias"], ["embedding", "output.bias"]],
    ["input", ["embedding", "output.bias", "output.embedding"], ["embedding"]],
    ["output", ["decoder.embedding", "output.bias"], ["encoder.embedding"]],
    [
      "none",
      ["decoder.embedding", "output.bias", "output.embedding"],
      ["encoder.embedding"],
    ],
  ] as const
) {
  Deno.test(`embeddings and the output come along with their stack (tiedEmbeddings: ${tiedEmbeddings})`, () => {
    const kind = { tiedEmbeddings, outputBias: true } as const;
    const model = { ...teacherModel, ...kind };
    const saved = {
      model,
      vocabulary: VOCABULARY,
      weights: initialWeights(parameterShapes(model, VOCABULARY), 8),
    };
    const copied = (encoder: number[], decoder: number[]) =>
      Object.keys(
        weightsFromTeacher(saved, { ...sized(1, 1), ...kind }, {
          encoder,
          decoder,
        }),
      ).filter((name) => /embedding$|^output\./.test(name)).sort();
    assertEquals(copied([], [1]), [...withDecoder]);
    assertEquals(copied([1], []), [...withEncoder]);
  });
}

Deno.test("projections begin as the identity for each combined layer, of the stacks that begin as the teacher's", () => {
  const maps = {
    ...{ beta: 0.5, encoder: [[1, 2]], decoder: [[3]] },
    start: { encoder: [1] },
  };
  const projections = (project: "student" | "teacher" | "none") =>
    projectionsFromTeacher(Distillation.parse({ ...maps, project }), 2);
  assertEquals(projections("student"), {
    "projection.encoder.0.weight": Float32Array.of(1, 0, 1, 0, 0, 1, 0, 1),
    "projection.encoder.0.bias": Float32Array.of(0, 0, 0, 0),
  });
  assertEquals(projections("teacher"), {
    "projection.encoder.0.weight": Float32Array.of(1, 0, 0, 1, 1, 0, 0, 1),
    "projection.encoder.0.bias": Float32Array.of(0, 0),
  });
  assertEquals(projections("none"), {});
});

Deno.test("training begins at what was copied and at the seed's random values for the rest", async () => {
  const student = sized(2, 1);
  const start = { encoder: [1, 4], decoder: [] };
  const step = await compileStep(
    await loadRuntime(),
    {
      model: student,
      vocabulary: VOCABULARY,
      training: Training.parse({}),
    },
    {
      role: "student",
      seed: SEED,
      threads: 1,
      initial: weightsFromTeacher(teacher, student, start),
    },
  );
  const started = structuredClone((await step.state()).weights);
  await step.dispose();
  const random = initialWeights(
    parameterShapes(student, VOCABULARY),
    SEED,
    "student",
  );
  for (const [name, values] of Object.entries(started)) {
    const copied = name.replace(/^encoder\.1/, "encoder.3");
    const isRandom = name.startsWith("decoder");
    assertEquals(
      values,
      isRandom ? random[name] : teacher.weights[copied],
      name,
    );
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
