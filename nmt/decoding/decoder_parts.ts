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

/** The candidates among the inputs of a step over candidates. */
export const candidatesIn = (inputs: Tensors): OwnCandidates => ({
  ids: inputs[CANDIDATE.ids],
  own: inputs[CANDIDATE.own],
  hidden: inputs[CANDIDATE.hidden],
});

/** Which hypotheses the rows of logits are of. */
export interface Rows {
  /** The row of each hypothesis, [sentences, beam]; any row for one that does not live. */
  readonly ofHypotheses: Tensor;
  /** The place in the batch of the sentence of each row, [rows]. */
  readonly places: Tensor;
}

/**
 * The best continuations of each sentence, as the outputs of a step: logits [rows, V] of all ids, or of candidates, of
 * which a sentence has as many places as a choice takes; score [sentences, beam], -Infinity for a hypothesis that does not
 * live. The rows are the hypotheses of a single sentence unless given.
 */
export function continuations(
  logits: Tensor,
  score: Tensor,
  vocabulary: number,
  kept: number,
  { candidates, rows }: {
    readonly candidates?: OwnCandidates;
    readonly rows?: Rows;
  } = {},
): Tensors {
  const [sentences, beam] = score.shape as [number, number];
  const ofRows = (x: Tensor) =>
    rows === undefined
      ? tf.tile(x, [beam, 1])
      : tf.gather(x, rows.places as tf.Tensor1D);
  const offered = candidates &&
    { ...candidates, own: ofRows(candidates.own) }; // own: [rows, own]
  const logp = logSoftmax(
    offered === undefined ? logits : tf.add(
      takeAlongRows(logits, offered.own),
      ofRows(offered.hidden),
    ),
  ); // [rows, V or own]
  const count = choiceSize(vocabulary, kept);
  const top = best(logp, count); // [rows, count]
  const ids = offered === undefined ? top.indices : tf.gather(
    offered.ids,
    takeAlongRows(offered.own, top.indices) as tf.Tensor2D,
  );
  const words = tf.where(
    tf.greater(ids, tf.scalar(EOS, "int32")),
    top.values,
    tf.scalar(-Infinity),
  );
  /** [rows, n] to [sentences, beam, n]. */
  const byHypothesis = (x: Tensor) =>
    rows === undefined
      ? tf.reshape(x, [sentences, beam, x.shape[1] ?? 0])
      : tf.gather(x, rows.ofHypotheses as tf.Tensor2D);
  const ends = byHypothesis(
    tf.slice(logp, [0, EOS], [logp.shape[0], 1]),
  );
  const extended = tf.add(
    byHypothesis(words),
    tf.reshape(score, [sentences, beam, 1]),
  );
  const taken = best(tf.reshape(extended, [sentences, beam * count]), kept);
  return {
    [next("token")]: takeAlongRows(
      tf.reshape(byHypothesis(ids), [sentences, beam * count]),
      taken.indices,
    ),
    [next("score")]: taken.values,
    parent: tf.floorDiv(taken.indices, tf.scalar(count, "int32")),
    ended: tf.add(score, tf.reshape(ends, [sentences, beam])),
  };
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
