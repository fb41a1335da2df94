/** Streamed states: computed for a batch, they are what a recording of the corpus has for it. */
import { assert, assertEquals } from "@std/assert";
import { Distillation } from "../../../schemas/experiment/distillation.ts";
import { openTeacherSignals } from "../../../nmt/states/states.ts";
import { streamTeacherSignals } from "../../../nmt/states/streamed_states.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import {
  BATCHES,
  distillation,
  folder,
  teacher,
  tokens,
} from "../fixtures/recorded_corpus.ts";

const runtime = await loadRuntime();
const streamed = (distillation: Distillation) =>
  streamTeacherSignals({
    ...{ runtime, threads: 1, teacher, tokens, distillation },
  });

Deno.test("streamed signals of a batch are the recorded ones up to rounding, 0 at padding, whatever company its pairs had", async () => {
  const recording = openTeacherSignals(
    teacher,
    () => folder,
    tokens,
    distillation,
  );
  const stream = await streamed(distillation);
  assertEquals(stream.constants, recording.constants);
  let compared = 0;
  for (const batch of BATCHES) {
    const expected = recording.read(batch);
    const found = await stream.read(batch);
    assertEquals(Object.keys(found), Object.keys(expected));
    for (const [name, { shape, data }] of Object.entries(expected)) {
      assertEquals(found[name].shape, shape);
      assertEquals(found[name].data.constructor, data.constructor);
      for (const [i, value] of data.entries()) {
        const near = 2 ** -10 * Math.max(1, Math.abs(value));
        const other = found[name].data[i];
        assert(Math.abs(other - value) <= near, `${name} ${i}: ${other}`);
        assert(value !== 0 || other === 0, `${name} ${i} is padding`);
        compared++;
      }
    }
  }
  assert(compared > 10_000);
  recording.close();
  await stream.close();
});

Deno.test("what was streamed stays as it is until the batch after the next one", async () => {
  const stream = await streamed(distillation);
  const first = await stream.read(BATCHES[0]);
  const copy = Object.values(first).map(({ data }) => data.slice());
  await stream.read(BATCHES[3]);
  assertEquals(Object.values(first).map(({ data }) => data), copy);
  await stream.close();
});

Deno.test("only what a distillation reads is among the streamed signals", async () => {
  const names = async (part: Partial<Distillation>) => {
    const stream = await streamed(Distillation.parse(part));
    const found = Object.keys(await stream.read(BATCHES[0]));
    await stream.close();
    return found;
  };
  assertEquals(await names({ alpha: 0.5 }), ["teacher final"]);
  assertEquals(await names({ beta: 0.5, encoder: [[3]] }), [
    "teacher encoder.3",
  ]);
});
