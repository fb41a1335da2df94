/** The exported translation graph against the project's beam search, and on wrong inputs. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
} from "@std/assert";
import {
  searchOptions,
  sourceOf,
  translateBatch,
} from "../../../nmt/export/translator.ts";
import { createTranslator } from "../../../nmt/decoding/beam_search.ts";
import { EOS, PAD } from "../../../schemas/experiment/vocabulary.ts";
import type { FileTensor } from "../../../nmt/tensor/onnx/onnx_file.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import {
  enumerate,
  randomModel,
  randomSources,
  scorer,
} from "../fixtures/plain_search.ts";
import { exported } from "./exported.ts";

/** The rows of a tensor along its last axis. */
function rows({ shape, data }: FileTensor): number[][] {
  const width = shape[shape.length - 1];
  const count = shape.slice(0, -1).reduce((product, size) => product * size, 1);
  return Array.from(
    { length: count },
    (_, row) => Array.from(data.slice(row * width, (row + 1) * width), Number),
  );
}

const words = (ids: readonly number[]) => ids.filter((id) => id !== PAD);

for (const precision of ["float32", "int8"] as const) {
  for (const [vocabulary, beam] of [[23, 1], [23, 4], [5, 8]]) {
    Deno.test(`in ${precision} the graph finds with a beam of ${beam} over ${vocabulary} ids what the project finds`, async () => {
      const runtime = await loadRuntime();
      const lengths = new Set<number>();
      for (const [seed, lengthPenalty] of [[3, 0], [4, 0.6], [5, 1.5]]) {
        const saved = randomModel(vocabulary, seed);
        await using graphs = await exported(saved, precision, lengthPenalty);
        const own = await createTranslator(runtime, saved, {
          threads: 1,
          precision,
        });
        for (const maximumLength of [undefined, 1, 9]) {
          const options = { beam, lengthPenalty, maximumLength };
          for (const source of randomSources(vocabulary, 5, 8, seed)) {
            const [found] = await graphs.translator.translate(
              [source],
              options,
            );
            const [expected] = await own.translate([source], options);
            assertEquals(found.ids, expected.ids);
            // A value between two of int8 may be rounded to either.
            const near = precision === "int8"
              ? Math.abs(found.score) / 1000
              : 1e-4;
            assertAlmostEquals(found.score, expected.score, near);
            lengths.add(found.ids.length);
          }
        }
        await own.dispose();
      }
      assert(lengths.size >= 3, "expected translations of several lengths");
    });
  }
}

Deno.test("a batch gives each sentence what it gives the sentence alone, with padding behind the shorter ones", async () => {
  const vocabulary = 23;
  const lengths = new Set<number>();
  for (const seed of [5, 7, 11]) {
    await using graphs = await exported(randomModel(vocabulary, seed));
    const sources = randomSources(vocabulary, 9, 12, seed);
    const options = searchOptions(3, 10);
    const together = await graphs.translate.run({
      source: sourceOf(sources),
      ...options,
    });
    const found = rows(together.translation);
    const hypotheses = await translateBatch(graphs.translate, sources, {
      beam: 3,
      lengthPenalty: 1,
      maximumLength: 10,
    });
    for (const [row, source] of sources.entries()) {
      const alone = await graphs.translate.run({
        source: sourceOf([source]),
        ...options,
      });
      const [ids] = rows(alone.translation);
      assertEquals([...hypotheses[row].ids], ids);
      assertEquals(hypotheses[row].score, Number(together.score.data[row]));
      assertEquals(found[row].slice(0, ids.length), ids);
      assert(found[row].slice(ids.length).every((id) => id === PAD));
      assertAlmostEquals(
        Number(together.score.data[row]),
        Number(alone.score.data[0]),
        1e-4,
      );
      lengths.add(ids.length);
    }
  }
  assert(lengths.size >= 3, "expected translations of several lengths");
});

Deno.test("sentences may come without their end, and of nothing nothing is the translation", async () => {
  const saved = randomModel(23, 7);
  await using graphs = await exported(saved);
  const translate = async (...ids: number[]) => {
    const { translation } = await graphs.translate.run({
      source: {
        shape: [1, ids.length],
        data: BigInt64Array.from(ids, BigInt),
      },
      ...searchOptions(2),
    });
    return { shape: translation.shape, ids: rows(translation) };
  };
  const ended = await translate(5, 9, 4, EOS);
  assert(ended.ids[0].length > 0);
  assertEquals(await translate(5, 9, 4), ended);
  assertEquals(await translate(5, 9, 4, EOS, PAD, PAD), ended);
  assertEquals(await translate(5, 9, 4, PAD), ended);
  for (const nothing of [[], [EOS], [PAD, PAD]]) {
    assertEquals(await translate(...nothing), { shape: [1, 0], ids: [[]] });
  }
});

Deno.test("with a beam that holds everything, the alternatives are the best of all translations there are", async () => {
  const vocabulary = 6, maximumLength = 3, lengthPenalty = 0.7, count = 7;
  const runtime = await loadRuntime();
  for (const seed of [8, 9]) {
    const saved = randomModel(vocabulary, seed);
    await using graphs = await exported(saved, "float32", lengthPenalty);
    const plain = await scorer(runtime, saved);
    for (const source of randomSources(vocabulary, 3, 6, seed)) {
      const options = { vocabulary, lengthPenalty, maximumLength };
      const best = (await enumerate(plain, source, options)).slice(0, count);
      const { alternatives, scores, translation, score } = await graphs
        .translate.run({
          source: sourceOf([source]),
          ...searchOptions(64, maximumLength, count),
        });
      assertEquals(rows(alternatives).map(words), best.map(({ ids }) => ids));
      best.forEach(({ score }, i) =>
        assertAlmostEquals(Number(scores.data[i]), score, 1e-4)
      );
      assertEquals(rows(translation)[0], best[0].ids);
      assertEquals(score.data[0], scores.data[0]);
    }
  }
});

Deno.test("as many alternatives as are wanted are there, each once, and the first is the translation with a count of one", async () => {
  const vocabulary = 40, beam = 6;
  const saved = randomModel(vocabulary, 10);
  await using graphs = await exported(saved);
  for (const source of randomSources(vocabulary, 6, 9, 10)) {
    const run = (count: number) =>
      graphs.translate.run({
        source: sourceOf([source]),
        ...searchOptions(beam, 12, count),
      });
    const one = await run(1);
    assertEquals(one.alternatives.shape[1], 1);
    assertEquals(rows(one.alternatives), rows(one.translation));
    for (const count of [2, beam, 2 * beam]) {
      const { alternatives, scores } = await run(count);
      const wanted = Math.min(count, beam);
      assertEquals(alternatives.shape[1], wanted);
      const found = rows(alternatives).map(words);
      assertEquals(new Set(found.map(String)).size, wanted);
      const normalised = found.map((ids, i) =>
        Number(scores.data[i]) / (ids.length + 1)
      );
      assertEquals(normalised, normalised.toSorted((a, b) => b - a));
      assert(normalised.every(Number.isFinite));
    }
  }
});

Deno.test("attention has a row for each id of the translation and adds up to one over the source", async () => {
  const vocabulary = 40;
  const saved = randomModel(vocabulary, 11);
  await using graphs = await exported(saved);
  const sources = randomSources(vocabulary, 4, 9, 11);
  const { attention, translation } = await graphs.translate.run({
    source: sourceOf(sources),
    ...searchOptions(3, 8),
  });
  const longest = translation.shape[1];
  const width = Math.max(...sources.map(({ length }) => length)) + 1;
  assertEquals(attention.shape, [sources.length, longest, width]);
  const found = rows(translation).map(words);
  rows(attention).forEach((looks, at) => {
    const sentence = Math.floor(at / longest), place = at % longest;
    if (place >= found[sentence].length) return;
    const within = looks.slice(0, sources[sentence].length + 1);
    const sum = within.reduce((sum, look) => sum + look, 0);
    assertAlmostEquals(sum, 1, 1e-5);
  });
});

Deno.test("attention is that of the ids, wherever in the beam each of them was", async () => {
  let checked = 0;
  for (const seed of [5, 7, 11]) {
    await using graphs = await exported(randomModel(23, seed));
    const source = sourceOf(randomSources(23, 9, 12, seed));
    /** The ids of each sentence, and the attention of each id. */
    const run = async (beam: number, count: number) => {
      const { translation, attention } = await graphs.translate.run({
        source,
        ...searchOptions(beam, 10, count),
      });
      const longest = translation.shape[1];
      const shares = rows(attention);
      return rows(translation).map(words).map((ids, row) => ({
        ids,
        shares: shares.slice(row * longest, row * longest + ids.length),
      }));
    };
    const greedy = await run(1, 1);
    for (const [beam, count] of [[2, 1], [4, 1], [6, 6]]) {
      for (const [row, { ids, shares }] of (await run(beam, count)).entries()) {
        if (String(ids) !== String(greedy[row].ids)) continue;
        shares.flat().forEach((share, i) =>
          assertAlmostEquals(share, greedy[row].shares.flat()[i], 1e-5)
        );
        checked += ids.length;
      }
    }
  }
  assert(checked > 100, `expected many ids that both find, found ${checked}`);
});

Deno.test("a beam and a count below one are one", async () => {
  await using graphs = await exported(randomModel(23, 12));
  const source = sourceOf(randomSources(23, 2, 6, 12));
  const greedy = await graphs.translate.run({ source, ...searchOptions(1) });
  for (const [beam, count] of [[0, 1], [-2, 1], [1, 0], [1, -1]]) {
    const options = searchOptions(beam, 0, count);
    assertEquals(await graphs.translate.run({ source, ...options }), greedy);
  }
});

Deno.test("an id that is none, values of another form and a missing input are refused by ONNX Runtime", async () => {
  const saved = randomModel(23, 12);
  await using graphs = await exported(saved);
  const { run } = graphs.translate;
  const source = sourceOf([Int32Array.of(5, 6)]);
  await run({ source, ...searchOptions(2) });
  for (
    const wrong of [
      { source: sourceOf([Int32Array.of(5, 23)]), ...searchOptions(2) },
      { source, ...searchOptions(2), beam: source },
      {
        source: { shape: [1, 2], data: Float32Array.of(5, 6) },
        ...searchOptions(2),
      },
      { source, beam: searchOptions(2).beam },
    ]
  ) await assertRejects(() => run(wrong));
  await run({ source, ...searchOptions(2) });
});
