/** Times the matrix products of a training step in turns with the whole step. */
import * as ort from "onnxruntime-node";
import { compileStep } from "../../nmt/training/compiled_step.ts";
import type { Task } from "../../nmt/training/training_step.ts";
import type { Node, Port, Recording } from "../../nmt/tensor/onnx/graph.ts";
import { encodeModel } from "../../nmt/tensor/onnx/model_bytes.ts";
import {
  elements,
  type Executable,
  type Program,
  type Runtime,
} from "../../nmt/tensor/program.ts";
import { sessionOptions } from "../../nmt/tensor/onnx/onnx_runtime.ts";
import { record } from "../../nmt/tensor/onnx/trace.ts";
import type { Batch } from "../../nmt/text/subwords/batches.ts";
import { median } from "./report.ts";

export interface Roofline {
  /** Medians of runs in turns. */
  readonly stepMs: number;
  readonly productsMs: number;
  /** How many products there are, and what they compute in a step: two operations for each multiplication. */
  readonly products: number;
  readonly operations: number;
}

type Inputs = Parameters<Executable["run"]>[0];

/** A product as recorded, with the sizes that its operands really have. */
interface Product {
  readonly node: Node;
  readonly shapes: readonly (readonly number[])[];
}

/** Times the step of a task on a batch and, in turns with it, a program of nothing but its products. */
export async function measureRoofline(
  runtime: Runtime,
  task: Task,
  batch: Batch,
  { threads, turns }: { readonly threads: number; readonly turns: number },
): Promise<Roofline> {
  const seen: { program?: Program; inputs?: Inputs } = {};
  const compiled = await compileStep(
    witness(runtime, seen),
    task,
    { role: "teacher", seed: 1, threads },
  );
  try {
    await compiled.run(batch, 0);
    if (seen.program === undefined || seen.inputs === undefined) {
      throw new Error("The step ran no program");
    }
    const products = await findProducts(seen.program, seen.inputs);
    const run = await productsAlone(products, threads);
    const steps: number[] = [], productTimes: number[] = [];
    // The first of each is to warm up: buffers are allocated, and the other's threads go to sleep.
    for (let turn = 0; turn <= turns; turn++) {
      await compiled.run(batch, 1 + 2 * turn);
      steps.push(await timed(() => compiled.run(batch, 2 + 2 * turn)));
      await run();
      productTimes.push(await timed(run));
    }
    return {
      stepMs: median(steps.slice(1)),
      productsMs: median(productTimes.slice(1)),
      products: products.length,
      operations: products.reduce((sum, each) => sum + operations(each), 0),
    };
  } finally {
    await compiled.dispose();
  }
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await run();
  return performance.now() - before;
}

/** A runtime that keeps what it compiled last, and what that ran on. */
function witness(
  runtime: Runtime,
  seen: { program?: Program; inputs?: Inputs },
): Runtime {
  return {
    ...runtime,
    compile: async (program, options) => {
      const executable = await runtime.compile(program, options);
      seen.program = program;
      return {
        ...executable,
        run: (inputs, into) => {
          seen.inputs = inputs;
          return executable.run(inputs, into);
        },
      };
    },
  };
}

/** The matrix products of a program. A product with one row or column is a sum in disguise, and not counted. */
async function findProducts(
  program: Program,
  inputs: Inputs,
): Promise<Product[]> {
  // As onnx_runtime.ts records what it runs on the CPU.
  const recording = record(program, {}, {
    sharesMemory: true,
    readsTransposed: true,
  });
  const nodes = recording.nodes.filter(({ op }) =>
    /^(Fused)?(Gemm|MatMul)$/.test(op)
  );
  const operands = [
    ...new Set(nodes.flatMap((node) => node.inputs.slice(0, 2))),
  ];
  const shapes = await shapesOf(recording, operands, inputs);
  return nodes.map((node) => ({
    node,
    shapes: node.inputs.slice(0, 2).map((name) => shapes.get(name) ?? []),
  })).filter(({ shapes }) =>
    shapes.every((shape) => shape.slice(-2).every((size) => size > 1))
  );
}

/** Stands for a rank, which the model's signature need not give. */
const RANK = { name: "rank", sentinel: 1_000_003, input: "", axis: 0 } as const;

/** The sizes of some values of a program when it runs on these inputs: the program is run once to be asked for them. */
async function shapesOf(
  recording: Recording,
  values: readonly string[],
  inputs: Inputs,
): Promise<Map<string, readonly number[]>> {
  const asked: Node[] = values.map((value, i) => ({
    op: "Shape",
    domain: "",
    inputs: [value],
    outputs: [`shape ${i}`],
    attributes: {},
  }));
  const session = await ort.InferenceSession.create(
    encodeModel({
      ...recording,
      nodes: [...recording.nodes, ...asked],
      outputs: values.map((_, i) => ({
        name: `shape ${i}`,
        shape: [RANK.sentinel],
        dtype: "int64" as const,
      })),
      symbols: [...recording.symbols, { ...RANK, offset: 0 }],
    }, "shapes"),
    { logSeverityLevel: 3 },
  );
  const feeds = Object.fromEntries(
    recording.inputs.map(({ name }) => [name, tensor(inputs[name])]),
  );
  const results = await session.run(feeds);
  await session.release();
  return new Map(values.map((value, i) => {
    const { data } = results[`shape ${i}`];
    return [value, Array.from(data as BigInt64Array, Number)];
  }));
}

function tensor(input: Inputs[string]): ort.Tensor {
  if (!("data" in input)) {
    throw new Error("A step on the CPU reads host memory");
  }
  const { data, shape } = input;
  if (data instanceof Float32Array) {
    return new ort.Tensor("float32", data, shape);
  }
  if (data instanceof Int32Array) return new ort.Tensor("int32", data, shape);
  if (data instanceof Uint8Array) return new ort.Tensor("uint8", data, shape);
  throw new Error("A step without a teacher has no input of float16");
}

const isTransposed = ({ attributes }: Node, which: "transA" | "transB") =>
  attributes[which] === 1;

/** Rows, inner size and columns of a product. */
function sizes({ node, shapes: [a, b] }: Product) {
  const [rows, inner] = isTransposed(node, "transA")
    ? [a[a.length - 1], a[a.length - 2]]
    : [a[a.length - 2], a[a.length - 1]];
  const columns = isTransposed(node, "transB")
    ? b[b.length - 2]
    : b[b.length - 1];
  return { rows, inner, columns };
}

function operations(product: Product): number {
  const { rows, inner, columns } = sizes(product);
  return 2 * elements(product.shapes[0].slice(0, -2)) * rows * inner * columns;
}

/**
 * A program of nothing but these products. Products of one shape share a few operands, so that it needs little memory, in
 * pairs of which no two are the same, so that none is spared. One element of each leaves the program: the binding copies
 * whole outputs, which would be measured too.
 */
async function productsAlone(
  products: readonly Product[],
  threads: number,
): Promise<() => Promise<unknown>> {
  const groups = [
    ...Map.groupBy(
      products,
      ({ node, shapes }) =>
        `${node.op} ${JSON.stringify([node.attributes, shapes])}`,
    ).values(),
  ];
  const feeds: Record<string, ort.Tensor> = {};
  const inputs: Port[] = [], outputs: Port[] = [], nodes: Node[] = [];
  const input = (
    name: string,
    type: "float32" | "int64",
    data: Float32Array | BigInt64Array,
    shape: readonly number[],
  ) => {
    feeds[name] = new ort.Tensor(type, data, shape);
    inputs.push({ name, shape, dtype: type });
  };
  for (const rank of new Set(groups.map(([{ shapes }]) => shapes[0].length))) {
    input(`first ${rank}`, "int64", new BigInt64Array(rank), [rank]);
    input(`end ${rank}`, "int64", new BigInt64Array(rank).fill(1n), [rank]);
  }
  groups.forEach((members, group) => {
    const [{ shapes }] = members;
    const rank = shapes[0].length;
    const side = Math.ceil(Math.sqrt(members.length));
    for (const which of [0, 1] as const) {
      for (let i = 0; i < side; i++) {
        const data = new Float32Array(elements(shapes[which]));
        for (let j = 0; j < data.length; j++) data[j] = Math.random();
        input(`${"ab"[which]} ${group} ${i}`, "float32", data, shapes[which]);
      }
    }
    const corners = members.map(({ node }, i) => {
      const product = `product ${group} ${i}`, corner = `corner ${group} ${i}`;
      const b = Math.floor(i / side);
      nodes.push({
        ...node,
        inputs: [`a ${group} ${i % side}`, `b ${group} ${b}`],
        outputs: [product],
      }, {
        op: "Slice",
        domain: "",
        inputs: [product, `first ${rank}`, `end ${rank}`],
        outputs: [corner],
        attributes: {},
      });
      return corner;
    });
    const name = `corners ${group}`;
    nodes.push({
      op: "Concat",
      domain: "",
      inputs: corners,
      outputs: [name],
      attributes: { axis: 0 },
    });
    const ones = new Array<number>(rank - 1).fill(1);
    outputs.push({ name, shape: [members.length, ...ones], dtype: "float32" });
  });
  const session = await ort.InferenceSession.create(
    encodeModel(
      { nodes, initializers: [], inputs, outputs, symbols: [] },
      "products",
    ),
    sessionOptions("cpu", threads),
  );
  return () => session.run(feeds);
}
