/** Rewritten operators beside the operators themselves, both computed by ONNX Runtime. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as ort from "onnxruntime-node";
import { random } from "../../../../nmt/random.ts";
import { encodeModel } from "../../../../nmt/tensor/onnx/model_bytes.ts";
import type { Node, Recording } from "../../../../nmt/tensor/onnx/graph.ts";
import { inStandardOperators } from "../../../../nmt/tensor/onnx/standard_operators.ts";
import { f32 } from "../values.ts";

const MICROSOFT = "com.microsoft";

/** A graph of one node from float inputs of these shapes to "y". */
function recording(
  node: Pick<Node, "op" | "domain" | "attributes">,
  shapes: Readonly<Record<string, readonly number[]>>,
  result: readonly number[],
): Recording {
  const inputs = Object.entries(shapes).map(([name, shape]) => ({
    name,
    shape,
    dtype: "float32" as const,
  }));
  return {
    nodes: [{
      ...node,
      inputs: inputs.map(({ name }) => name),
      outputs: ["y"],
    }],
    initializers: [],
    inputs,
    outputs: [{ name: "y", shape: result, dtype: "float32" }],
    symbols: [],
  };
}

async function computed(
  graph: Recording,
  inputs: Readonly<Record<string, Float32Array>>,
) {
  const session = await ort.InferenceSession.create(
    encodeModel(graph, "test"),
    { intraOpNumThreads: 1, graphOptimizationLevel: "disabled" },
  );
  const { y } = await session.run(Object.fromEntries(
    graph.inputs.map(({ name, shape }) => [
      name,
      new ort.Tensor("float32", inputs[name], shape),
    ]),
  ));
  await session.release();
  return { shape: [...y.dims], values: [...y.data as Float32Array] };
}

const BATCH = 2, HEADS = 3, ROWS = 4, INNER = 5, COLUMNS = 6;

/** The shape of an operand whose matrices are [rows, columns], as the flags say that it stands in memory. */
function shapeOf(
  rows: number,
  columns: number,
  isTransposed: boolean,
  isBatchTransposed: boolean,
) {
  const [outer, inner] = isTransposed ? [columns, rows] : [rows, columns];
  return isBatchTransposed
    ? [outer, BATCH, HEADS, inner]
    : [BATCH, HEADS, outer, inner];
}

const flags = [0, 1];
const forms = flags.flatMap((transA) =>
  flags.flatMap((transB) =>
    flags.flatMap((transBatchA) =>
      flags.flatMap((transBatchB) =>
        [1, 0.125].map((alpha) => ({
          ...{ transA, transB, transBatchA, transBatchB },
          alpha: { float: alpha },
        }))
      )
    )
  )
);

Deno.test("every form of FusedMatMul is transposes and a product with the same numbers", async () => {
  const next = random("products", 1);
  const draw = (shape: readonly number[]) =>
    Float32Array.from(
      { length: shape.reduce((a, b) => a * b) },
      () => next() - 0.5,
    );
  const results = new Set<string>();
  for (const attributes of forms) {
    const { transA, transB, transBatchA, transBatchB } = attributes;
    const shapes = {
      a: shapeOf(ROWS, INNER, transA === 1, transBatchA === 1),
      b: shapeOf(INNER, COLUMNS, transB === 1, transBatchB === 1),
    };
    const fused = recording(
      { op: "FusedMatMul", domain: MICROSOFT, attributes },
      shapes,
      [BATCH, HEADS, ROWS, COLUMNS],
    );
    const standard = inStandardOperators(fused);
    assert(standard.nodes.every(({ domain }) => domain === ""));
    const inputs = { a: draw(shapes.a), b: draw(shapes.b) };
    const expected = await computed(fused, inputs);
    const found = await computed(standard, inputs);
    const form = JSON.stringify(attributes);
    assertEquals(found.shape, expected.shape, form);
    expected.values.forEach((value, i) =>
      assert(Math.abs(found.values[i] - value) < 1e-6, form)
    );
    results.add(standard.nodes.map(({ op }) => op).join());
  }
  assertEquals(results.size, 6, "0 to 2 transposes, scaled and not");
});

Deno.test("attributes of FusedMatMul that are left out are zeros, and the scale is one", async () => {
  const shapes = { a: [1, 1, 1, 2], b: [1, 1, 2, 1] };
  const fused = recording(
    { op: "FusedMatMul", domain: MICROSOFT, attributes: {} },
    shapes,
    [1, 1, 1, 1],
  );
  const standard = inStandardOperators(fused);
  assertEquals(standard.nodes.map(({ op }) => op), ["MatMul"]);
  const inputs = { a: Float32Array.of(1, 2), b: Float32Array.of(3, 4) };
  assertEquals((await computed(standard, inputs)).values, [11]);
  assertEquals((await computed(fused, inputs)).values, [11]);
});

const LINE = f32([-1e30, -3, -1, -0.1, -1e-30, 0, 1e-30, 0.1, 1, 3, 1e30]);

const SIGMOIDS: readonly Node["attributes"][] = [
  {},
  { alpha: { float: 0.5 }, beta: { float: 0.25 } },
  { alpha: { float: 1e38 }, beta: { float: 0 } },
];

for (const attributes of SIGMOIDS) {
  Deno.test(`HardSigmoid with ${JSON.stringify(attributes)} is a product, a sum and a clip with the same numbers`, async () => {
    const shape = LINE.shape;
    const graph = recording(
      { op: "HardSigmoid", domain: "", attributes },
      { x: shape },
      shape,
    );
    const standard = inStandardOperators(graph);
    assertEquals(standard.nodes.map(({ op }) => op), ["Mul", "Add", "Clip"]);
    const inputs = { x: LINE.data as Float32Array<ArrayBuffer> };
    const expected = await computed(graph, inputs);
    assert(new Set(expected.values).size > 1, `${expected.values}`);
    const found = await computed(standard, inputs);
    expected.values.forEach((value, i) =>
      assert(Math.abs(found.values[i] - value) < 1e-6, `${found.values}`)
    );
  });
}

Deno.test("what has no operators of the standard is refused by its name, and the rest stays as it is", () => {
  const plain = recording(
    { op: "Exp", domain: "", attributes: {} },
    { x: [2] },
    [2],
  );
  assertEquals(inStandardOperators(plain), plain);
  const quantized = recording(
    { op: "DynamicQuantizeMatMul", domain: MICROSOFT, attributes: {} },
    { x: [2] },
    [2],
  );
  assertThrows(
    () => inStandardOperators(quantized),
    Error,
    "Cannot write DynamicQuantizeMatMul in operators of the standard",
  );
});
