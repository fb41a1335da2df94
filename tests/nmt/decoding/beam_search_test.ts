/** Decoding against its definition: enumeration, beam search without a cache, whole sequences. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
} from "@std/assert";
import {
  cacheNames,
  encoderProgram,
  own,
  stepProgram,
} from "../../../nmt/decoding/decoder_step.ts";
import { next } from "../../../nmt/decoding/decoder_parts.ts";
import { searchSentence } from "../../../nmt/decoding/hypotheses.ts";
import {
  createTranslator,
  type Hypothesis,
  MAXIMUM_LENGTH,
} from "../../../nmt/decoding/beam_search.ts";
import { MASKED } from "../../../nmt/transformer/layers.ts";
import { weightConstants } from "../../../nmt/decoding/precision.ts";
import { BOS, EOS } from "../../../schemas/experiment/vocabulary.ts";
import { isInputError } from "../../../base/input_error.ts";
import { random } from "../../../nmt/random.ts";
import type { HostTensor } from "../../../nmt/tensor/program.ts";
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
        const { best, count } = await enumerate(full, source, options);
        assertEquals(count, 1 + 3 + 9 + 27);
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

Deno.test("a beam of 1 takes the most probable id until that is the end of the sentence", async () => {
  const vocabulary = 23;
  const saved = randomModel(vocabulary, 6);
  const onnx = await loadRuntime();
  const full = await scorer(onnx, saved);
  const translator = await createTranslator(onnx, saved, { threads });
  const sources = randomSources(vocabulary, 10, 8, 6);
  const hypotheses = await translator.translate(sources, {
    beam: 1,
    lengthPenalty: 1,
    maximumLength: 12,
  });
  for (const [index, source] of sources.entries()) {
    const ids: number[] = [];
    while (ids.length < 12) {
      const logp = (await full.score(source, [ids]))[0][ids.length];
      const allowed = logp.slice(EOS);
      const best = EOS + allowed.indexOf(Math.max(...allowed));
      if (best === EOS) break;
      ids.push(best);
    }
    assertEquals([...hypotheses[index].ids], ids);
  }
  await translator.dispose();
});

Deno.test("log-probabilities with the cache equal those of whole sequences, whatever descends from what", async () => {
  const vocabulary = 23, beam = vocabulary - FIRST_WORD, steps = 12;
  const saved = randomModel(vocabulary, 7);
  const { model } = saved;
  const { width, heads } = model;
  const precision = "float32";
  const decoder = { model, vocabulary, precision } as const;
  for (const name of ["onnx", "reference"] as const) {
    const runtime = await loadRuntime({ name });
    const full = await scorer(runtime, saved);
    const options = { constants: weightConstants(saved, precision), threads };
    const encoder = await runtime.compile(encoderProgram(decoder), options);
    const step = await runtime.compile(
      stepProgram(decoder, beam, beam),
      options,
    );
    const source = randomSources(vocabulary, 1, 6, 7)[0];
    const length = source.length + 1;
    const padding = {
      shape: [1, 1, 1, length],
      data: new Float32Array(length),
    };
    const encoded = await encoder.run({
      source: { shape: [length, 1], data: Int32Array.of(...source, EOS) },
      padding,
    });
    const draw = random("descent", 7);
    const pick = (count: number) => Math.floor(draw() * count);
    const cache = Object.fromEntries(
      cacheNames(model).map((
        name,
      ) => [name, new Float32Array(steps * beam * width)]),
    );
    let prefixes: number[][] = Array.from({ length: beam }, () => []);
    // Of each hypothesis, its slot of the cache at each position.
    let slots: number[][] = prefixes.map(() => []);
    for (let position = 0; position < steps; position++) {
      slots = slots.map((before, i) => [...before, position * beam + i]);
      const all = (position + 1) * beam;
      const ancestors = new Float32Array(beam * all).fill(MASKED);
      slots.forEach((descent, i) =>
        descent.forEach((slot) => ancestors[i * all + slot] = 0)
      );
      // Only one hypothesis has a score, so that the beam best continuations are all of its words.
      const scored = pick(beam);
      const into: Record<string, HostTensor> = {};
      const carried: Record<string, HostTensor> = {};
      for (const [name, data] of Object.entries(cache)) {
        carried[name] = {
          shape: [all, 1, heads, width / heads],
          data: data.subarray(0, all * width),
        };
        into[own(name)] = {
          shape: [beam, width],
          data: data.subarray(position * beam * width, all * width),
        };
      }
      const results = await step.run({
        ...carried,
        ...encoded,
        padding,
        ancestors: { shape: [1, 1, beam, all], data: ancestors },
        token: {
          shape: [beam, 1],
          data: Int32Array.from(prefixes, (prefix) => prefix.at(-1) ?? BOS),
        },
        going: { shape: [1], data: Int32Array.of(0) },
        score: {
          shape: [1, beam],
          data: Float32Array.from(
            { length: beam },
            (_, i) => i === scored ? 0 : -Infinity,
          ),
        },
        position: { shape: [1], data: Int32Array.of(position) },
      }, into);
      const expected = (await full.score(source, prefixes))[scored][position];
      const compare = (actual: number, id: number) =>
        assertAlmostEquals(
          actual,
          expected[id],
          1e-5 * Math.max(1, Math.abs(expected[id])),
          `${name}, position ${position}, id ${id}`,
        );
      compare(results.ended.data[scored], EOS);
      const tokens = [...results[next("token")].data];
      tokens.forEach((id, place) =>
        compare(results[next("score")].data[place], id)
      );
      assertEquals(
        tokens.toSorted((a, b) => a - b),
        Array.from({ length: beam }, (_, word) => FIRST_WORD + word),
      );
      assert(results.parent.data.every((parent) => parent === scored));
      const parents = prefixes.map(() => pick(beam));
      prefixes = parents.map((
        parent,
      ) => [...prefixes[parent], FIRST_WORD + pick(beam)]);
      slots = parents.map((parent) => slots[parent]);
    }
    await encoder.dispose();
    await step.dispose();
  }
});

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

Deno.test("the reference runtime finds the same hypotheses", async () => {
  const vocabulary = 15;
  const saved = randomModel(vocabulary, 9);
  const sources = randomSources(vocabulary, 4, 5, 9);
  const options = { beam: 3, lengthPenalty: 1, maximumLength: 6 };
  const found: Hypothesis[][] = [];
  for (const name of ["onnx", "reference"] as const) {
    const translator = await createTranslator(
      await loadRuntime({ name }),
      saved,
      {
        threads,
      },
    );
    found.push(await translator.translate(sources, options));
    await translator.dispose();
  }
  found[0].forEach((hypothesis, index) =>
    assertSame(hypothesis, {
      ...found[1][index],
      ids: [...found[1][index].ids],
    })
  );
});

Deno.test("hypotheses end among the best, and the search stops when nothing alive can win", () => {
  const search = searchSentence({
    beam: 2,
    lengthPenalty: 1,
    maximumLength: 9,
  });
  // The empty hypothesis would be third of all continuations: it does not end.
  assertEquals(
    search.advance({
      tokens: [7, 8],
      scores: [-1, -2],
      parents: [0, 0],
      ended: [-2.5, -Infinity],
    }),
    false,
  );
  // Of the two, "8" ends as second best with -2.5 / 2; the best continuation, -2, may still reach -2 / 10.
  assertEquals(
    search.advance({
      tokens: [5, 6],
      scores: [-2, -3],
      parents: [1, 0],
      ended: [-4, -2.5],
    }),
    false,
  );
  // "8 5" ends with -2.4 / 3 and is the better one; two have ended.
  assertEquals(
    search.advance({
      tokens: [3, 4],
      scores: [-9, -9],
      parents: [0, 0],
      ended: [-2.4, -9.5],
    }),
    true,
  );
  assertEquals(search.best(), {
    ids: Int32Array.of(8, 5),
    score: -2.4,
    normalised: -2.4 / 3,
  });

  const early = searchSentence({ beam: 2, lengthPenalty: 1, maximumLength: 9 });
  // Alive is -30, at best -30 / 10 = -3, which does not beat -3 / 1.
  assertEquals(
    early.advance({
      tokens: [7, 8],
      scores: [-30, -40],
      parents: [0, 0],
      ended: [-3, -Infinity],
    }),
    true,
  );
  assertEquals(early.best().ids, new Int32Array(0));

  const late = searchSentence({ beam: 2, lengthPenalty: 1, maximumLength: 9 });
  // -20 / 10 does.
  assertEquals(
    late.advance({
      tokens: [7, 8],
      scores: [-20, -40],
      parents: [0, 0],
      ended: [-3, -Infinity],
    }),
    false,
  );

  const short = searchSentence({ beam: 2, lengthPenalty: 0, maximumLength: 1 });
  assertEquals(
    short.advance({
      tokens: [7, 8],
      scores: [-1, -2],
      parents: [0, 0],
      ended: [-9, -Infinity],
    }),
    false,
  );
  assertEquals(
    short.advance({
      tokens: [3, 3],
      scores: [-1, -2],
      parents: [0, 1],
      ended: [-8, -7],
    }),
    true,
  );
  assertEquals(short.best(), {
    ids: Int32Array.of(8),
    score: -7,
    normalised: -7,
  });
});

Deno.test("what cannot be translated is an input error that says why", async () => {
  const vocabulary = 15;
  const onnx = await loadRuntime();
  const options = { beam: 2, lengthPenalty: 1 };
  const failure = async (run: () => Promise<unknown>) => {
    const error = await assertRejects(run);
    assert(isInputError(error));
    return error.message;
  };
  const translator = await createTranslator(onnx, randomModel(vocabulary, 10), {
    threads,
  });
  const long = new Int32Array(MAXIMUM_LENGTH + 1).fill(FIRST_WORD);
  assertEquals(
    await failure(() =>
      translator.translate([Int32Array.of(4), long], options)
    ),
    "Cannot translate sentence 2: expected at most 1023 subwords, found 1024.",
  );
  await failure(() => translator.translate([], { ...options, beam: 65 }));
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
  await failure(() => diverged.translate([Int32Array.of(4)], options));
  await diverged.dispose();
});
