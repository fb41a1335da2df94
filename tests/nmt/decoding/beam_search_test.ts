/** Decoding against its definition: enumeration, beam search without a cache, whole sequences. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { searchSentence } from "../../../nmt/decoding/hypotheses.ts";
import {
  createTranslator,
  type Hypothesis,
  MAXIMUM_LENGTH,
} from "../../../nmt/decoding/beam_search.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import {
  enumerate,
  FIRST_WORD,
  type Found,
  plainBeam,
  randomModel,
  randomSources,
  scorer,
} from "../fixtures/plain_search.ts";
import { refusal } from "../fixtures/refusal.ts";

const threads = 1;

function assertSame(actual: Hypothesis, expected: Found): void {
  assertEquals([...actual.ids], [...expected.ids]);
  assertAlmostEquals(actual.score, expected.score, 1e-4);
  assertAlmostEquals(actual.normalised, expected.normalised, 1e-4);
}

Deno.test("a beam as wide as there are hypotheses finds the best of all", async () => {
  const vocabulary = 6;
  const onnx = await loadRuntime();
  const reference = await loadRuntime({ name: "reference" });
  const lengths = new Set<number>();
  for (const seed of [1, 2, 3]) {
    const saved = randomModel(vocabulary, seed);
    const full = await scorer(reference, saved);
    const translator = await createTranslator(onnx, saved, { threads });
    for (const lengthPenalty of [0, 1, 3]) {
      const options = { vocabulary, beam: 64, lengthPenalty, maximumLength: 3 };
      const sources = randomSources(vocabulary, 4, 5, seed);
      const hypotheses = await translator.translate(sources, options);
      for (const [index, source] of sources.entries()) {
        const all = await enumerate(full, source, options);
        assertEquals(all.length, 1 + 3 + 9 + 27);
        const [best] = all;
        assertSame(hypotheses[index], best);
        lengths.add(best.ids.length);
      }
    }
    await translator.dispose();
  }
  assert(lengths.size >= 3, "expected best hypotheses of several lengths");
});

for (const beam of [1, 2, 5]) {
  Deno.test(`a beam of ${beam} finds what the same search without cache and batches finds`, async () => {
    const vocabulary = 23;
    const onnx = await loadRuntime();
    const lengths = new Set<number>();
    for (const seed of [5, 11]) {
      const saved = randomModel(vocabulary, seed);
      const full = await scorer(onnx, saved);
      const translator = await createTranslator(onnx, saved, { threads });
      for (const lengthPenalty of [0, 0.6, 1.5]) {
        const options = { vocabulary, beam, lengthPenalty, maximumLength: 9 };
        const sources = randomSources(vocabulary, 12, 8, seed);
        const hypotheses = await translator.translate(sources, options);
        for (const [index, source] of sources.entries()) {
          const expected = await plainBeam(full, source, options);
          assertSame(hypotheses[index], expected);
          lengths.add(expected.ids.length);
        }
      }
      await translator.dispose();
    }
    assert(lengths.size >= 3, "expected hypotheses of several lengths");
  });
}

Deno.test("a sentence alone gives what it gives in any batch, in the order that was given", async () => {
  const vocabulary = 40;
  const saved = randomModel(vocabulary, 8);
  const translator = await createTranslator(await loadRuntime(), saved, {
    threads,
  });
  const sources = randomSources(vocabulary, 150, 30, 8);
  sources[0] = new Int32Array(0);
  sources[77] = new Int32Array(0);
  for (
    const options of [{ beam: 4, lengthPenalty: 1 }, {
      beam: 1,
      lengthPenalty: 0,
    }]
  ) {
    const done: number[] = [];
    const together = await translator.translate(sources, {
      ...options,
      report: (count) => done.push(count),
    });
    const backwards = await translator.translate(sources.toReversed(), options);
    assertEquals(
      backwards.toReversed().map(({ ids }) => ids),
      together.map(({ ids }) => ids),
    );
    assertEquals(await translator.translate(sources, options), together);
    for (const [index, source] of sources.entries()) {
      if (index % 5 > 0 && source.length > 0) continue;
      const [alone] = await translator.translate([source], options);
      assertEquals(alone.ids, together[index].ids, `sentence ${index}`);
      assertAlmostEquals(alone.score, together[index].score, 1e-3);
    }
    assertEquals(done.at(-1), sources.length);
    for (const empty of [0, 77]) {
      assertEquals(together[empty], {
        ids: new Int32Array(0),
        score: 0,
        normalised: 0,
      });
    }
  }
  await translator.dispose();
});

/** A search of beam 2, whose steps are given as tokens, scores, parents and ends; each says how many live on. */
function searchOfTwo(
  lengthPenalty: number,
  maximumLength: number,
  count?: number,
) {
  const { advance, best } = searchSentence({
    ...{ beam: 2, lengthPenalty, maximumLength, count },
  });
  const step = (
    tokens: number[],
    scores: number[],
    parents: number[],
    ended: number[],
  ) => advance({ tokens, scores, parents, ended });
  return { step, best };
}

Deno.test("hypotheses end among the best, and the search stops when nothing alive can win", () => {
  const { step, best } = searchOfTwo(1, 9);
  // The empty hypothesis would be third of all continuations: it does not end.
  assertEquals(step([7, 8], [-1, -2], [0, 0], [-2.5, -Infinity]), 2);
  // Of the two, "8" ends as second best with -2.5 / 2; the best continuation, -2, may still reach -2 / 10.
  assertEquals(step([5, 6], [-2, -3], [1, 0], [-4, -2.5]), 1);
  // "8 5" ends with -2.4 / 3 and is the better one; two have ended.
  const gone = -Infinity;
  assertEquals(step([3, 4], [-9, gone], [0, 0], [-2.4, gone]), 0);
  assertEquals(best(), {
    ids: Int32Array.of(8, 5),
    score: -2.4,
    normalised: -2.4 / 3,
  });

  // Alive is -30, at best -30 / 10 = -3, which does not beat -3 / 1; -20 / 10 does.
  const early = searchOfTwo(1, 9);
  assertEquals(early.step([7, 8], [-30, -40], [0, 0], [-3, -Infinity]), 0);
  assertEquals(early.best().ids, new Int32Array(0));
  const late = searchOfTwo(1, 9);
  assertEquals(late.step([7, 8], [-20, -40], [0, 0], [-3, -Infinity]), 1);

  const short = searchOfTwo(0, 1);
  assertEquals(short.step([7, 8], [-1, -2], [0, 0], [-9, -Infinity]), 2);
  assertEquals(short.step([3, 3], [-1, -2], [0, 1], [-8, -7]), 0);
  assertEquals(short.best(), {
    ids: Int32Array.of(8),
    score: -7,
    normalised: -7,
  });
});

Deno.test("where two are wanted the search goes on until nothing alive can come among them, and gives both, best first", () => {
  const gone = -Infinity;
  const { step, best } = searchOfTwo(1, 9, 2);
  assertEquals(step([7, 8], [-1, -2], [0, 0], [-2.5, gone]), 2);
  assertEquals(step([5, 6], [-2, -3], [1, 0], [-4, -2.5]), 1);
  assertEquals(step([3, 4], [-9, gone], [0, 0], [-2.4, gone]), 0);
  const found = [
    { ids: Int32Array.of(8, 5), score: -2.4, normalised: -2.4 / 3 },
    { ids: Int32Array.of(8), score: -2.5, normalised: -2.5 / 2 },
  ];
  assertEquals(best(), { ...found[0], alternatives: found });

  // One that has ended is not enough, though nothing alive can beat it; of two, the second is to be beaten.
  const late = searchOfTwo(1, 9, 2);
  assertEquals(late.step([7, 8], [-30, -40], [0, 0], [-3, gone]), 1);
  assertEquals(late.step([5, 6], [-90, gone], [0, 0], [-31, gone]), 0);
  assertEquals(
    late.best().alternatives?.map(({ score }) => score),
    [-3, -31],
  );
});

Deno.test("the beam narrows by each hypothesis that ends, although one that is dropped might have won", () => {
  const { step, best } = searchOfTwo(1, 9);
  const gone = -Infinity;
  assertEquals(step([7, 8], [-1, -2], [0, 0], [-9, gone]), 2);
  // The best two are the end of "7", -1.5 / 2, and "8 5", which lives on alone: "7 6" would have been the third.
  assertEquals(step([5, 6], [-2.1, -2.2], [1, 0], [-1.5, -9]), 1);
  // One is taken: "8 5 3". The end of "8 5" is second now, and would win with -2.2 / 3.
  assertEquals(step([3, 4], [-2.15, -3], [0, 0], [-2.2, gone]), 1);
  assert(-2.2 / 3 > -1.5 / 2);
  // The end of "8 5 3" is the best, and the last.
  assertEquals(step([5, 6], [-4, gone], [0, 0], [-3.2, gone]), 0);
  assertEquals(best(), {
    ids: Int32Array.of(7),
    score: -1.5,
    normalised: -1.5 / 2,
  });
});

Deno.test("of equal ones ends are taken before continuations, and earlier ends before later ones", () => {
  const { step, best } = searchOfTwo(0, 9);
  assertEquals(step([7, 8], [-1, -1], [0, 0], [-9, -Infinity]), 2);
  // Both ends and "7 5" are equal: the ends are the two that are taken.
  assertEquals(step([5, 6], [-2, -2], [0, 1], [-2, -2]), 0);
  assertEquals(best().ids, Int32Array.of(7));
});

Deno.test("what cannot be translated is an input error that says why", async () => {
  const vocabulary = 15;
  const onnx = await loadRuntime();
  const options = { beam: 2, lengthPenalty: 1 };
  const translator = await createTranslator(onnx, randomModel(vocabulary, 10), {
    threads,
  });
  const long = new Int32Array(MAXIMUM_LENGTH + 1).fill(FIRST_WORD);
  assertEquals(
    await refusal(() =>
      translator.translate([Int32Array.of(4), long], options)
    ),
    "Cannot translate sentence 2: expected at most 1023 subwords, found 1024.",
  );
  await refusal(() => translator.translate([], { ...options, beam: 65 }));
  const [longest] = await translator.translate([long.subarray(1)], {
    beam: 1,
    lengthPenalty: 1,
    maximumLength: 2,
  });
  assert(Number.isFinite(longest.score));
  await translator.dispose();

  const saved = randomModel(vocabulary, 10);
  saved.weights["decoder.norm.gain"].fill(NaN);
  const diverged = await createTranslator(onnx, saved, { threads });
  await refusal(() => diverged.translate([Int32Array.of(4)], options));
  await diverged.dispose();
});
