/** Operators of inference, without gradients, in the form that ONNX Runtime computes fastest. */
import type { Graph, Value } from "./onnx/graph.ts";
import type { Tensor } from "./program.ts";
import { tf } from "./tfjs.ts";

const MICROSOFT = "com.microsoft";
const ATTENTION = "AttentionOfHeads";
const SOURCE = "AttentionToSource";
const CONTINUE = "ContinueInPlace";
const LOG_SOFTMAX = "LogSoftmaxOverLast";
const TAKE = "TakeAlongRows";

type Kernel = (
  graph: Graph,
  inputs: Readonly<Record<string, Value>>,
) => Value | Value[];

/** Whether the backend in use has an operator as one kernel; those that compute at once put it together from others. */
export const isOneKernel = (kernel: string): boolean =>
  tf.getKernel(kernel, tf.getBackend()) !== undefined;

/** Runs a kernel of this project; inputs that are not given are left out. */
export function runKernel(
  kernel: string,
  inputs: Readonly<Record<string, Tensor | undefined>>,
): Tensor[] {
  const given = Object.entries(inputs).flatMap(([name, tensor]) =>
    tensor === undefined ? [] : [[name, tensor]]
  );
  const result: Tensor | Tensor[] = tf.engine().runKernel(
    kernel,
    Object.fromEntries(given),
    {},
  );
  return Array.isArray(result) ? result : [result];
}

/** What the recording backend makes of these operators. */
export const inferenceKernels: Readonly<Record<string, Kernel>> = {
  // Batches and heads stand behind the times: products skip over them, and nothing is moved.
  [ATTENTION]: (graph, { query, key, value, mask }) => {
    const [queries, batch, heads, size] = query.shape;
    const scores = graph.emit(
      "FusedMatMul",
      [graph.full(query), graph.full(key)],
      {
        transA: 0,
        transB: 1,
        transBatchA: 1,
        transBatchB: 1,
        alpha: { float: size ** -0.5 },
      },
      MICROSOFT,
    );
    const hidden = graph.emit("Add", [scores, mask.name]);
    const weights = graph.emit("Softmax", [hidden], { axis: -1 });
    const mixed = graph.emit(
      "FusedMatMul",
      [weights, graph.full(value)],
      { transA: 0, transB: 0, transBatchA: 0, transBatchB: 1 },
      MICROSOFT,
    );
    const inTime = graph.emit("Transpose", [mixed], { perm: [2, 0, 1, 3] });
    return graph.reshape(
      graph.value(inTime, query.shape, "float32"),
      [queries * batch, heads * size],
    );
  },
  // Unscaled, as ONNX Runtime has a faster product of a single row that nothing scales.
  [SOURCE]: (graph, { query, key, value, mask }) => {
    const [queries, batch, heads, size] = query.shape;
    const ofHeads = graph.emit("Transpose", [graph.full(query)], {
      perm: [1, 2, 0, 3],
    });
    const scores = graph.emit(
      "FusedMatMul",
      [ofHeads, graph.full(key)],
      { transA: 0, transB: 1 },
      MICROSOFT,
    );
    const hidden = graph.emit("Add", [scores, mask.name]);
    const weights = graph.emit("Softmax", [hidden], { axis: -1 });
    const mixed = graph.emit("MatMul", [weights, graph.full(value)]);
    const inTime = graph.emit("Transpose", [mixed], { perm: [2, 0, 1, 3] });
    return graph.reshape(
      graph.value(inTime, query.shape, "float32"),
      [queries * batch, heads * size],
    );
  },
  [CONTINUE]: (graph, { all, own }) => {
    if (graph.abilities.sharesMemory) return all;
    const [from, to, axis] = [[0], [-own.shape[0]], [0]].map(graph.int64s);
    const before = graph.emit("Slice", [graph.full(all), from, to, axis]);
    const joined = graph.emit("Concat", [before, graph.full(own)], { axis: 0 });
    return graph.value(joined, all.shape, all.dtype);
  },
  [LOG_SOFTMAX]: (graph, { x }) =>
    graph.value(
      graph.emit("LogSoftmax", [graph.full(x)], { axis: -1 }),
      x.shape,
      "float32",
    ),
  [TAKE]: (graph, { x, places }) =>
    graph.value(
      graph.emit("GatherElements", [graph.full(x), graph.full(places)], {
        axis: 1,
      }),
      places.shape,
      x.dtype,
    ),
};

/**
 * Scaled dot-product attention of several heads: query [queries, batch, heads, size], key and value [keys, batch, heads,
 * size], `mask`, added to the scores, [batch, 1, queries or 1, keys]; the result is [queries * batch, heads * size].
 */
export function attention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  mask: Tensor,
): Tensor {
  if (isOneKernel(ATTENTION)) {
    return runKernel(ATTENTION, { query, key, value, mask })[0];
  }
  const [q, k, v] = [query, key, value].map(byBatch);
  return mixedValues(tf.mul(q, (query.shape[3] ?? 1) ** -0.5), k, v, mask);
}

/** [times, batch, heads, size] to [batch, heads, times, size]. */
const byBatch = (x: Tensor): Tensor => tf.transpose(x, [1, 2, 0, 3]);

/** Keys and values, each [keys, batch, heads, size], as `attentionToSource` reads them: the keys are scaled. */
export function sourceKeysAndValues(
  keys: Tensor,
  values: Tensor,
): Readonly<Record<"keys" | "values", Tensor>> {
  const size = keys.shape[3] ?? 1;
  return {
    keys: tf.mul(byBatch(keys), size ** -0.5),
    values: byBatch(values),
  };
}

/**
 * The same attention to keys and values that are read many times: made of `sourceKeysAndValues`, each [batch, heads, keys,
 * size].
 */
export function attentionToSource(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  mask: Tensor,
): Tensor {
  if (isOneKernel(SOURCE)) {
    return runKernel(SOURCE, { query, key, value, mask })[0];
  }
  return mixedValues(byBatch(query), key, value, mask);
}

/** Attention without a scale, of [batch, heads, times, size] each: [queries * batch, heads * size]. */
function mixedValues(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  mask: Tensor,
): Tensor {
  const scores = tf.matMul(query, key, false, true);
  const mixed = tf.matMul(tf.softmax(tf.add(scores, mask)), value);
  const [batch, heads, queries, size] = query.shape as [
    number,
    number,
    number,
    number,
  ];
  return tf.reshape(tf.transpose(mixed, [2, 0, 1, 3]), [
    queries * batch,
    heads * size,
  ]);
}

/**
 * `all`, of which `own` are the last: [times, ...] and [own times, ...]. Where programs are recorded, `own` must be an
 * output of the program that is written, in the run itself, to where the input `all` has its last: nothing is copied then.
 * What reads the result must also read something that was made together with `own`, to come after it.
 */
export function continueInPlace(all: Tensor, own: Tensor): Tensor {
  if (isOneKernel(CONTINUE)) return runKernel(CONTINUE, { all, own })[0];
  const [times, ...rest] = all.shape;
  const [ownTimes] = own.shape;
  const before = tf.slice(all, all.shape.map(() => 0), [
    times - ownTimes,
    ...rest,
  ]);
  return tf.concat([before, own], 0);
}

/** log softmax(x) over the last axis. */
export function logSoftmax(x: Tensor): Tensor {
  return isOneKernel(LOG_SOFTMAX)
    ? runKernel(LOG_SOFTMAX, { x })[0]
    : tf.logSoftmax(x);
}

/** x[row, places[row, i]]: [rows, n] and int32 places [rows, k] to [rows, k]. */
export function takeAlongRows(x: Tensor, places: Tensor): Tensor {
  return isOneKernel(TAKE)
    ? runKernel(TAKE, { x, places })[0]
    : tf.gather(x, places as tf.Tensor2D, 1, 1);
}
