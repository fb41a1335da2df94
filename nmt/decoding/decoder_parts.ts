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
import { CANDIDATE } from "./candidates.ts";
import { GENERATOR, type Precision } from "./precision.ts";

/** The model and precision of the decoding programs. */
export interface Decoder {
  readonly model: Model;
  readonly vocabulary: number;
  readonly precision: Precision;
  /** Whether ids are chosen among the candidates of a short-list, which are inputs of a step. */
  readonly isShortlisted?: boolean;
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
  { model, precision, isShortlisted = false }: Decoder,
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
    /** Logits [rows, vocabulary or candidates] of rows [rows, d]. */
    generate: (x: Tensor) => {
      const bias = weights[isShortlisted ? CANDIDATE.bias : "output.bias"];
      if (precision === "int8") {
        const { weight, scale } = isShortlisted ? CANDIDATE : GENERATOR;
        return quantizedProduct(x, weights[weight], weights[scale], bias);
      }
      const E = isShortlisted ? CANDIDATE.weight : embeddings.output;
      const logits = product(x, weights[E], false, true);
      return bias === undefined ? logits : tf.add(logits, bias);
    },
  };
}

/** The candidates that logits are of. */
export interface OwnCandidates {
  /** Ids of all, [candidates]. */
  readonly ids: Tensor;
  /** Places there of each sentence's own, [batch, own], of which the special ids are the first. */
  readonly own: Tensor;
  /** -Infinity for what only fills up the places of a sentence, [batch, own]. */
  readonly hidden: Tensor;
}

/**
 * The best continuations of each sentence, as the outputs of a step: logits [beam, batch, V] of all ids, or of candidates, of
 * which a sentence has as many places as a choice takes; score [batch, beam].
 */
export function continuations(
  logits: Tensor,
  score: Tensor,
  vocabulary: number,
  kept: number,
  candidates?: OwnCandidates,
): Tensors {
  const [batch, beam] = score.shape as [number, number];
  const logp = logSoftmax(
    candidates === undefined ? logits : ownLogits(logits, candidates),
  ); // [beam, batch, vocabulary or own]
  const ends = tf.slice(logp, [0, 0, EOS], [beam, batch, 1]);
  const ended = tf.add(
    score,
    tf.transpose(tf.reshape(ends, [beam, batch]), [1, 0]),
  );
  const count = choiceSize(vocabulary, kept);
  const top = best(logp, count); // [beam, batch, count]
  const [ids, values] = [top.indices, top.values].map((x) =>
    tf.transpose(x, [1, 0, 2])
  );
  const words = tf.where(
    tf.greater(ids, tf.scalar(EOS, "int32")),
    values,
    tf.scalar(-Infinity),
  );
  const extended = tf.add(words, tf.reshape(score, [batch, beam, 1]));
  const taken = best(tf.reshape(extended, [batch, beam * count]), kept);
  const tokens = takeAlongRows(
    tf.reshape(ids, [batch, beam * count]),
    taken.indices,
  );
  return {
    [next("token")]: candidates === undefined ? tokens : tf.gather(
      candidates.ids,
      takeAlongRows(candidates.own, tokens) as tf.Tensor2D,
    ),
    [next("score")]: taken.values,
    parent: tf.floorDiv(taken.indices, tf.scalar(count, "int32")),
    ended,
  };
}

/** Of the logits [beam, batch, candidates] those of each sentence's own candidates, [beam, batch, own]. */
function ownLogits(logits: Tensor, { own, hidden }: OwnCandidates): Tensor {
  const [beam, batch, candidates] = logits.shape as [number, number, number];
  const width = own.shape[1] ?? 0;
  const places = tf.tile(tf.reshape(own, [1, batch, width]), [beam, 1, 1]);
  const chosen = takeAlongRows(
    tf.reshape(logits, [beam * batch, candidates]),
    tf.reshape(places, [beam * batch, width]),
  );
  return tf.add(tf.reshape(chosen, [beam, batch, width]), hidden);
}

/** How many of the best ids of a hypothesis are looked at: special ids may be among them, which continue none. */
export const choiceSize = (vocabulary: number, kept: number): number =>
  Math.min(vocabulary, kept + EOS + 1);

/** The `k` largest values of the last axis. */
function best(
  x: Tensor,
  k: number,
): Readonly<Record<"values" | "indices", Tensor>> {
  // tf.topk itself would compare k with the number that stands in for a size.
  const found: Tensor | Tensor[] = tf.engine().runKernel("TopK", { x }, {
    k,
    sorted: true,
  });
  const [values, indices] = [found].flat();
  return { values, indices };
}
