/** The numbers that an adaptation begins with, by model and corpus. */
import { assert, assertEquals } from "@std/assert";
import {
  adaptationSteps,
  layerGroups,
  parametersOf,
  studentOf,
  studentSubwords,
} from "../../../apps/init/adaptation_plan.ts";
import { Model } from "../../../schemas/experiment/model.ts";

/** A student of the Bergamot project. */
const TINY11 = Model.parse({
  ...{ encoderLayers: 6, decoderLayers: 2, width: 256, feedForward: 1536 },
  ...{ autoregression: "ssru", norm: "post", outputBias: true },
});

Deno.test("a student has at most half of the teacher's parameters, and with one layer more it would have more", () => {
  for (const student of [4_000, 10_000, 20_000]) {
    const subwords = { teacher: 32_000, student };
    const model = studentOf(TINY11, subwords);
    const most = parametersOf(TINY11, subwords.teacher) / 2;
    assertEquals(model.decoderLayers, 1);
    assert(parametersOf(model, student) <= most);
    const { encoderLayers } = model;
    if (encoderLayers === TINY11.encoderLayers) continue;
    const larger = { ...model, encoderLayers: encoderLayers + 1 };
    assert(parametersOf(larger, student) > most, `${student} subwords`);
  }
});

Deno.test("a student whose subwords alone are too many has a layer each", () => {
  const { encoderLayers, decoderLayers, ...others } = studentOf(TINY11, {
    teacher: 32_000,
    student: 32_000,
  });
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
});

Deno.test("students keep a few more subwords than are used, or all", () => {
  assertEquals(studentSubwords(9_978, 32_025), 10_100);
  assertEquals(studentSubwords(100, 32_025), 200);
  assertEquals(studentSubwords(31_950, 32_025), undefined);
});
