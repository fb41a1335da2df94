/** Translation by workers against the search of one thread. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createTranslator } from "../../../nmt/decoding/beam_search.ts";
import { createParallelTranslator } from "../../../nmt/decoding/parallel_translator.ts";
import { searchWorkers } from "../../../nmt/decoding/search_workers.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { randomModel, randomSources } from "../fixtures/plain_search.ts";
import { randomShortlist } from "../shortlist/made_shortlist.ts";

const vocabulary = 60;
const search = { beam: 8, lengthPenalty: 1, maximumLength: 12 };

for (
  const [kind, options] of Object.entries(
    {
      float32: {},
      int8: { precision: "int8" },
      "a short-list": { shortlist: randomShortlist(vocabulary, 1) },
    } as const,
  )
) {
  Deno.test(`workers find the same bits as one thread, with ${kind}`, async () => {
    const runtime = await loadRuntime();
    const saved = randomModel(vocabulary, 3);
    const sources = randomSources(vocabulary, 300, 14, 5);
    sources[7] = new Int32Array(0);
    const one = await createTranslator(runtime, saved, {
      ...options,
      threads: 1,
    });
    const several = createParallelTranslator(runtime, saved, {
      ...options,
      threads: 3,
    });
    try {
      const expected = await one.translate(sources, search);
      const counts: number[] = [];
      const report = (done: number) => counts.push(done);
      const found = await several.translate(sources, { ...search, report });
      assertEquals(found, expected);
      assert(counts.length >= 3, "expected a batch a worker or more");
      assertEquals(counts.at(-1), sources.length);
      assertEquals(counts, counts.toSorted((a, b) => a - b));
      // The same workers again.
      assertEquals(await several.translate(sources, search), expected);
    } finally {
      await one.dispose();
      await several.dispose();
    }
  });
}

Deno.test("a batch that fits one search starts no worker", async () => {
  const runtime = await loadRuntime();
  const saved = randomModel(vocabulary, 3);
  const sources = randomSources(vocabulary, 20, 14, 5);
  const several = createParallelTranslator(runtime, saved, { threads: 3 });
  const { Worker } = globalThis;
  try {
    Reflect.deleteProperty(globalThis, "Worker");
    assertEquals((await several.translate(sources, search)).length, 20);
    const many = randomSources(vocabulary, 300, 14, 5);
    await assertRejects(
      () => several.translate(many, search),
      ReferenceError,
      "Worker",
    );
  } finally {
    globalThis.Worker = Worker;
    await several.dispose();
  }
});

Deno.test("a large model has one search, however many threads there are", () => {
  const { model } = randomModel(vocabulary, 3);
  assertEquals(searchWorkers({ model, vocabulary }, 4), 4);
  assertEquals(searchWorkers({ model, vocabulary }, 64), 8);
  assertEquals(searchWorkers({ model, vocabulary: 3_000_000 }, 4), 1);
});

Deno.test("what is made ready for many sentences starts no worker at their translation, nor does one sentence any", async () => {
  const runtime = await loadRuntime();
  const saved = randomModel(vocabulary, 3);
  const several = createParallelTranslator(runtime, saved, { threads: 3 });
  const { Worker } = globalThis;
  try {
    const many = randomSources(vocabulary, 300, 14, 5);
    const counts: number[] = [];
    const report = (done: number) => counts.push(done);
    await several.prepare(many, { ...search, report });
    assertEquals(counts, []);
    Reflect.deleteProperty(globalThis, "Worker");
    assertEquals((await several.translate(many, search)).length, 300);
    await several.prepare(many.slice(0, 1), search);
  } finally {
    globalThis.Worker = Worker;
    await several.dispose();
  }
});

Deno.test("workers end with the translator also where one could not compile the model", async () => {
  const saved = randomModel(vocabulary, 3);
  const broken = { ...saved, weights: {} };
  const runtime = await loadRuntime();
  const several = createParallelTranslator(runtime, broken, { threads: 3 });
  const { Worker } = globalThis;
  let [started, ended] = [0, 0];
  globalThis.Worker = class extends Worker {
    constructor(...given: ConstructorParameters<typeof Worker>) {
      super(...given);
      started++;
    }
    override terminate(): void {
      ended++;
      super.terminate();
    }
  };
  try {
    const many = randomSources(vocabulary, 300, 14, 5);
    await assertRejects(() => several.prepare(many, search));
  } finally {
    await several.dispose();
    globalThis.Worker = Worker;
  }
  assertEquals([started, ended], [3, 3]);
});
