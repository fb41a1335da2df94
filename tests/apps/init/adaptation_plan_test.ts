/** The numbers that an adaptation begins with, by model and corpus. */
import { assert, assertEquals } from "@std/assert";
import {
  adaptationSteps,
  combinedLayers,
  layerGroups,
  studentOf,
  studentSteps,
  studentSubwords,
} from "../../../apps/init/adaptation_plan.ts";
import { parametersOf } from "../../../nmt/transformer/parameters.ts";
import { Model } from "../../../schemas/experiment/model.ts";

/** A student of the Bergamot project. */
const TINY11 = Model.parse({
  ...{ encoderLayers: 6, decoderLayers: 2, width: 256, feedForward: 1536 },
  ...{ autoregression: "ssru", norm: "post", outputBias: true },
});

const TEACHER = { model: TINY11, vocabulary: 32_000 };

Deno.test("a student has all layers and at most half of the teacher's parameters, and with 32 neurons more it would have more", () => {
  for (const student of [4_000, 10_300, 16_000]) {
    const model = studentOf(TEACHER, student);
    const most = parametersOf(TEACHER) / 2;
    const { feedForward } = model;
    assertEquals(model, { ...TINY11, feedForward });
    assert(feedForward >= TINY11.feedForward / 4, String(feedForward));
    assert(parametersOf({ model, vocabulary: student }) <= most);
    const larger = { ...model, feedForward: feedForward + 32 };
    assert(
      parametersOf({ model: larger, vocabulary: student }) > most,
      `${student} subwords`,
    );
  }
});

Deno.test("where less than a quarter of the neurons would be left a student has fewer layers", () => {
  const vocabulary = 20_000;
  const model = studentOf(TEACHER, vocabulary);
  const most = parametersOf(TEACHER) / 2;
  assertEquals(model.decoderLayers, 1);
  assert(parametersOf({ model, vocabulary }) <= most);
  const larger = { ...model, encoderLayers: model.encoderLayers + 1 };
  assert(
    parametersOf({ model: { ...larger, feedForward: 384 }, vocabulary }) > most,
  );
});

Deno.test("blocks of more than two maps stay as wide as the teacher's", () => {
  const teacher: Model = { ...TINY11, feedForwardDepth: 3 };
  const student = studentOf({ model: teacher, vocabulary: 32_000 }, 4_000);
  assertEquals(student.feedForward, teacher.feedForward);
  assert(student.encoderLayers < teacher.encoderLayers);
});

Deno.test("a student whose subwords alone are too many has a layer each", () => {
  const { encoderLayers, decoderLayers, ...others } = studentOf(
    TEACHER,
    32_000,
  );
  assertEquals([encoderLayers, decoderLayers], [1, 1]);
  assertEquals(others.width, TINY11.width);
});

Deno.test("each layer of the teacher is in one group, and groups differ by one at most", () => {
  for (let teacher = 1; teacher <= 12; teacher++) {
    for (let student = 1; student <= teacher; student++) {
      const groups = layerGroups(teacher, student);
      assertEquals(
        groups.flat(),
        Array.from({ length: teacher }, (_, i) => i + 1),
      );
      const sizes = groups.map(({ length }) => length);
      assertEquals(groups.length, student);
      assert(Math.max(...sizes) - Math.min(...sizes) <= 1);
    }
  }
});

Deno.test("steps of the adaptation grow with the corpus between their limits", () => {
  assertEquals(adaptationSteps(10_000), 200);
  assertEquals(adaptationSteps(800_000), 600);
  assertEquals(adaptationSteps(1e9), 2000);
  assertEquals(studentSteps(10_000, "small"), 200);
  assertEquals(studentSteps(203_000, "small"), 200);
  assertEquals(studentSteps(203_000, "medium"), 400);
});

Deno.test("students keep a few more subwords than are used, or all", () => {
  assertEquals(studentSubwords(9_978, 32_025), 10_100);
  assertEquals(studentSubwords(100, 32_025), 200);
  assertEquals(studentSubwords(31_950, 32_025), undefined);
});

Deno.test("layers are combined by groups, or with the next one where the student has as many", () => {
  assertEquals(combinedLayers(6, 4), layerGroups(6, 4));
  assertEquals(combinedLayers(3, 3), [[1, 2], [2, 3], [3]]);
});
