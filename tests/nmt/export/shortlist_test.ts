/** Exported graphs with a short-list inside against the project's search with the same one. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import proto from "onnx-proto";
import { createTranslator } from "../../../nmt/decoding/beam_search.ts";
import { exportedGraphs } from "../../../nmt/export/graphs.ts";
import { searchOptions, sourceOf } from "../../../nmt/export/translator.ts";
import { shortlistOf } from "../../../nmt/shortlist/shortlist.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import type { Model } from "../../../schemas/experiment/model.ts";
import { PAD } from "../../../schemas/experiment/vocabulary.ts";
import { randomModel, randomSources } from "../fixtures/plain_search.ts";
import { randomShortlist } from "../shortlist/made_shortlist.ts";
import { exported } from "./exported.ts";

const KINDS: readonly Partial<Model>[] = [
  {},
  { autoregression: "ssru", norm: "post", outputBias: true },
  { tiedEmbeddings: "none" },
  { tiedEmbeddings: "input", outputBias: true },
];

for (const precision of ["float32", "int8"] as const) {
  for (const [vocabulary, beam] of [[40, 1], [40, 4], [9, 8]]) {
    Deno.test(`in ${precision} the graph with a short-list finds with a beam of ${beam} over ${vocabulary} ids what the project finds`, async () => {
      const runtime = await loadRuntime();
      const [various, changed] = [new Set<string>(), new Set<boolean>()];
      for (const [seed, kind] of KINDS.entries()) {
        const saved = randomModel(vocabulary, seed, kind);
        const shortlist = randomShortlist(vocabulary, seed);
        await using graphs = await exported(saved, precision, 1, shortlist);
        const translators = await Promise.all(
          [shortlist, undefined].map((shortlist) =>
            createTranslator(runtime, saved, {
              ...{ threads: 1, precision, shortlist },
            })
          ),
        );
        const options = { beam, lengthPenalty: 1, maximumLength: 7 };
        for (
          const source of [
            new Int32Array(0),
            ...randomSources(vocabulary, 8, 8, seed),
          ]
        ) {
          const [found] = await graphs.translator.translate([source], options);
          const [[expected], [free]] = await Promise.all(
            translators.map((own) => own.translate([source], options)),
          );
          assertEquals(found.ids, expected.ids);
          if (source.length === 0) continue;
          // Hypotheses that do not exist differ, and the levels of int8 span them too.
          const near = precision === "int8"
            ? Math.abs(found.score) / 100
            : 1e-4;
          assertAlmostEquals(found.score, expected.score, near);
          various.add(String(found.ids));
          changed.add(String(found.ids) !== String(free.ids));
        }
        for (const own of translators) await own.dispose();
      }
      assert(various.size > 5, "expected various translations");
      assert(changed.has(true), "the short-list should change something");
    });
  }
}

Deno.test("a short-list of empty lists leaves the frequent ids and those of the source", async () => {
  const vocabulary = 40;
  const saved = randomModel(vocabulary, 1);
  const frequent = [5, 6, 7];
  const shortlist = shortlistOf(frequent, Array(vocabulary).fill([]));
  await using graphs = await exported(saved, "float32", 1, shortlist);
  const source = Int32Array.of(9, 11);
  const options = { beam: 2, lengthPenalty: 1, maximumLength: 7 };
  const [{ ids }] = await graphs.translator.translate([source], options);
  const candidates = [...frequent, ...source];
  assert(ids.every((id) => candidates.includes(id)), String(ids));
});

Deno.test("sentences of a batch keep their own candidates", async () => {
  const vocabulary = 40;
  for (const [seed, kind] of KINDS.entries()) {
    const saved = randomModel(vocabulary, seed, kind);
    const shortlist = randomShortlist(vocabulary, seed);
    await using graphs = await exported(saved, "float32", 1, shortlist);
    const sources = [
      ...randomSources(vocabulary, 12, 6, seed),
      new Int32Array(0),
    ];
    const options = searchOptions(3, 6, 2);
    const run = (sources: readonly Int32Array[]) =>
      graphs.translate.run({ source: sourceOf(sources), ...options });
    const { translation, scores } = await run(sources);
    for (const [row, source] of sources.entries()) {
      const alone = await run([source]);
      const [, width] = translation.shape;
      const own = Array.from(
        translation.data.slice(row * width, (row + 1) * width),
        Number,
      ).filter((id) => id !== PAD);
      assertEquals(own, Array.from(alone.translation.data, Number));
      alone.scores.data.forEach((score, i) =>
        assertAlmostEquals(
          Number(scores.data[2 * row + i]),
          Number(score),
          1e-4,
        )
      );
    }
  }
});

Deno.test("a short-list adds two bytes an id, or three in a large vocabulary, and leaves encoder and step as they are", async () => {
  const lists = (vocabulary: number, length: number) =>
    Array.from(
      { length: vocabulary },
      (_, id) =>
        Array.from({ length }, (_, i) => (id + 7 * i + 1) % vocabulary),
    );
  for (const [vocabulary, bytes] of [[2000, 2], [66_000, 3]]) {
    const saved = randomModel(vocabulary, 1);
    const withLists = (length: number) =>
      exportedGraphs(
        saved,
        "int8",
        1,
        shortlistOf([], lists(vocabulary, length)),
      );
    const [few, more] = [withLists(1), withLists(3)];
    const added = more.translate.length - few.translate.length;
    const ids = shortlistOf([], lists(vocabulary, 3)).ids.length -
      shortlistOf([], lists(vocabulary, 1)).ids.length;
    assertAlmostEquals(added, bytes * ids, 20);
    const { translate: _, ...stepwise } = exportedGraphs(saved, "int8", 1);
    assertEquals({ ...more, ...stepwise }, more);
    const { graph, opsetImport } = proto.onnx.ModelProto.decode(more.translate);
    assertEquals(opsetImport.map(({ domain }) => domain), [""]);
    const large = graph?.initializer?.filter(({ rawData }) =>
      (rawData?.length ?? 0) > 200
    ) ?? [];
    const contents = large.map(({ rawData }) =>
      String(rawData)
    );
    assertEquals(new Set(contents).size, contents.length);
  }
  const vocabulary = 66_000;
  const saved = randomModel(vocabulary, 1);
  const shortlist = shortlistOf([65_999], lists(vocabulary, 2));
  await using graphs = await exported(saved, "float32", 1, shortlist);
  const own = await createTranslator(await loadRuntime(), saved, {
    threads: 1,
    shortlist,
  });
  const source = Int32Array.of(65_600, 70, 65_990);
  const options = { beam: 2, lengthPenalty: 1, maximumLength: 5 };
  const [found] = await graphs.translator.translate([source], options);
  const [expected] = await own.translate([source], options);
  assertEquals(found.ids, expected.ids);
  assert(found.ids.some((id) => id > 0xffff), String(found.ids));
  await own.dispose();
});
