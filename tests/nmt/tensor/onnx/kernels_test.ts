/** Every kernel of the recording backend, on symbolic shapes against hand-worked numbers, on each runtime. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  attention,
  attentionToSource,
  continueInPlace,
  logSoftmax,
  sourceKeysAndValues,
  takeAlongRows,
} from "../../../../nmt/tensor/inference.ts";
import { kernels } from "../../../../nmt/tensor/onnx/kernels.ts";
import { layerNormalization } from "../../../../nmt/tensor/normalization.ts";
import { linearRecurrence } from "../../../../nmt/tensor/recurrence.ts";
import { quantizedProduct } from "../../../../nmt/tensor/quantization.ts";
import type {
  HostTensor,
  HostTensors,
  Program,
  Spec,
  Tensor,
  Tensors,
} from "../../../../nmt/tensor/program.ts";
import { tf } from "../../../../nmt/tensor/tfjs.ts";
import { RUNTIMES } from "../runtimes.ts";
import { assertTensors, f32, i32, spec, tensor } from "../values.ts";

interface Case {
  readonly inputs: Readonly<Record<string, readonly [Spec, HostTensor]>>;
  build(inputs: Tensors): Tensors;
  readonly expected: HostTensors;
}

/** Two inputs of one size that only a run decides. */
function pair(
  a: HostTensor,
  b: HostTensor,
  op: (a: Tensor, b: Tensor) => Tensor,
  expected: HostTensor,
): Case {
  const type = (x: HostTensor) =>
    x.data instanceof Int32Array ? "int32" : "float32";
  return {
    inputs: { a: [spec(type(a), "n"), a], b: [spec(type(b), "n"), b] },
    build: ({ a, b }) => ({ y: op(a, b) }),
    expected: { y: expected },
  };
}

const single = (
  x: HostTensor,
  op: (x: Tensor) => Tensor,
  expected: HostTensor,
): Case => ({
  inputs: { x: [spec("float32", "n"), x] },
  build: ({ x }) => ({ y: op(x) }),
  expected: { y: expected },
});

const matrix = (
  x: HostTensor,
  build: (x: Tensor) => Tensors,
  expected: HostTensors,
): Case => ({
  inputs: { x: [spec("float32", "n", x.shape[1]), x] },
  build: ({ x }) => build(x),
  expected,
});

const int = (x: Tensor) => tf.cast(x, "int32");

/** A comparison, whose flags are counted as 0 and 1. */
const flags = (
  a: HostTensor,
  b: HostTensor,
  op: (a: Tensor, b: Tensor) => Tensor,
  expected: readonly number[],
): Case => pair(a, b, (a, b) => int(op(a, b)), i32(expected));

const vector = f32([1, 2, 3]);
const table = f32([[1, 5, 3], [4, 2, 6]]);

const CASES: Readonly<Record<string, Case>> = {
  Add: {
    inputs: {
      x: [spec("float32", "n", 2), f32([[1, 2], [3, 4]])],
      row: [spec("float32", 2), f32([10, 20])],
      column: [spec("float32", "n", 1), f32([[100], [200]])],
    },
    build: ({ x, row, column }) => ({
      rows: tf.add(x, row),
      columns: tf.add(x, column),
      outer: tf.add(column, row),
      number: tf.add(x, 0.5),
      nothing: tf.add(tf.scalar(0), x),
      wider: tf.add(tf.zeros([2]), column),
      folded: tf.add(x, tf.add(tf.ones([2]), tf.fill([2], 2))),
    }),
    expected: {
      rows: f32([[11, 22], [13, 24]]),
      columns: f32([[101, 102], [203, 204]]),
      outer: f32([[110, 120], [210, 220]]),
      number: f32([[1.5, 2.5], [3.5, 4.5]]),
      nothing: f32([[1, 2], [3, 4]]),
      wider: f32([[100, 100], [200, 200]]),
      folded: f32([[4, 5], [6, 7]]),
    },
  },
  Sub: pair(vector, f32([3, 2, 1]), tf.sub, f32([-2, 0, 2])),
  Multiply: {
    inputs: {
      column: [spec("float32", "n", 1), f32([[2], [3]])],
      row: [spec("float32", "m"), f32([1, 10, 100])],
    },
    build: ({ column, row }) => ({
      outer: tf.mul(column, row),
      same: tf.mul(tf.ones([1]), row),
      none: tf.mul(column, tf.zeros([2])),
    }),
    expected: {
      outer: f32([[2, 20, 200], [3, 30, 300]]),
      same: f32([1, 10, 100]),
      none: f32([[0, 0], [0, 0]]),
    },
  },
  RealDiv: pair(vector, f32([2, 4, -8]), tf.div, f32([0.5, 0.5, -0.375])),
  Maximum: pair(vector, f32([2, 2, -8]), tf.maximum, f32([2, 2, 3])),
  Minimum: pair(i32([1, 2]), i32([2, -1]), tf.minimum, i32([1, -1])),
  Pow: pair(vector, f32([3, -1, 0.5]), tf.pow, f32([1, 0.5, Math.sqrt(3)])),
  FloorDiv: pair(i32([7, 9, 0]), i32([2, 3, 5]), tf.floorDiv, i32([3, 3, 0])),
  Mod: pair(i32([7, -3, 8]), i32([4, 4, 4]), tf.mod, i32([3, 1, 0])),
  Greater: flags(vector, f32([2, 2, 2]), tf.greater, [0, 0, 1]),
  GreaterEqual: flags(vector, f32([2, 2, 2]), tf.greaterEqual, [0, 1, 1]),
  Less: flags(i32([1, 2, 3]), i32([2, 2, 2]), tf.less, [1, 0, 0]),
  LessEqual: flags(vector, f32([2, 2, 2]), tf.lessEqual, [1, 1, 0]),
  Equal: flags(i32([1, 2, 3]), i32([1, 0, 3]), tf.equal, [1, 0, 1]),
  LogicalAnd: flags(
    f32([1, 1, 0, 0]),
    f32([1, 0, 1, 0]),
    (a, b) => tf.logicalAnd(tf.greater(a, 0), tf.greater(b, 0)),
    [1, 0, 0, 0],
  ),
  LogicalOr: flags(
    f32([1, 1, 0, 0]),
    f32([1, 0, 1, 0]),
    (a, b) => tf.logicalOr(tf.greater(a, 0), tf.greater(b, 0)),
    [1, 1, 1, 0],
  ),
  LogicalNot: single(
    vector,
    (x) => int(tf.logicalNot(tf.greater(x, 2))),
    i32([1, 1, 0]),
  ),
  Neg: single(f32([1, -2]), tf.neg, f32([-1, 2])),
  Exp: single(f32([0, 1]), tf.exp, f32([1, Math.E])),
  Log: single(f32([1, 8]), tf.log, f32([0, 3 * Math.LN2])),
  Sqrt: single(f32([0, 2.25]), tf.sqrt, f32([0, 1.5])),
  Rsqrt: single(f32([4, 0.25]), tf.rsqrt, f32([0.5, 2])),
  Square: single(f32([-3, 0.5]), tf.square, f32([9, 0.25])),
  Relu: single(f32([-1, 0, 2]), tf.relu, f32([0, 0, 2])),
  Abs: single(f32([-1, 0, 2]), tf.abs, f32([1, 0, 2])),
  Tanh: single(f32([0, Math.log(3)]), tf.tanh, f32([0, 0.8])),
  Sigmoid: single(f32([0, Math.log(3)]), tf.sigmoid, f32([0.5, 0.75])),
  Reciprocal: single(f32([4, -0.5]), tf.reciprocal, f32([0.25, -2])),
  Step: single(
    f32([-1e30, -1, -1e-30, 0, 1e-30, 1, 1e30]),
    (x) => tf.step(x),
    f32([0, 0, 0, 0, 1, 1, 1]),
  ),
  Sum: matrix(table, (x) => ({
    all: tf.sum(x),
    down: tf.sum(x, 0),
    across: tf.sum(x, -1, true),
    whole: tf.sum(int(x), [0, 1]),
    spread: tf.sum(tf.mul(tf.onesLike(x), tf.sum(x, 1, true)), 0),
  }), {
    all: f32(21),
    down: f32([5, 7, 9]),
    across: f32([[9], [12]]),
    whole: i32(21),
    spread: f32([21, 21, 21]),
  }),
  Max: matrix(table, (x) => ({ down: tf.max(x, 0), across: tf.max(x, 1) }), {
    down: f32([4, 5, 6]),
    across: f32([5, 6]),
  }),
  Mean: matrix(table, (x) => ({
    across: tf.mean(x, 1),
    whole: tf.mean(tf.cast(tf.greater(x, 2), "int32"), 1, true),
  }), { across: f32([3, 4]), whole: f32([[2 / 3], [2 / 3]]) }),
  ArgMax: matrix(f32([[1, 5, 5], [7, 2, 6]]), (x) => ({
    down: tf.argMax(x, 0),
    across: tf.argMax(x, -1),
  }), { down: i32([1, 0, 1]), across: i32([1, 0]) }),
  TopK: matrix(f32([[1, 5, 5], [7, 2, 6]]), (x) => tf.topk(x, 2), {
    values: f32([[5, 5], [7, 6]]),
    indices: i32([[1, 2], [0, 2]]),
  }),
  BatchMatMul: {
    inputs: {
      a: [spec("float32", "n", 2), f32([[1, 2], [3, 4], [5, 6]])],
      b: [spec("float32", 2, 2), f32([[0, 1], [10, 20]])],
      bias: [spec("float32", 2), f32([1000, 2000])],
      many: [spec("float32", "m", "n", 2), f32([[[1, 0], [0, 1], [1, 1]]])],
    },
    build: ({ a, b, bias, many }) => {
      const product = (transposeA: boolean, transposeB: boolean, x: Tensor) =>
        tf.matMul(x as tf.Tensor2D, b as tf.Tensor2D, transposeA, transposeB);
      return {
        plain: product(false, false, a),
        biased: tf.add(product(false, true, a), bias),
        right: product(false, true, a),
        both: tf.matMul(a as tf.Tensor2D, a as tf.Tensor2D, true, false),
        column: tf.add(
          tf.matMul(
            a as tf.Tensor2D,
            tf.slice(b, [0, 0], [2, 1]) as tf.Tensor2D,
          ),
          bias,
        ),
        batched: tf.matMul(
          many as tf.Tensor3D,
          many as tf.Tensor3D,
          false,
          true,
        ),
      };
    },
    expected: {
      plain: f32([[20, 41], [40, 83], [60, 125]]),
      biased: f32([[1002, 2050], [1004, 2110], [1006, 2170]]),
      right: f32([[2, 50], [4, 110], [6, 170]]),
      both: f32([[35, 44], [44, 56]]),
      column: f32([[1020, 2020], [1040, 2040], [1060, 2060]]),
      batched: f32([[[1, 0, 1], [0, 1, 1], [1, 1, 2]]]),
    },
  },
  Reshape: matrix(f32([[1, 2, 3, 4], [5, 6, 7, 8]]), (x) => ({
    rows: tf.reshape(x, [-1, 2]),
    deep: tf.reshape(x, [x.shape[0] ?? 0, 2, 1, 2]),
    back: tf.reshape(tf.reshape(x, [-1]), [x.shape[0] ?? 0, 4]),
    filled: tf.reshape(tf.onesLike(x), [-1, 2]),
  }), {
    rows: f32([[1, 2], [3, 4], [5, 6], [7, 8]]),
    deep: f32([[[[1, 2]], [[3, 4]]], [[[5, 6]], [[7, 8]]]]),
    back: f32([[1, 2, 3, 4], [5, 6, 7, 8]]),
    filled: f32([[1, 1], [1, 1], [1, 1], [1, 1]]),
  }),
  ExpandDims: single(vector, (x) => tf.expandDims(x, -1), f32([[1], [2], [3]])),
  Transpose: matrix(table, (x) => ({
    y: tf.transpose(x),
    filled: tf.transpose(tf.zerosLike(x)),
  }), {
    y: f32([[1, 4], [5, 2], [3, 6]]),
    filled: f32([[0, 0], [0, 0], [0, 0]]),
  }),
  GatherV2: {
    inputs: {
      x: [spec("float32", "n", 3), table],
      ids: [spec("int32", "m"), i32([1, 0, 1])],
    },
    build: ({ x, ids }) => ({
      rows: tf.gather(x, ids as tf.Tensor1D),
      columns: tf.gather(x, ids as tf.Tensor1D, 1),
    }),
    expected: {
      rows: f32([[4, 2, 6], [1, 5, 3], [4, 2, 6]]),
      columns: f32([[5, 1, 5], [2, 4, 2]]),
    },
  },
  UnsortedSegmentSum: {
    inputs: {
      x: [spec("float32", "n", 2), f32([[1, 2], [3, 4], [5, 6]])],
      ids: [spec("int32", "n"), i32([2, 0, 2])],
      more: [spec("float32", 3, 2), f32([[1, 1], [1, 1], [1, 1]])],
      deep: [spec("float32", "n", 1, 2), f32([[[1, 2]], [[3, 4]], [[5, 6]]])],
    },
    build: ({ x, ids, more, deep }) => {
      const segments = (x: Tensor, count: number) =>
        tf.unsortedSegmentSum(x, ids as tf.Tensor1D, count);
      return {
        sums: segments(x, 4),
        added: tf.add(more, segments(x, 3)),
        boxes: segments(deep, 3),
        flat: segments(tf.sum(x, 1), 3),
        symbolic: segments(x, ids.shape[0] ?? 0),
      };
    },
    expected: {
      sums: f32([[3, 4], [0, 0], [6, 8], [0, 0]]),
      added: f32([[4, 5], [1, 1], [7, 9]]),
      boxes: f32([[[3, 4]], [[0, 0]], [[6, 8]]]),
      flat: f32([7, 0, 14]),
      symbolic: f32([[3, 4], [0, 0], [6, 8]]),
    },
  },
  LayerNormalization: {
    inputs: {
      x: [spec("float32", "n", 2), f32([[1, 3], [5, 5]])],
      gain: [spec("float32", 2), f32([2, 4])],
      bias: [spec("float32", 2), f32([1, 0])],
    },
    build: ({ x, gain, bias }) => ({
      y: layerNormalization(x, gain, bias, 3),
    }),
    expected: { y: f32([[0, 2], [1, 0]]) },
  },
  Softmax: matrix(f32([[0, Math.log(3)], [1000, 1000]]), (x) => ({
    y: tf.softmax(x),
  }), { y: f32([[0.25, 0.75], [0.5, 0.5]]) }),
  Cast: single(
    f32([-1.7, 0, 0.5, 2.7]),
    (x) =>
      tf.stack([
        tf.cast(int(x), "float32"),
        tf.cast(tf.cast(x, "bool"), "float32"),
        tf.cast(int(tf.fill([4], 2.7)), "float32"),
        tf.cast(tf.cast(tf.fill([4], 0.5), "bool"), "float32"),
        tf.cast(tf.cast(tf.fill([4], 2), "bool"), "float32"),
      ]),
    f32([[-1, 0, 0, 2], [1, 0, 1, 1], [2, 2, 2, 2], [1, 1, 1, 1], [
      1,
      1,
      1,
      1,
    ]]),
  ),
  Identity: single(vector, tf.clone, vector),
  Select: {
    inputs: {
      x: [spec("float32", "n", 2), f32([[1, -2], [-3, 4]])],
      row: [spec("float32", 2), f32([10, 20])],
    },
    build: ({ x, row }) => ({
      mixed: tf.where(tf.greater(x, 0), x, row),
      filled: tf.where(tf.greater(x, 0), tf.scalar(1), tf.scalar(0)),
    }),
    expected: {
      mixed: f32([[1, 20], [10, 4]]),
      filled: f32([[1, 0], [0, 1]]),
    },
  },
  Fill: matrix(table, (x) => ({
    y: tf.fill([x.shape[0] ?? 0, 2], 7),
    whole: tf.fill([2], 3, "int32"),
  }), { y: f32([[7, 7], [7, 7]]), whole: i32([3, 3]) }),
  ZerosLike: single(vector, tf.zerosLike, f32([0, 0, 0])),
  OnesLike: single(vector, tf.onesLike, f32([1, 1, 1])),
  Tile: matrix(f32([[1], [2]]), (x) => ({
    wide: tf.tile(x, [1, 3]),
    repeated: tf.tile(x, [2, 2]),
    summed: tf.sum(tf.tile(x, [1, 3]), 1),
    many: tf.tile(tf.reshape(x, [-1]), [x.shape[0] ?? 0]),
  }), {
    wide: f32([[1, 1, 1], [2, 2, 2]]),
    repeated: f32([[1, 1], [2, 2], [1, 1], [2, 2]]),
    summed: f32([3, 6]),
    many: f32([1, 2, 1, 2]),
  }),
  Concat: matrix(table, (x) => ({
    across: tf.concat([x, tf.onesLike(x)], -1),
    down: tf.concat([x, x], 0),
  }), {
    across: f32([[1, 5, 3, 1, 1, 1], [4, 2, 6, 1, 1, 1]]),
    down: f32([[1, 5, 3], [4, 2, 6], [1, 5, 3], [4, 2, 6]]),
  }),
  Pack: single(
    vector,
    (x) => tf.stack([x, tf.zerosLike(x)], 1),
    f32([[1, 0], [2, 0], [3, 0]]),
  ),
  Slice: {
    inputs: {
      x: [spec("float32", "n", 3), table],
      long: [spec("float32", 5), f32([1, 2, 3, 4, 5])],
    },
    build: ({ x, long }) => ({
      columns: tf.slice(x, [0, 1], [-1, 2]),
      row: tf.slice(x, [1, 0], [1, 3]),
      first: tf.slice(long, [0], [x.shape[0] ?? 0]),
      tripled: tf.slice(tf.concat([x, x, x], 0), [0, 0], [
        2 * (x.shape[0] ?? 0),
        1,
      ]),
    }),
    expected: {
      columns: f32([[5, 3], [2, 6]]),
      row: f32([[4, 2, 6]]),
      first: f32([1, 2]),
      tripled: f32([[1], [4], [1], [4]]),
    },
  },
  SplitV: matrix(f32([[1, 2, 3, 4], [5, 6, 7, 8]]), (x) => {
    const rows = x.shape[0] ?? 0;
    const [left, right] = tf.split(x, 2, 1);
    const [one, rest] = tf.split(x, [1, -1], 1);
    const [above, below] = tf.split(tf.concat([x, tf.neg(x)], 0), [rows, rows]);
    return { left, right, one, rest, above, below };
  }, {
    left: f32([[1, 2], [5, 6]]),
    right: f32([[3, 4], [7, 8]]),
    one: f32([[1], [5]]),
    rest: f32([[2, 3, 4], [6, 7, 8]]),
    above: f32([[1, 2, 3, 4], [5, 6, 7, 8]]),
    below: f32([[-1, -2, -3, -4], [-5, -6, -7, -8]]),
  }),
  // Two sentences side by side; the first query of each sees the first key alone, the second weighs the keys 1 to 3.
  AttentionOfHeads: {
    inputs: {
      query: [
        spec("float32", "n", 2, 1, 1),
        f32([[[[0]], [[5]]], [[[1]], [[-1]]]]),
      ],
      key: [
        spec("float32", "n", 2, 1, 1),
        f32([[[[0]], [[Math.log(3)]]], [[[Math.log(3)]], [[0]]]]),
      ],
      value: [
        spec("float32", "n", 2, 1, 1),
        f32([[[[4]], [[8]]], [[[8]], [[4]]]]),
      ],
      mask: [
        spec("float32", 2, 1, "n", "n"),
        f32([[[[0, -1e9], [0, 0]]], [[[0, -1e9], [0, 0]]]]),
      ],
    },
    build: ({ query, key, value, mask }) => ({
      y: attention(query, key, value, mask),
    }),
    expected: { y: f32([[4], [8], [7], [5]]) },
  },
  // The same with two features, by whose square root scores are divided; the second of the values is the key's place.
  AttentionToSource: {
    inputs: {
      query: [
        spec("float32", "n", 2, 1, 2),
        f32([[[[0, 1]], [[5, 1]]], [[[1, 1]], [[-1, 1]]]]),
      ],
      key: [
        spec("float32", "n", 2, 1, 2),
        f32(
          [[[[0, 0]], [[Math.SQRT2 * Math.log(3), 0]]], [[[
            Math.SQRT2 * Math.log(3),
            0,
          ]], [[0, 0]]]],
        ),
      ],
      value: [
        spec("float32", "n", 2, 1, 2),
        f32([[[[4, 0]], [[8, 0]]], [[[8, 1]], [[4, 1]]]]),
      ],
      mask: [
        spec("float32", 2, 1, "n", "n"),
        f32([[[[0, -1e9], [0, 0]]], [[[0, -1e9], [0, 0]]]]),
      ],
    },
    build: ({ query, key, value, mask }) => {
      const { keys, values } = sourceKeysAndValues(key, value);
      return { y: attentionToSource(query, keys, values, mask) };
    },
    expected: { y: f32([[4, 0], [8, 0], [7, 0.75], [5, 0.75]]) },
  },
  // Without a place for `own`, the last of `all` must have been there.
  ContinueInPlace: {
    inputs: {
      all: [spec("float32", "n", 2), f32([[1, 2], [3, 4], [5, 6]])],
      own: [spec("float32", 1, 2), f32([[5, 6]])],
    },
    build: ({ all, own }) => ({ y: tf.mul(continueInPlace(all, own), 2) }),
    expected: { y: f32([[2, 4], [6, 8], [10, 12]]) },
  },
  // y_t = f_t y_(t-1) + u_t of two sentences: 1, 2 + 3 * 1, 1 + 10 * 5, and sums of what halves.
  ShiftInTime: {
    inputs: {
      f: [
        spec("float32", "n", "time", 1),
        f32([[[7], [3], [10]], [[0.5], [0.5], [0.5]]]),
      ],
      u: [
        spec("float32", "n", "time", 1),
        f32([[[1], [2], [1]], [[4], [0], [8]]]),
      ],
    },
    build: ({ f, u }) => ({ y: linearRecurrence(f, u, 16) }),
    expected: { y: f32([[[1], [5], [51]], [[4], [2], [9]]]) },
  },
  LogSoftmaxOverLast: matrix(
    f32([[0, Math.log(3)], [1000, 1000]]),
    (x) => ({ y: logSoftmax(x) }),
    {
      y: f32([[Math.log(0.25), Math.log(0.75)], [
        Math.log(0.5),
        Math.log(0.5),
      ]]),
    },
  ),
  TakeAlongRows: {
    inputs: {
      x: [spec("float32", "n", 3), f32([[1, 2, 3], [4, 5, 6]])],
      places: [spec("int32", "n", 2), i32([[2, 0], [1, 1]])],
    },
    build: ({ x, places }) => ({ y: takeAlongRows(x, places) }),
    expected: { y: f32([[3, 1], [5, 5]]) },
  },
  // From 0 to 255 all whole numbers are levels; the second column's codes are 2 and -1, times a quarter.
  QuantizedProduct: {
    inputs: {
      x: [spec("float32", "n", 2), f32([[255, 4], [0, 8]])],
      codes: [spec("uint8", 2, 2), tensor("uint8", [[1, 2], [3, 255]])],
      scales: [spec("float32", 2), f32([1, 0.25])],
      bias: [spec("float32", 2), f32([0, 1])],
    },
    build: ({ x, codes, scales, bias }) => ({
      y: quantizedProduct(x, codes, scales, bias),
    }),
    expected: { y: f32([[267, 127.5], [24, -1]]) },
  },
  PadV2: matrix(f32([[1, 2], [3, 4]]), (x) => ({
    y: tf.pad(x, [[0, 0], [1, 2]], 9),
  }), { y: f32([[9, 1, 2, 9, 9], [9, 3, 4, 9, 9]]) }),
};

Deno.test("every kernel that can be recorded has hand-worked numbers", () => {
  assertEquals(Object.keys(CASES).sort(), Object.keys(kernels).sort());
});

for (const [kernel, { inputs, build, expected }] of Object.entries(CASES)) {
  const entries = Object.entries(inputs);
  const program: Program = {
    name: kernel,
    inputs: Object.fromEntries(entries.map(([name, [spec]]) => [name, spec])),
    build,
  };
  const given = Object.fromEntries(entries.map(([name, [, x]]) => [name, x]));

  for (const { name, identity, load } of RUNTIMES) {
    if (identity.name === "openvino" && kernel === "QuantizedProduct") {
      Deno.test(`${name}: ${kernel} is refused by its operator's name`, async () => {
        await assertRejects(
          async () => (await load()).compile(program),
          Error,
          "Cannot write DynamicQuantizeMatMul in operators of the standard",
        );
      });
      continue;
    }
    Deno.test(`${name}: ${kernel} gives the hand-worked numbers`, async () => {
      const executable = await (await load()).compile(program, { threads: 1 });
      let results: HostTensors = {};
      const { kernelNames } = await tf.profile(async () => {
        results = await executable.run(given);
        return tf.scalar(0);
      });
      assertTensors(results, expected);
      await executable.dispose();
      // A runtime that records does so before it runs; one that does not puts the project's own kernels together from others.
      const isOwn = tf.getKernel(kernel, "cpu") === undefined;
      const records = ["onnx", "openvino"].includes(identity.name);
      if (records || isOwn) return;
      assert(kernelNames.includes(kernel), `the case runs only ${kernelNames}`);
    });
  }
}
