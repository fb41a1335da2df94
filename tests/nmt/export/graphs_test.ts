/** The exported encoder and decoder step against the training graph, and the contents of the files. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import proto from "onnx-proto";
import { Tensor } from "onnxruntime-node";
import type { onnx } from "onnx-proto";
import { exportedGraphs, GRAPHS } from "../../../nmt/export/graphs.ts";
import { cacheNames } from "../../../nmt/export/programs.ts";
import type { SavedModel } from "../../../nmt/transformer/checkpoint.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { BOS, EOS, PAD } from "../../../schemas/experiment/vocabulary.ts";
import {
  randomModel,
  randomSources,
  scorer,
} from "../fixtures/plain_search.ts";
import { exported } from "./exported.ts";

/** Ids of equally long rows as a tensor. */
const idsOf = (rows: readonly (readonly number[])[]) =>
  new Tensor("int64", BigInt64Array.from(rows.flat(), BigInt), [
    rows.length,
    rows[0].length,
  ]);

/**
 * log p of each id after each position of some hypotheses [batch][beam][time], by encoder and decoder driven as libraries
 * do: `at` are the places where a run begins, which reads the cache of the run before; without a cache all ids are read again.
 */
async function driven(
  saved: SavedModel,
  precision: "float32" | "int8",
  sources: readonly Int32Array[],
  hypotheses: readonly (readonly (readonly number[])[])[],
  { at, isCached = true }: {
    readonly at: readonly number[];
    readonly isCached?: boolean;
  },
): Promise<number[][][][]> {
  await using graphs = await exported(saved, precision);
  const encoder = await graphs.open("encoder_model");
  const decoder = await graphs.open("decoder_model_merged");
  const rows = hypotheses.flat().map((ids) => [BOS, ...ids]);
  const width = Math.max(...sources.map(({ length }) => length)) + 1;
  const input = sources.flatMap((source, i) =>
    hypotheses[i].map(() =>
      Object.assign(new Array<number>(width).fill(PAD), [...source, EOS])
    )
  );
  const mask = idsOf(input.map((ids) => ids.map((id) => id === PAD ? 0 : 1)));
  const encoded = await encoder.run({
    input_ids: idsOf(input),
    attention_mask: mask,
  });
  const { heads, width: features } = saved.model;
  // What stands in for a cache is not read.
  const shape = [rows.length, heads, 1, features / heads];
  const size = shape.reduce((product, size) => product * size, 1);
  const none = new Tensor("float32", new Float32Array(size).fill(9), shape);
  let past: Record<string, Tensor> = Object.fromEntries(
    decoder.inputNames.filter((name) => name.startsWith("past"))
      .map((name) => [name, none]),
  );
  const found: number[][][] = rows.map(() => []);
  for (const [i, begin] of at.entries()) {
    const end = at[i + 1] ?? rows[0].length;
    const start = isCached ? begin : 0;
    const outputs = await decoder.run({
      ...past,
      encoder_hidden_states: encoded.last_hidden_state,
      encoder_attention_mask: mask,
      input_ids: idsOf(rows.map((ids) => ids.slice(start, end))),
      use_cache_branch: new Tensor("bool", [isCached && i > 0], [1]),
    });
    const { vocabulary } = saved;
    const { logits, ...present } = outputs;
    assertEquals([...logits.dims], [rows.length, end - start, vocabulary]);
    if (isCached) {
      past = Object.fromEntries(
        Object.entries(present).map(([name, value]) => [
          name.replace("present", "past_key_values"),
          value as Tensor,
        ]),
      );
      const key = past["past_key_values.0.decoder.key"];
      assertEquals([...key.dims], [
        ...[rows.length, heads, end],
        features / heads,
      ]);
    }
    found.forEach((positions, row) => {
      for (let time = begin; time < end; time++) {
        const from = (row * (end - start) + time - start) * vocabulary;
        const own = Array.from(
          logits.data.slice(from, from + vocabulary) as Float32Array,
        );
        const most = Math.max(...own);
        const sum = own.reduce((sum, x) => sum + Math.exp(x - most), 0);
        positions.push(own.map((x) => x - most - Math.log(sum)));
      }
    });
  }
  const beam = hypotheses[0].length;
  return sources.map((_, i) => found.slice(i * beam, (i + 1) * beam));
}

const STEPS = { at: [0, 1, 2, 3, 4, 5] };

/** How far what they say is from the training graph: for each id that may follow. */
async function distances(
  saved: SavedModel,
  precision: "float32" | "int8",
  runs: Parameters<typeof driven>[4] = STEPS,
): Promise<number[]> {
  const { vocabulary } = saved;
  const sources = randomSources(vocabulary, 3, 9, 20);
  const next = randomSources(vocabulary, 30, 1, 21);
  const hypotheses = sources.map((_, sentence) =>
    Array.from({ length: 2 }, (_, row) =>
      Array.from(
        { length: 5 },
        (_, time) => next[10 * sentence + 5 * row + time][0],
      ))
  );
  const found = await driven(saved, precision, sources, hypotheses, runs);
  const { score } = await scorer(await loadRuntime(), saved);
  const all: number[] = [];
  for (const [sentence, source] of sources.entries()) {
    const expected = (await score(source, hypotheses[sentence])).flat(2);
    const own = found[sentence].flat(2);
    assertEquals(own.length, expected.length);
    all.push(...own.map((logp, i) => Math.abs(logp - expected[i])));
  }
  return all;
}

for (
  const [how, runs] of [
    ["an id a run with a cache", STEPS],
    ["several ids a run with a cache", { at: [0, 2, 3] }],
    ["all ids at once", { at: [0] }],
    ["all ids again in each run, without a cache", {
      ...STEPS,
      isCached: false,
    }],
  ] as const
) {
  for (const autoregression of ["self-attention", "ssru"] as const) {
    Deno.test(`encoder and decoder of ${autoregression} say of every next id what the training graph says, in a batch: ${how}`, async () => {
      for (const seed of [1, 2]) {
        const saved = randomModel(31, seed, { autoregression });
        const all = await distances(saved, "float32", runs);
        assertAlmostEquals(Math.max(...all), 0, 1e-4);
      }
    });
  }
}

Deno.test("after the end, and after as many ids as a translation may have, only the end may follow", async () => {
  const saved = randomModel(31, 3);
  const [source] = randomSources(31, 1, 2, 4);
  const most = 2 * source.length + 20;
  const long = new Array<number>(most + 1).fill(7);
  const [[places, early]] = await driven(
    saved,
    "float32",
    [source],
    [[long, long.with(1, EOS)]],
    { at: [0] },
  );
  const isFree = (logp: readonly number[]) => logp.every(Number.isFinite);
  assert(places.slice(0, most).every(isFree));
  assertEquals(early.slice(0, 4).map(isFree), [true, true, false, true]);
  for (const logp of [...places.slice(most), early[2]]) {
    assertEquals(logp.indexOf(0), EOS);
    assertEquals(logp.filter((x) => x !== -Infinity), [0]);
  }
});

Deno.test("in int8 they say it nearly, and not the same", async () => {
  const all = await distances(randomModel(31, 1), "int8");
  const mean = all.reduce((sum, distance) => sum + distance, 0) / all.length;
  assert(mean > 1e-4 && mean < 0.15, `they are ${mean} apart`);
});

/** A graph and those in its nodes. */
function graphsIn(graph: onnx.IGraphProto): onnx.IGraphProto[] {
  const inner = graph.node?.flatMap(({ attribute }) => attribute ?? [])
    .flatMap(({ g }) => g ? graphsIn(g) : []);
  return [graph, ...inner ?? []];
}

Deno.test("files hold standard operators alone, each tensor once, matrices of int8 as such, and equal models give equal bytes", () => {
  const saved = randomModel(700, 3);
  for (const precision of ["float32", "int8"] as const) {
    const files = exportedGraphs(saved, precision, 1);
    assertEquals(exportedGraphs(saved, precision, 1), files);
    for (const name of GRAPHS) {
      const model = proto.onnx.ModelProto.decode(files[name]);
      assertEquals(
        model.opsetImport.map(({ domain, version }) => [
          domain,
          Number(version),
        ]),
        [["", 18]],
      );
      const graphs = graphsIn(model.graph ?? {});
      assertEquals(graphs.length, name === "encoder_model" ? 1 : 2);
      const nodes = graphs.flatMap(({ node }) => node ?? []);
      assert(nodes.every(({ domain }) => !domain));
      const tensors = graphs.flatMap(({ initializer }) => initializer ?? []);
      const large = tensors.filter(({ rawData }) =>
        (rawData?.length ?? 0) > 200
      );
      const contents = large.map(({ rawData }) => String(rawData));
      assertEquals(new Set(contents).size, contents.length);
      const { INT8, FLOAT } = proto.onnx.TensorProto.DataType;
      const matrices = large.filter(({ dims }) => dims?.length === 2);
      assert(matrices.length > 5);
      for (const { dataType } of matrices) {
        assertEquals(dataType, precision === "int8" ? INT8 : FLOAT);
      }
      const products = nodes.filter(({ opType }) => opType === "MatMulInteger");
      assertEquals(products.length > 5, precision === "int8");
    }
  }
});

Deno.test("of the numbers of its hypotheses a step of the search hands on scores and the cache, not the attention of all steps", () => {
  const { FLOAT } = proto.onnx.TensorProto.DataType;
  for (const autoregression of ["self-attention", "ssru"] as const) {
    const saved = randomModel(23, 3, { autoregression });
    const { translate } = exportedGraphs(saved, "float32", 1);
    const { graph } = proto.onnx.ModelProto.decode(translate);
    const [, step] = graphsIn(graph ?? {});
    const floats = step.input?.filter(({ type }) =>
      type?.tensorType?.elemType === FLOAT
    ).map(({ name }) => name);
    const cache = cacheNames("past", saved.model);
    assertEquals(
      floats,
      ["score", "found.score", "found.norm", ...cache].map((name) =>
        `repeated ${name}`
      ),
    );
  }
});
