/** Layers of a Transformer as functions of tensors: linear map, layer norm, attention, feed-forward block. */
import { differentiable } from "../tensor/gradient.ts";
import { layerNormalization } from "../tensor/normalization.ts";
import type { Tensor, Tensors } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";

/** Dropout of the output of a named place. */
export type Dropout = (place: string, x: Tensor) => Tensor;

export const noDropout: Dropout = (_place, x) => x;

/** Added to the score of a hidden key. */
export const MASKED = -1e9;
const EPSILON = 1e-5;

/** The matrix product of two matrices, either transposed. */
export function product(
  a: Tensor,
  b: Tensor,
  transposeA = false,
  transposeB = false,
): Tensor {
  return tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D, transposeA, transposeB);
}

/** x W + b: [rows, in] to [rows, out]. */
export function linear(parameters: Tensors, name: string, x: Tensor): Tensor {
  return tf.add(
    product(x, parameters[`${name}.weight`]),
    parameters[`${name}.bias`],
  );
}

/** Layer normalisation over the features, [rows, d] to [rows, d]. */
export function layerNorm(
  parameters: Tensors,
  name: string,
  x: Tensor,
): Tensor {
  const gain = parameters[`${name}.norm.gain`];
  const bias = parameters[`${name}.norm.bias`];
  return layerNormalization(x, gain, bias, EPSILON);
}

/**
 * Splits `count` maps side by side into heads: [batch * time, count * d] to `count` tensors [batch, heads, time, d / heads].
 */
export function splitHeads(
  x: Tensor,
  batch: number,
  heads: number,
  count: number,
): Tensor[] {
  const [rows, features] = x.shape as [number, number];
  const time = rows / batch;
  const size = features / count / heads;
  const parts = count === 1 ? [x] : tf.split(x as tf.Tensor2D, count, 1);
  return parts.map((part) =>
    tf.transpose(tf.reshape(part, [batch, time, heads, size]), [0, 2, 1, 3])
  );
}

/** [batch, heads, time, size] to [batch * time, heads * size]. */
export function joinHeads(x: Tensor): Tensor {
  const [batch, heads, time, size] = x.shape as [
    number,
    number,
    number,
    number,
  ];
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [
    batch * time,
    heads * size,
  ]);
}

/** Attention weights [batch, heads, queries, keys]; `bias` is added to the scores. */
function attentionWeights(
  query: Tensor,
  key: Tensor,
  bias: Tensor | undefined,
): Tensor {
  const scores = tf.matMul(
    tf.mul(query, (query.shape[3] ?? 1) ** -0.5),
    key,
    false,
    true,
  );
  return tf.softmax(bias === undefined ? scores : tf.add(scores, bias));
}

/** Scaled dot-product attention; `bias` is added to the scores [batch, heads, queries, keys]. */
export function attend(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  bias: Tensor | undefined,
): Tensor {
  return joinHeads(tf.matMul(attentionWeights(query, key, bias), value));
}

export interface Places {
  readonly parameters: Tensors;
  readonly heads: number;
  readonly batch: number;
  readonly dropout: Dropout;
}

/** The output of an attention block and its attention weights. */
export interface Attended {
  /** [batch * queries, d]. */
  readonly output: Tensor;
  /** [batch, heads, queries, keys]. */
  readonly attention: Tensor;
}

/** x + dropout(attention(norm(x))). */
export function selfAttention(
  places: Places,
  name: string,
  x: Tensor,
  bias: Tensor,
): Attended {
  const { parameters, heads, batch, dropout } = places;
  const mapped = linear(
    parameters,
    `${name}.queryKeyValue`,
    layerNorm(parameters, name, x),
  );
  const [query, key, value] = splitHeads(mapped, batch, heads, 3);
  const attention = attentionWeights(query, key, bias);
  const mixed = joinHeads(tf.matMul(attention, value));
  const output = tf.add(
    x,
    dropout(name, linear(parameters, `${name}.output`, mixed)),
  );
  return { output, attention };
}

/** x + dropout(attention(norm(x), memory)); memory is the encoder's output [batch * source, d]. */
export function crossAttention(
  places: Places,
  name: string,
  x: Tensor,
  memory: Tensor,
  bias: Tensor,
): Attended {
  const { parameters, heads, batch, dropout } = places;
  const [query] = splitHeads(
    linear(parameters, `${name}.query`, layerNorm(parameters, name, x)),
    batch,
    heads,
    1,
  );
  const [key, value] = splitHeads(
    linear(parameters, `${name}.keyValue`, memory),
    batch,
    heads,
    2,
  );
  const attention = attentionWeights(query, key, bias);
  const mixed = joinHeads(tf.matMul(attention, value));
  const output = tf.add(
    x,
    dropout(name, linear(parameters, `${name}.output`, mixed)),
  );
  return { output, attention };
}

/** max(x, 0), with a gradient that reads the output, so that the input need not be kept. */
function relu(x: Tensor): Tensor {
  return differentiable([x], ([x]) => {
    const value = tf.relu(x);
    return {
      value,
      saved: [value],
      gradient: (dy, [value]) => [tf.mul(tf.step(value), dy)],
    };
  });
}

/** x + dropout(relu(norm(x) W1 + b1) W2 + b2). */
export function feedForward(
  { parameters, dropout }: Places,
  name: string,
  x: Tensor,
): Tensor {
  const inner = relu(
    linear(parameters, `${name}.inner`, layerNorm(parameters, name, x)),
  );
  return tf.add(x, dropout(name, linear(parameters, `${name}.outer`, inner)));
}

/** Biases [batch, 1, 1, source] that hide padding; ids are [batch, source]. */
export function paddingBias(ids: Tensor, padding: number): Tensor {
  const [batch, time] = ids.shape as [number, number];
  const hidden = tf.cast(tf.equal(ids, tf.scalar(padding, "int32")), "float32");
  return tf.reshape(tf.mul(hidden, MASKED), [batch, 1, 1, time]);
}

/** Biases [time, time] that hide later positions. */
export function causalBias(time: number): Tensor {
  const all = Int32Array.from(
    { length: MAXIMUM_POSITIONS },
    (_, position) => position,
  );
  const positions = tf.slice(tf.tensor1d(all, "int32"), [0], [time]);
  const later = tf.less(
    tf.reshape(positions, [time, 1]),
    tf.reshape(positions, [1, time]),
  );
  return tf.mul(tf.cast(later, "float32"), MASKED);
}

/** Positions that a sentence may have, begin or end of sentence included. */
export const MAXIMUM_POSITIONS = 1024;

/**
 * Sinusoidal positions [count, d] (Vaswani et al. 2017, section 3.5): sines in the first half, cosines in the second.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sinusoids } from "./layers.ts";
 *
 * assertEquals([...sinusoids(1, 4)], [0, 0, 1, 1]);
 * ```
 */
export function sinusoids(
  count: number,
  width: number,
): Float32Array<ArrayBuffer> {
  const table = new Float32Array(count * width);
  const half = width / 2;
  for (let position = 0; position < count; position++) {
    for (let j = 0; j < half; j++) {
      const angle = position / 10_000 ** (j / half);
      table[position * width + j] = Math.sin(angle);
      table[position * width + half + j] = Math.cos(angle);
    }
  }
  return table;
}
