/** The exported encoder and decoder step against the training graph, and the contents of the files. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import proto from "onnx-proto";
import type { onnx } from "onnx-proto";
import { exportedGraphs, GRAPHS } from "../../../nmt/export/graphs.ts";
import { sourceOf } from "../../../nmt/export/translator.ts";
import type { SavedModel } from "../../../nmt/transformer/checkpoint.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { BOS } from "../../../schemas/experiment/vocabulary.ts";
import type { FileTensors } from "../../../nmt/tensor/onnx/onnx_file.ts";
import {
  randomModel,
  randomSources,
  scorer,
} from "../fixtures/plain_search.ts";
import { exported } from "./exported.ts";

const empty = ({ model }: SavedModel, batch: number, beam: number) => ({
  shape: [batch, beam, model.heads, 0, model.width / model.heads],
  data: new Float32Array(0),
});

/** The cache of the next step. */
const asPast = (outputs: FileTensors): FileTensors =>
  Object.fromEntries(
    Object.entries(outputs).filter(([name]) => name.startsWith("present"))
      .map(([name, tensor]) => [name.replace("present", "past"), tensor]),
  );

/** log p of each id after each position of some hypotheses [batch][beam][time], by encoder and decoder driven by hand. */
async function driven(
  saved: SavedModel,
  precision: "float32" | "int8",
  sources: readonly Int32Array[],
  hypotheses: readonly (readonly (readonly number[])[])[],
): Promise<number[][][][]> {
  await using graphs = await exported(saved, precision);
  const encoded = await graphs.encoder.run({ source: sourceOf(sources) });
  const batch = sources.length, beam = hypotheses[0].length;
  let past: FileTensors = Object.fromEntries(
    graphs.decoder.inputs.filter((name) => name.startsWith("past"))
      .map((name) => [name, empty(saved, batch, beam)]),
  );
  const found: number[][][][] = hypotheses.map((beam) => beam.map(() => []));
  for (let time = 0; time <= hypotheses[0][0].length; time++) {
    const ids = hypotheses.flatMap((beam) =>
      beam.map((ids) => time === 0 ? BOS : ids[time - 1])
    );
    const outputs = await graphs.decoder.run({
      ...encoded,
      ...past,
      token: { shape: [batch, beam], data: BigInt64Array.from(ids, BigInt) },
    });
    past = asPast(outputs);
    const { logits: { data, shape } } = outputs;
    assertEquals(shape, [batch, beam, saved.vocabulary]);
    found.flat().forEach((positions, row) => {
      const own = Array.from(
        data.slice(row * saved.vocabulary, (row + 1) * saved.vocabulary),
        Number,
      );
      const most = Math.max(...own);
      const sum = own.reduce((sum, x) => sum + Math.exp(x - most), 0);
      positions.push(own.map((x) => x - most - Math.log(sum)));
    });
  }
  return found;
}

/** How far what they say is from the training graph: for each id that may follow. */
async function distances(
  saved: SavedModel,
  precision: "float32" | "int8",
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
  const found = await driven(saved, precision, sources, hypotheses);
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

Deno.test("encoder and decoder step say of every next id what the training graph says, in a batch and with a beam", async () => {
  for (const seed of [1, 2]) {
    const all = await distances(randomModel(31, seed), "float32");
    assertAlmostEquals(Math.max(...all), 0, 1e-4);
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
      assertEquals(graphs.length, name === "translate" ? 2 : 1);
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
