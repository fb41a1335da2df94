/** Building blocks of the decoding programs: layers in float32 or int8, and the choice of continuations. */
import { EOS } from "../../schemas/experiment/vocabulary.ts";
import type { Model } from "../../schemas/experiment/model.ts";
import { logSoftmax, takeAlongRows } from "../tensor/inference.ts";
import type { Tensor, Tensors } from "../tensor/program.ts";
import { quantizedProduct } from "../tensor/quantization.ts";
import { tf } from "../tensor/tfjs.ts";
import {
  layerNorm,
  MAXIMUM_POSITIONS,
  product,
  sinusoids,
} from "../transformer/layers.ts";
import type { Precision } from "./precision.ts";

/** The model and precision of the decoding programs. */
export interface Decoder {
  readonly model: Model;
  readonly vocabulary: number;
  readonly precision: Precision;
}

/** Name of the output of a step that is an input of the next step. */
export const next = (name: string) => `next ${name}`;

/** Sinusoids of all positions, [positions, d]. */
export const positions = (width: number) =>
  tf.tensor(sinusoids(MAXIMUM_POSITIONS, width), [MAXIMUM_POSITIONS, width]);

export type Parts = ReturnType<typeof partsOf>;

/** The parts of a layer, on tensors [time * batch, d]. */
export function partsOf(
  { model: { width, heads }, precision }: Decoder,
  weights: Tensors,
  batch: number,
) {
  const linear = (name: string, x: Tensor) => {
    const weight = weights[`${name}.weight`], bias = weights[`${name}.bias`];
    return precision === "int8"
      ? quantizedProduct(x, weight, weights[`${name}.scale`], bias)
      : tf.add(product(x, weight), bias);
  };
  return {
    linear,
    /** Scaled embeddings of ids [times, batch], plus those of the positions [times or 1, d]. */
    embed: (ids: Tensor, positions: Tensor) => {
      const rows = tf.gather(weights.embedding, ids as tf.Tensor2D);
      const sum = tf.add(
        tf.mul(rows, Math.sqrt(width)),
        tf.reshape(positions, [-1, 1, width]),
      );
      return tf.reshape(sum, [-1, width]);
    },
    split: (x: Tensor, count: number) => tf.split(x, count, 1),
    inHeads: (x: Tensor) =>
      tf.reshape(x, [
        (x.shape[0] ?? 0) / batch,
        batch,
        heads,
        width / heads,
      ]),
    /** x + output(attention(norm(x))). */
    attend: (
      name: string,
      x: Tensor,
      context: (normal: Tensor, name: string) => Tensor,
    ) => {
      const mixed = context(layerNorm(weights, name, x), name);
      return tf.add(x, linear(`${name}.output`, mixed));
    },
    feedForward: (name: string, x: Tensor) => {
      const normal = layerNorm(weights, name, x);
      const inner = tf.relu(linear(`${name}.inner`, normal));
      return tf.add(x, linear(`${name}.outer`, inner));
    },
    /** Logits [rows, vocabulary] of rows [rows, d]. */
    generate: (normal: Tensor) =>
      precision === "int8"
        ? quantizedProduct(
          normal,
          weights["generator.weight"],
          weights["generator.scale"],
        )
        : product(normal, weights.embedding, false, true),
  };
}

/** The best continuations of each sentence, as the outputs of a step: logits [beam, batch, V], score [batch, beam]. */
export function continuations(
  logits: Tensor,
  score: Tensor,
  vocabulary: number,
  kept: number,
): Tensors {
  const [batch, beam] = score.shape as [number, number];
  const logp = logSoftmax(logits); // [beam, batch, vocabulary]
  const ends = tf.slice(logp, [0, 0, EOS], [beam, batch, 1]);
  const ended = tf.add(
    score,
    tf.transpose(tf.reshape(ends, [beam, batch]), [1, 0]),
  );
  // Special ids may be among the best of a hypothesis, and are excluded from those of the sentence.
  const count = Math.min(vocabulary, kept + EOS + 1);
  const top = tf.topk(logp, count); // [beam, batch, count]
  const [ids, values] = [top.indices, top.values].map((x) =>
    tf.transpose(x, [1, 0, 2])
  );
  const words = tf.where(
    tf.greater(ids, tf.scalar(EOS, "int32")),
    values,
    tf.scalar(-Infinity),
  );
  const extended = tf.add(words, tf.reshape(score, [batch, beam, 1]));
  const best = tf.topk(tf.reshape(extended, [batch, beam * count]), kept);
  return {
    [next("token")]: takeAlongRows(
      tf.reshape(ids, [batch, beam * count]),
      best.indices,
    ),
    [next("score")]: best.values,
    parent: tf.floorDiv(best.indices, tf.scalar(count, "int32")),
    ended,
  };
}
