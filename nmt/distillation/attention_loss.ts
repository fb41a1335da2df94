/** The loss of attention maps: a student's layers are to look where layers of the teacher look. */
import type { Tensor } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";

/**
 * Mean over the heads, [batch, heads, queries, keys] to [batch, queries, keys]: what models whose numbers of heads
 * differ have in common.
 */
export function meanOverHeads(attention: Tensor): Tensor {
  const heads = attention.shape[1] ?? 1;
  return tf.mul(tf.sum(attention, 1), 1 / heads);
}

/** Attention of a layer of both models. */
export interface Maps {
  /** [batch, heads, queries, keys]. */
  readonly student: Tensor;
  /** Mean over the heads, [batch, queries, keys], 0 where a key is padding. */
  readonly teacher: Tensor;
  /** Weight of each query, [batch * queries]. */
  readonly weights: Tensor;
}

/**
 * One term of L_attention: sum over queries of weight * sum over keys of squared differences. Padded keys add nothing,
 * as no model looks at them from a position that has a weight.
 */
export function attentionMap({ student, teacher, weights }: Maps): Tensor {
  const apart = tf.square(tf.sub(meanOverHeads(student), teacher));
  const distances = tf.reshape(tf.sum(apart, 2), weights.shape);
  return tf.sum(tf.mul(weights, distances));
}
