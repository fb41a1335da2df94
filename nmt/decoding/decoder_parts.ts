/** Building blocks of the decoding programs: layers in float32 or int8, and the choice of continuations. */
import { EOS } from "../../schemas/experiment/vocabulary.ts";
import type { Model } from "../../schemas/experiment/model.ts";
import { logSoftmax, takeAlongRows } from "../tensor/inference.ts";
import type { Tensor, Tensors } from "../tensor/program.ts";
import { quantizedProduct } from "../tensor/quantization.ts";
import { tf } from "../tensor/tfjs.ts";
import {
  activation,
  MAXIMUM_POSITIONS,
  nextState,
  noDropout,
  product,
  sinusoids,
  sublayer,
} from "../transformer/layers.ts";
import { embeddingNames, feedForwardMaps } from "../transformer/parameters.ts";
import { scaledEmbedding } from "../transformer/transformer.ts";
import { GENERATOR, type Precision } from "./precision.ts";

/** The model and precision of the decoding programs. */
export interface Decoder {
  readonly model: Model;
  readonly vocabulary: number;
  readonly precision: Precision;
}

/** Name of the output of a step that is an input of the next step. */
export const next = (name: string) => `next ${name}`;

/** Sinusoids of all positions, [positions, d]. */
export const positions = (model: Model) =>
  tf.tensor(sinusoids(model, MAXIMUM_POSITIONS), [
    MAXIMUM_POSITIONS,
    model.width,
  ]);

export type Parts = ReturnType<typeof partsOf>;

/** The parts of a layer, on tensors [time * batch, d]. */
export function partsOf(
  { model, precision }: Decoder,
  weights: Tensors,
  batch: number,
) {
  const { width, heads } = model;
  const embeddings = embeddingNames(model);
  const residual = (name: string, x: Tensor, f: (x: Tensor) => Tensor) =>
    sublayer({ model, parameters: weights, dropout: noDropout }, name, x, f);
  const linear = (name: string, x: Tensor) => {
    const weight = weights[`${name}.weight`], bias = weights[`${name}.bias`];
    return precision === "int8"
      ? quantizedProduct(x, weight, weights[`${name}.scale`], bias)
      : tf.add(product(x, weight), bias);
  };
  return {
    linear,
    /** Embeddings of ids [times, batch], plus those of the positions [times or 1, d]. */
    embed: (stack: "encoder" | "decoder", ids: Tensor, positions: Tensor) => {
      const rows = tf.gather(weights[embeddings[stack]], ids as tf.Tensor2D);
      const sum = tf.add(
        scaledEmbedding(model, rows),
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
    /** The sublayer of an attention, whose output is mapped. */
    attend: (
      name: string,
      x: Tensor,
      context: (x: Tensor, name: string) => Tensor,
    ) => residual(name, x, (x) => linear(`${name}.output`, context(x, name))),
    /** The sublayer of a recurrent unit: `before` is its state, and `remember` is given the next one, [rows, d]. */
    recur: (
      name: string,
      x: Tensor,
      before: Tensor,
      remember: (state: Tensor) => void,
    ) =>
      residual(name, x, (x) => {
        const state = nextState(linear(`${name}.inputForget`, x), before);
        remember(state);
        return tf.relu(state);
      }),
    feedForward: (name: string, x: Tensor) =>
      residual(name, x, (x) =>
        feedForwardMaps(model).reduce(
          (x, map, i) =>
            linear(`${name}.${map}`, i === 0 ? x : activation(model, x)),
          x,
        )),
    /** Logits [rows, vocabulary] of rows [rows, d]. */
    generate: (x: Tensor) => {
      const bias = model.outputBias ? weights["output.bias"] : undefined;
      if (precision === "int8") {
        const { weight, scale } = GENERATOR;
        return quantizedProduct(x, weights[weight], weights[scale], bias);
      }
      const logits = product(x, weights[embeddings.output], false, true);
      return bias === undefined ? logits : tf.add(logits, bias);
    },
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
