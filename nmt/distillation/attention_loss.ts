/** L_att: the attention maps of student layers against those of teacher layers. */
import type { Tensor } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";

/**
 * Mean over the heads, [batch, heads, queries, keys] to [batch, queries, keys], so that models of different numbers of
 * heads can be compared.
 */
export function meanOverHeads(attention: Tensor): Tensor {
  const heads = attention.shape[1] ?? 1;
  return tf.mul(tf.sum(attention, 1), 1 / heads);
}

/** The attention maps of a layer of both models. */
export interface AttentionMaps {
  /** [batch, heads, queries, keys]. */
  readonly student: Tensor;
  /** Mean over the heads, [batch, queries, keys], 0 where a key is padding. */
  readonly teacher: Tensor;
  /** Weight of each query, [batch, queries, 1]; 0 for padding. */
  readonly weights: Tensor;
}

/**
 * One term of L_att, a scalar: sum over queries of weight * sum over keys of squared differences. Padded keys add nothing,
 * as both models attend to them with weight 0.
 */
export function attentionLoss(
  { student, teacher, weights }: AttentionMaps,
): Tensor {
  const squares = tf.square(tf.sub(meanOverHeads(student), teacher));
  return tf.sum(tf.mul(weights, tf.sum(squares, 2, true)));
}
