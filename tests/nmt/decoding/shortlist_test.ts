/** Decoding among the candidates of a short-list against its definition: the same search, other ids impossible. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { createTranslator } from "../../../nmt/decoding/beam_search.ts";
import {
  type Shortlist,
  shortlistOf,
} from "../../../nmt/shortlist/shortlist.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import type { Model } from "../../../schemas/experiment/model.ts";
import {
  plainBeam,
  randomModel,
  randomSources,
  type Scorer,
  scorer,
} from "../fixtures/plain_search.ts";
import {
  plainCandidates,
  randomShortlist,
} from "../shortlist/made_shortlist.ts";

const threads = 1;

/** The scorer of the candidates of a source, over which log p sums up to 1. */
const among = ({ score }: Scorer, shortlist: Shortlist): Scorer => ({
  score: async (source, prefixes) => {
    const ids = plainCandidates(shortlist, source);
    const rows = await score(source, prefixes);
    return rows.map((positions) =>
      positions.map((logp) => {
        const sum = ids.reduce((sum, id) => sum + Math.exp(logp[id]), 0);
        const own = new Array<number>(logp.length).fill(-Infinity);
        for (const id of ids) own[id] = logp[id] - Math.log(sum);
        return own;
      })
    );
  },
});

const KINDS: readonly Partial<Model>[] = [
  {},
  { autoregression: "ssru", norm: "post", outputBias: true },
  { tiedEmbeddings: "none" },
];

for (
  const [name, beam] of [["onnx", 1], ["onnx", 4], ["reference", 3]] as const
) {
  Deno.test(`on ${name}, a beam of ${beam} finds, in batches and alone, what the same search finds where other ids are impossible`, async () => {
    const vocabulary = 40;
    const runtime = await loadRuntime({ name });
    const onnx = await loadRuntime();
    const changed: boolean[] = [];
    for (const [seed, kind] of KINDS.entries()) {
      const saved = randomModel(vocabulary, seed, kind);
      const shortlist = randomShortlist(vocabulary, seed);
      const full = await scorer(onnx, saved);
      const plain = among(full, shortlist);
      const translator = await createTranslator(runtime, saved, {
        threads,
        shortlist,
      });
      const options = { vocabulary, beam, lengthPenalty: 1, maximumLength: 7 };
      const sources = randomSources(vocabulary, 12, 8, seed);
      const together = await translator.translate(sources, options);
      for (const [index, source] of sources.entries()) {
        const expected = await plainBeam(plain, source, options);
        const [alone] = await translator.translate([source], options);
        for (const found of [together[index], alone]) {
          assertEquals([...found.ids], [...expected.ids]);
          assertAlmostEquals(found.score, expected.score, 1e-4);
        }
        const free = await plainBeam(full, source, options);
        changed.push(String(free.ids) !== String(expected.ids));
      }
      await translator.dispose();
    }
    assert(changed.includes(true), "the short-list should change something");
  });
}

Deno.test("a sentence alone gives what it gives in a batch that others leave before it", async () => {
  const vocabulary = 40;
  const runtime = await loadRuntime();
  const lengths = new Set<number>();
  for (const [seed, kind] of KINDS.entries()) {
    const saved = randomModel(vocabulary, seed, kind);
    const shortlist = randomShortlist(vocabulary, seed, { longest: 1 });
    const translator = await createTranslator(runtime, saved, {
      threads,
      shortlist,
    });
    const sources = randomSources(vocabulary, 20, 9, seed);
    for (const beam of [1, 3]) {
      const options = { beam, lengthPenalty: 0, maximumLength: 30 };
      const together = await translator.translate(sources, options);
      for (const [index, source] of sources.entries()) {
        const [alone] = await translator.translate([source], options);
        assertEquals(alone.ids, together[index].ids);
        assertAlmostEquals(alone.score, together[index].score, 1e-3);
      }
      for (const { ids } of together) lengths.add(ids.length);
    }
    await translator.dispose();
  }
  assert(lengths.size > 5, `lengths ${[...lengths]}`);
});

for (const precision of ["float32", "int8"] as const) {
  Deno.test(`in ${precision}, a short-list of all ids changes nothing`, async () => {
    const vocabulary = 40;
    const runtime = await loadRuntime();
    const all = Array.from({ length: vocabulary }, (_, id) => id);
    const shortlist = shortlistOf(all, all.map(() => []));
    for (const [seed, kind] of KINDS.entries()) {
      const saved = randomModel(vocabulary, seed, kind);
      const sources = randomSources(vocabulary, 20, 8, seed);
      const options = { beam: 3, lengthPenalty: 1, maximumLength: 7 };
      const found = await Promise.all([undefined, shortlist].map(
        async (shortlist) => {
          const translator = await createTranslator(runtime, saved, {
            ...{ threads, precision, shortlist },
          });
          const found = [
            ...await translator.translate(sources, options),
            ...await translator.translate(sources.slice(0, 1), options),
          ];
          await translator.dispose();
          return found;
        },
      ));
      assertEquals(
        found[0].map(({ ids }) => ids),
        found[1].map(({ ids }) => ids),
      );
      found[0].forEach(({ score }, i) =>
        assertAlmostEquals(score, found[1][i].score, 1e-4)
      );
    }
  });

  Deno.test(`in ${precision}, translations are of candidates alone, and fewer of them than a beam are enough`, async () => {
    const vocabulary = 30;
    const runtime = await loadRuntime();
    const saved = randomModel(vocabulary, 4, { outputBias: true });
    const shortlist = randomShortlist(vocabulary, 4, {
      frequent: 1,
      longest: 1,
    });
    const translator = await createTranslator(runtime, saved, {
      ...{ threads, precision, shortlist },
    });
    const sources = randomSources(vocabulary, 20, 2, 4);
    const options = { beam: 12, lengthPenalty: 1, maximumLength: 6 };
    const found = [
      ...await translator.translate(sources, options),
      ...(await Promise.all(
        sources.slice(0, 3).map((source) =>
          translator.translate([source], options)
        ),
      )).flat(),
    ];
    await translator.dispose();
    [...sources, ...sources.slice(0, 3)].forEach((source, i) => {
      const ids = plainCandidates(shortlist, source);
      assert(found[i].ids.every((id) => ids.includes(id)));
      assert(Number.isFinite(found[i].score));
    });
    assert(new Set(found.flatMap(({ ids }) => [...ids])).size > 5);
  });
}
