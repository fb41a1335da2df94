/** The ONNX form of each tfjs kernel: the table behind the recording backend. */
import { tf } from "../tfjs.ts";
import { type Dtype, type Graph, sameShape, type Value } from "./graph.ts";
import { ELEMENT } from "./model_bytes.ts";
import { factor } from "./symbolic_sizes.ts";
import { inferenceKernels } from "../inference.ts";
import { quantizationKernels } from "../quantization.ts";

export type Kernel = (
  graph: Graph,
  inputs: Readonly<Record<string, Value>>,
  attributes: Attributes,
) => Value | Value[];

/** Attributes as tfjs names them; a kernel reads only those that its op defines. */
export interface Attributes {
  readonly axis: number | number[];
  readonly reductionIndices?: number | number[];
  readonly keepDims: boolean;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly shape: number[];
  readonly dim: number;
  readonly perm: number[];
  readonly batchDims: number;
  readonly numSegments: number;
  readonly dtype: "float32" | "int32" | "bool";
  readonly value: number;
  readonly reps: number[];
  readonly begin: number[];
  readonly size: number[];
  readonly numOrSizeSplits: number | number[];
  readonly k: number;
  readonly epsilon: number;
  readonly by: number;
  readonly paddings: [number, number][];
  readonly constantValue: number;
  readonly alpha?: number;
}

const broadcast = (a: readonly number[], b: readonly number[]) =>
  tf.broadcast_util.assertAndGetBroadcastShape([...a], [...b]);
const axesOf = (axis: number | number[], shape: readonly number[]) =>
  tf.util.parseAxisParam(axis, [...shape]);

const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
};

function binary(op: string, graph: Graph, a: Value, b: Value): Value {
  const shape = broadcast(a.shape, b.shape);
  const fold = arithmetic[op];
  if (
    fold !== undefined && a.fill !== undefined && b.fill !== undefined &&
    a.dtype === "float32"
  ) {
    return graph.fill(fold(a.fill, b.fill), shape, a.dtype);
  }
  if ((op === "Mul" && a.fill === 1) || (op === "Add" && a.fill === 0)) {
    return { ...b, shape };
  }
  if (
    ((op === "Mul" || op === "Div") && b.fill === 1) ||
    ((op === "Add" || op === "Sub") && b.fill === 0)
  ) {
    return { ...a, shape };
  }
  if (op === "Mul" && (a.fill === 0 || b.fill === 0)) {
    return graph.fill(0, shape, a.dtype);
  }
  if (op === "Add") {
    const scattered = addedIntoScatter(graph, a, b) ??
      addedIntoScatter(graph, b, a);
    if (scattered !== undefined) return scattered;
  }
  return {
    name: graph.emit(op, [a.name, b.name]),
    base: broadcast(a.base, b.base),
    shape,
    dtype: a.dtype,
  };
}

/** `x + scatter(zeros, ids, rows)` is `scatter(x, ids, rows)`: one pass over the table less. */
function addedIntoScatter(
  graph: Graph,
  x: Value,
  scattered: Value,
): Value | undefined {
  const producer = graph.producer(scattered.name);
  if (
    producer?.op !== "ScatterElements" ||
    !producer.inputs[0].startsWith("zeros_")
  ) return undefined;
  if (
    !sameShape(x.shape, scattered.base) || !sameShape(x.shape, scattered.shape)
  ) return undefined;
  const [, ids, rows] = producer.inputs;
  return graph.value(
    graph.emit(producer.op, [graph.full(x), ids, rows], producer.attributes),
    x.shape,
    x.dtype,
  );
}

function compare(op: string): Kernel {
  return (graph, { a, b }) => ({
    name: graph.emit(op, [a.name, b.name]),
    base: broadcast(a.base, b.base),
    shape: broadcast(a.shape, b.shape),
    dtype: "bool",
  });
}

const unary = (op: string, attributes = {}): Kernel => (graph, { x }) => ({
  ...x,
  fill: undefined,
  name: graph.emit(op, [x.name], attributes),
});

function cast(graph: Graph, x: Value, dtype: Dtype): Value {
  if (x.dtype === dtype) return x;
  if (x.fill !== undefined) {
    const number = dtype === "bool"
      ? Number(x.fill !== 0)
      : dtype === "int32"
      ? Math.trunc(x.fill)
      : x.fill;
    return graph.fill(number, x.shape, dtype);
  }
  return {
    ...x,
    name: graph.emit("Cast", [x.name], { to: ELEMENT[dtype] }),
    dtype,
  };
}

function reduce(op: string): Kernel {
  return (graph, { x }, { axis, reductionIndices, keepDims }) => {
    const axes = axesOf(reductionIndices ?? axis, x.shape);
    if (axes.length === 0) return x;
    if (
      op === "ReduceMean" &&
      axes.some((axis) => graph.isSymbolic(x.shape[axis]))
    ) {
      throw new Error(
        "Cannot record a mean over a size that changes between runs; sum it and divide by a count input",
      );
    }
    const shape = keepDims
      ? x.shape.map((size, axis) => axes.includes(axis) ? 1 : size)
      : x.shape.filter((_, axis) => !axes.includes(axis));
    if (op === "ReduceSum" && isColumnSum(graph, x, axes)) {
      return graph.reshape(columnSum(graph, x), shape);
    }
    const numbers = op === "ReduceMean" ? cast(graph, x, "float32") : x;
    const name = graph.emit(op, [graph.full(numbers), graph.int64s(axes)], {
      keepdims: keepDims ? 1 : 0,
    });
    return graph.value(name, shape, numbers.dtype);
  };
}

/** The gradient of a bias or a gain: as many rows as a batch has tokens, added up. */
function isColumnSum(graph: Graph, x: Value, axes: readonly number[]): boolean {
  return x.dtype === "float32" && axes.join() === "0" &&
    x.shape.length === 2 && sameShape(x.base, x.shape) &&
    graph.isSymbolic(x.shape[0]) && !graph.isSymbolic(x.shape[1]);
}

/** A row of ones times x, [rows, columns] to [1, columns]: faster than ONNX Runtime's sum over the first axis. */
function columnSum(graph: Graph, x: Value): Value {
  const [rows, columns] = x.shape;
  const one = graph.scalar(1, "float32");
  const ones = graph.emit("Expand", [one, graph.sizes([1, rows])]);
  const name = graph.emit("Gemm", [ones, x.name], { transA: 0, transB: 0 });
  return graph.value(name, [1, columns], x.dtype);
}

/**
 * The sum of sizes, as a size. Fails where the sum changes between runs and is no product of symbols, or looks like one
 * by chance: a stand-in would become a constant, or a constant a stand-in.
 */
function sumOfSizes(graph: Graph, all: readonly number[]): number {
  const sizes = all.filter((size) => size !== 0);
  const sum = sizes.reduce((sum, size) => sum + size, 0);
  const symbolsOf = (size: number) =>
    factor(size, graph.symbols).symbols.map(({ name }) => name).join();
  const alike = sizes.every((size) => symbolsOf(size) === symbolsOf(sum));
  const successor = sizes.length === 2 && sizes.includes(1) &&
    graph.symbols.some(({ sentinel, offset }) =>
      offset === 1 && sentinel === sum
    );
  if (!alike && !successor) {
    throw new Error(
      `Cannot record a size of ${
        sizes.join(" + ")
      }: no product of sizes that change between runs is equal to it`,
    );
  }
  return sum;
}

function concatenate(
  graph: Graph,
  values: readonly Value[],
  axis: number,
): Value {
  const shape = [...values[0].shape];
  shape[axis] = sumOfSizes(graph, values.map((value) => value.shape[axis]));
  const name = graph.emit("Concat", values.map((value) => graph.full(value)), {
    axis,
  });
  return graph.value(name, shape, values[0].dtype);
}

function slice(
  graph: Graph,
  x: Value,
  begin: readonly number[],
  size: readonly number[],
): Value {
  const shape = x.shape.map((full, axis) =>
    size[axis] < 0 ? full - begin[axis] : size[axis]
  );
  const axes = shape.flatMap((size, axis) =>
    size === x.shape[axis] ? [] : [axis]
  );
  if (axes.length === 0) return x;
  if (axes.some((axis) => graph.isSymbolic(begin[axis]))) {
    throw new Error(
      "Cannot record a slice that begins at a size that changes between runs",
    );
  }
  const ends = axes.map((axis) =>
    sumOfSizes(graph, [begin[axis], shape[axis]])
  );
  const starts = graph.int64s(axes.map((axis) => begin[axis]));
  const name = graph.emit("Slice", [
    graph.full(x),
    starts,
    graph.sizes(ends),
    graph.int64s(axes),
  ]);
  return graph.value(name, shape, x.dtype);
}

/** The tensor with its last two axes swapped. */
function swapped(graph: Graph, x: Value): string {
  const axes = x.shape.map((_, axis) => axis);
  const perm = [...axes.slice(0, -2), axes.length - 1, axes.length - 2];
  return graph.emit("Transpose", [graph.full(x)], { perm });
}

function matrixProduct(
  graph: Graph,
  a: Value,
  b: Value,
  transposeA: boolean,
  transposeB: boolean,
): Value {
  const rows = a.shape[a.shape.length - (transposeA ? 1 : 2)];
  const columns = b.shape[b.shape.length - (transposeB ? 2 : 1)];
  const isFlat = a.shape.length === 2 && b.shape.length === 2;
  const attributes = { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 };
  // Products of ONNX Runtime's CPU read an operand transposed; a transpose would be joined to the one before it, which is
  // slower than both. Its WebGPU has no kernel for that.
  const name = isFlat
    ? graph.emit("Gemm", [graph.full(a), graph.full(b)], attributes)
    : graph.abilities.readsTransposed && (transposeA || transposeB)
    ? graph.emit(
      "FusedMatMul",
      [graph.full(a), graph.full(b)],
      attributes,
      "com.microsoft",
    )
    : graph.emit("MatMul", [
      transposeA ? swapped(graph, a) : graph.full(a),
      transposeB ? swapped(graph, b) : graph.full(b),
    ]);
  return graph.value(name, [...a.shape.slice(0, -2), rows, columns], a.dtype);
}

const inserted = (shape: readonly number[], axis: number) =>
  shape.toSpliced(axis, 0, 1);

export const kernels: Readonly<Record<string, Kernel>> = {
  ...inferenceKernels,
  ...quantizationKernels,
  Add: (graph, { a, b }) => binary("Add", graph, a, b),
  Sub: (graph, { a, b }) => binary("Sub", graph, a, b),
  Multiply: (graph, { a, b }) => binary("Mul", graph, a, b),
  RealDiv: (graph, { a, b }) => binary("Div", graph, a, b),
  Maximum: (graph, { a, b }) => binary("Max", graph, a, b),
  Minimum: (graph, { a, b }) => binary("Min", graph, a, b),
  Pow: (graph, { a, b }) => binary("Pow", graph, a, b),
  FloorDiv: (graph, { a, b }) => {
    // Integer division truncates, which is the floor of what is recorded here: indices, never below zero.
    if (a.dtype !== "int32") {
      throw new Error(
        "Cannot record a floor division of other numbers than int32 indices",
      );
    }
    return binary("Div", graph, a, b);
  },
  Mod: (graph, { a, b }) => {
    if (a.dtype !== "int32") {
      throw new Error("Cannot record a remainder of other numbers than int32");
    }
    return binary("Mod", graph, a, b);
  },
  Greater: compare("Greater"),
  GreaterEqual: compare("GreaterOrEqual"),
  Less: compare("Less"),
  LessEqual: compare("LessOrEqual"),
  Equal: compare("Equal"),
  LogicalAnd: compare("And"),
  LogicalOr: compare("Or"),
  LogicalNot: unary("Not"),
  Neg: unary("Neg"),
  Exp: unary("Exp"),
  Log: unary("Log"),
  Sqrt: unary("Sqrt"),
  Relu: unary("Relu"),
  Abs: unary("Abs"),
  Tanh: unary("Tanh"),
  Sigmoid: unary("Sigmoid"),
  Reciprocal: unary("Reciprocal"),
  Rsqrt: (graph, { x }) => ({
    ...x,
    fill: undefined,
    name: graph.emit("Reciprocal", [graph.emit("Sqrt", [x.name])]),
  }),
  Square: (graph, { x }) => binary("Mul", graph, x, x),
  // HardSigmoid this steep is the step function; unlike Sign, ONNX Runtime runs it on all threads.
  Step: (graph, inputs, attributes) => {
    if (attributes.alpha !== undefined && attributes.alpha !== 0) {
      throw new Error("Cannot record a step that has a slope below zero");
    }
    const steep = { alpha: { float: 1e38 }, beta: { float: 0 } };
    return unary("HardSigmoid", steep)(graph, inputs, attributes);
  },
  Sum: reduce("ReduceSum"),
  Max: reduce("ReduceMax"),
  Mean: reduce("ReduceMean"),
  ArgMax: (graph, { x }, { axis }) => {
    const [dim] = axesOf(axis, x.shape);
    const name = graph.emit("ArgMax", [graph.full(x)], {
      axis: dim,
      keepdims: 0,
    });
    return cast(
      graph,
      graph.value(name, x.shape.toSpliced(dim, 1), "int64"),
      "int32",
    );
  },
  TopK: (graph, { x }, { k }) => {
    const shape = [...x.shape.slice(0, -1), k];
    const [values, indices] = graph.emitAll(
      "TopK",
      [graph.full(x), graph.sizes([k])],
      { axis: -1, sorted: 1 },
      2,
    );
    return [
      graph.value(values, shape, x.dtype),
      cast(graph, graph.value(indices, shape, "int64"), "int32"),
    ];
  },
  BatchMatMul: (graph, { a, b }, { transposeA, transposeB }) =>
    matrixProduct(graph, a, b, transposeA, transposeB),
  Reshape: (graph, { x }, { shape }) =>
    graph.reshape(
      x,
      tf.util.inferFromImplicitShape(
        shape,
        tf.util.sizeFromShape([...x.shape]),
      ),
    ),
  ExpandDims: (graph, { input }, { dim }) =>
    graph.reshape(
      input,
      inserted(input.shape, dim < 0 ? input.shape.length + 1 + dim : dim),
    ),
  Transpose: (graph, { x }, { perm }) => {
    const shape = perm.map((axis) => x.shape[axis]);
    if (perm.every((axis, position) => axis === position)) return x;
    if (x.base.length === 0) return { ...x, shape };
    return graph.value(
      graph.emit("Transpose", [graph.full(x)], { perm }),
      shape,
      x.dtype,
    );
  },
  GatherV2: (graph, { x, indices }, { axis, batchDims }) => {
    if (batchDims !== 0 || typeof axis !== "number") {
      throw new Error("Cannot record a gather with batch dimensions");
    }
    const name = graph.emit("Gather", [graph.full(x), graph.full(indices)], {
      axis,
    });
    return graph.value(
      name,
      x.shape.toSpliced(axis, 1, ...indices.shape),
      x.dtype,
    );
  },
  // ScatterElements is sequential: right and deterministic with repeated ids, where ScatterND races on several threads.
  UnsortedSegmentSum: (graph, { x, segmentIds }, { numSegments }) => {
    const shape = [numSegments, ...x.shape.slice(1)];
    const column = x.shape.map((size, axis) => axis === 0 ? size : 1);
    const rows = graph.full(graph.reshape(segmentIds, column));
    const ids = graph.emit("Expand", [rows, graph.sizes(x.shape)]);
    const zeros = x.dtype === "float32" && !shape.some(graph.isSymbolic)
      ? graph.constant(
        new Float32Array(tf.util.sizeFromShape(shape)),
        shape,
        x.dtype,
        `zeros_${shape.join("x")}`,
      )
      : graph.full(graph.fill(0, shape, x.dtype));
    const name = graph.emit("ScatterElements", [zeros, ids, graph.full(x)], {
      axis: 0,
      reduction: "add",
    });
    return graph.value(name, shape, x.dtype);
  },
  Softmax: (graph, { logits }, { dim }) =>
    graph.value(
      graph.emit("Softmax", [graph.full(logits)], { axis: dim }),
      logits.shape,
      logits.dtype,
    ),
  LayerNormalization: (graph, { x, gain, bias }, { epsilon }) => {
    const names = graph.emitAll(
      "LayerNormalization",
      [graph.full(x), graph.full(gain), graph.full(bias)],
      { axis: -1, epsilon: { float: epsilon } },
      3,
    );
    const column = [...x.shape.slice(0, -1), 1];
    const shapes = [x.shape, column, column];
    return names.map((name, i) => graph.value(name, shapes[i], x.dtype));
  },
  ShiftInTime: (graph, { x }, { by }) => {
    const pads = by > 0 ? [0, by, 0, 0, 0, 0] : [0, 0, 0, 0, -by, 0];
    const padded = graph.emit("Pad", [graph.full(x), graph.int64s(pads)]);
    const [from, to] = by > 0 ? [0, -by] : [-by, Number.MAX_SAFE_INTEGER];
    const ends = [[from], [to], [1]].map(graph.int64s);
    const shifted = graph.emit("Slice", [padded, ...ends]);
    return graph.value(shifted, x.shape, x.dtype);
  },
  Cast: (graph, { x }, { dtype }) => cast(graph, x, dtype),
  Identity: (_graph, { x }) => x,
  Select: (graph, { condition, t, e }) => ({
    name: graph.emit("Where", [condition.name, t.name, e.name]),
    base: broadcast(condition.base, broadcast(t.base, e.base)),
    shape: t.shape,
    dtype: t.dtype,
  }),
  Fill: (graph, _inputs, { shape, value, dtype }) =>
    graph.fill(value, shape, dtype ?? "float32"),
  ZerosLike: (graph, { x }) => graph.fill(0, x.shape, x.dtype),
  OnesLike: (graph, { x }) => graph.fill(1, x.shape, x.dtype),
  Tile: (graph, { x }, { reps }) => {
    const shape = x.shape.map((size, axis) => size * reps[axis]);
    if (x.shape.every((size, axis) => size === 1 || reps[axis] === 1)) {
      return { ...x, shape };
    }
    return graph.value(
      graph.emit("Tile", [graph.full(x), graph.sizes(reps)]),
      shape,
      x.dtype,
    );
  },
  Concat: (graph, inputs, { axis }) => {
    const values = Object.values(inputs);
    return concatenate(graph, values, axesOf(axis, values[0].shape)[0]);
  },
  Pack: (graph, inputs, { axis }) => {
    const values = Object.values(inputs);
    const dim = typeof axis === "number" ? axis : axis[0];
    return concatenate(
      graph,
      values.map((value) => graph.reshape(value, inserted(value.shape, dim))),
      dim,
    );
  },
  Slice: (graph, { x }, { begin, size }) => slice(graph, x, begin, size),
  SplitV: (graph, { x }, { numOrSizeSplits, axis }) => {
    const [dim] = axesOf(axis, x.shape);
    const given = typeof numOrSizeSplits === "number"
      ? new Array<number>(numOrSizeSplits).fill(x.shape[dim] / numOrSizeSplits)
      : numOrSizeSplits;
    const known = given.reduce((sum, size) => sum + Math.max(size, 0), 0);
    const sizes = given.map((size) => size < 0 ? x.shape[dim] - known : size);
    sumOfSizes(graph, sizes);
    const names = graph.emitAll("Split", [graph.full(x), graph.sizes(sizes)], {
      axis: dim,
    }, sizes.length);
    return names.map((name, index) =>
      graph.value(name, x.shape.toSpliced(dim, 1, sizes[index]), x.dtype)
    );
  },
  PadV2: (graph, { x }, { paddings, constantValue }) => {
    const before = paddings.map(([count]) => count);
    const after = paddings.map(([, count]) => count);
    if ([...before, ...after].some(graph.isSymbolic)) {
      throw new Error(
        "Cannot record a padding by a size that changes between runs",
      );
    }
    const pads = graph.int64s([...before, ...after]);
    const name = graph.emit("Pad", [
      graph.full(x),
      pads,
      graph.scalar(constantValue, x.dtype),
    ]);
    const shape = x.shape.map((size, axis) =>
      sumOfSizes(graph, [before[axis], size, after[axis]])
    );
    return graph.value(name, shape, x.dtype);
  },
};
