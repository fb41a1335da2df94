/** The two programs of translation: the encoder, run once a batch, and a step of the decoder that extends hypotheses. */
import { EOS } from "../schemas/vocabulary.ts";
import type { Model } from "../schemas/model.ts";
import {
  attention,
  continueInPlace,
  logSoftmax,
  takeAlongRows,
} from "../tensor/inference.ts";
import type { Program, Spec, Tensor, Tensors } from "../tensor/program.ts";
import { quantizedProduct } from "../tensor/quantization.ts";
import { tf } from "../tensor/tfjs.ts";
import { layerNorm, MAXIMUM_POSITIONS, product, sinusoids } from "./layers.ts";
import { type Precision, weightSpecs } from "./precision.ts";

/** Hypotheses that a sentence may have at once. */
export const MAXIMUM_BEAM = 64;

/** What the programs are made for. */
export interface Decoder {
  readonly model: Model;
  readonly vocabulary: number;
  readonly precision: Precision;
}

/** Names of the tensors that a decoder layer attends to: keys and values of the hypotheses, and of the source. */
const attended = (part: "self" | "cross", model: Model) =>
  Array.from({ length: model.decoderLayers }, (_, layer) => ({
    key: `${part}.${layer}.key`,
    value: `${part}.${layer}.value`,
  }));

const names = (part: "self" | "cross", model: Model) =>
  attended(part, model).flatMap(({ key, value }) => [key, value]);

/** The output of a step that is the next step's input of this name. */
export const next = (name: string) => `next ${name}`;

/** The output of a step that belongs into the last slots of this cache. */
export const own = (name: string) => `own ${name}`;

/** Names of the cache among the inputs of a step. */
export const cacheNames = (model: Model) => names("self", model);

/** Names of the inputs of every step that are outputs of the encoder. */
export const sourceNames = (model: Model) => names("cross", model);

const specs = (
  names: readonly string[],
  shape: Spec["shape"],
): Record<string, Spec> =>
  Object.fromEntries(names.map((name) => [name, { shape, dtype: "float32" }]));

/**
 * Source ids [source, batch] to what every decoder layer attends to: keys and values [source, batch, heads, d / heads].
 * `padding` [batch, 1, 1, source] hides padding; the weights are inputs. Times stand before the batch here and in the
 * step, so that keys and values are used where the products put them.
 */
export function encoderProgram(decoder: Decoder): Program {
  const { model } = decoder;
  return {
    name: "encoder",
    inputs: {
      source: { shape: ["source", "batch"], dtype: "int32" },
      padding: { shape: ["batch", 1, 1, "source"], dtype: "float32" },
      ...weightSpecs(decoder),
    },
    build: (inputs, { batch, source }) => {
      const parts = partsOf(decoder, inputs, batch);
      let x = parts.embed(
        inputs.source,
        tf.slice(positions(model.width), [0, 0], [source, model.width]),
      );
      for (let layer = 0; layer < model.encoderLayers; layer++) {
        x = parts.attend(`encoder.${layer}.self`, x, (normal, name) => {
          const [query, key, value] = parts.split(
            parts.linear(`${name}.queryKeyValue`, normal),
            3,
          ).map(parts.inHeads);
          return attention(query, key, value, inputs.padding);
        });
        x = parts.feedForward(`encoder.${layer}.feedForward`, x);
      }
      const output = layerNorm(inputs, "encoder", x);
      const outputs: Record<string, Tensor> = {};
      attended("cross", model).forEach(({ key, value }, layer) => {
        const name = `decoder.${layer}.cross.keyValue`;
        [outputs[key], outputs[value]] = parts.split(
          parts.linear(name, output),
          2,
        ).map(parts.inHeads);
      });
      return outputs;
    },
  };
}

/**
 * One step of beam search, from `beam` hypotheses of each sentence to the `kept` best continuations; greedy search is a
 * beam of 1. The first step has one hypothesis, the empty one.
 *
 * A sentence's hypotheses stand side by side as the queries of one attention, so that they share the source's keys and
 * values. They share the cache too: it holds the keys and values of every hypothesis there ever was, a slot each, [slots,
 * batch, heads, d / heads], and is never reordered. `ancestors` says instead whom a hypothesis descends from.
 *
 * Inputs besides the weights and the encoder's inputs and outputs:
 * - the cache, with room for the slots of this step, its last `beam`, which the outputs named "own" are to be put into;
 * - `token` [beam, batch]: last id of each hypothesis, `position` [1]: how many ids came before it;
 * - `score` [batch, beam]: log p of each hypothesis, -Infinity where there is none;
 * - `ancestors` [batch, 1, beam, slots]: 0 for each slot of a hypothesis that the one of the row descends from, or is,
 *   and `MASKED` for all others.
 *
 * Outputs:
 * - "own" keys and values of each layer, [beam, batch, heads, d / heads];
 * - `next token`, `next score` [batch, kept]: the best continuations of each sentence, best first, none of which ends it;
 * - `parent` [batch, kept]: which of its sentence's hypotheses each continues, from 0;
 * - `ended` [batch, beam]: log p of each given hypothesis if it ends here.
 */
export function stepProgram(
  decoder: Decoder,
  beam: number,
  kept: number,
): Program {
  const { model } = decoder;
  const { heads, width } = model;
  const size = width / heads;
  return {
    name: beam === kept ? "decoder step" : "decoder first step",
    inputs: {
      token: { shape: [beam, "batch"], dtype: "int32" },
      position: { shape: [1], dtype: "int32" },
      score: { shape: ["batch", beam], dtype: "float32" },
      ancestors: { shape: ["batch", 1, beam, "slots"], dtype: "float32" },
      padding: { shape: ["batch", 1, 1, "source"], dtype: "float32" },
      ...specs(names("self", model), ["slots", "batch", heads, size]),
      ...specs(names("cross", model), ["source", "batch", heads, size]),
      ...weightSpecs(decoder),
    },
    build: (inputs, { batch }) => {
      const parts = partsOf(decoder, inputs, batch);
      const outputs: Record<string, Tensor> = {};
      let x = parts.embed(
        inputs.token,
        tf.gather(positions(width), inputs.position as tf.Tensor1D),
      ); // [beam * batch, d]
      for (let layer = 0; layer < model.decoderLayers; layer++) {
        const cache = attended("self", model)[layer];
        const source = attended("cross", model)[layer];
        x = parts.attend(`decoder.${layer}.self`, x, (normal, name) => {
          const mapped = parts.linear(`${name}.queryKeyValue`, normal);
          const [query, key, value] = parts.split(mapped, 3);
          outputs[own(cache.key)] = key;
          outputs[own(cache.value)] = value;
          return attention(
            parts.inHeads(query),
            continueInPlace(inputs[cache.key], parts.inHeads(key)),
            continueInPlace(inputs[cache.value], parts.inHeads(value)),
            inputs.ancestors,
          );
        });
        x = parts.attend(
          `decoder.${layer}.cross`,
          x,
          (normal, name) =>
            attention(
              parts.inHeads(parts.linear(`${name}.query`, normal)),
              inputs[source.key],
              inputs[source.value],
              inputs.padding,
            ),
        );
        x = parts.feedForward(`decoder.${layer}.feedForward`, x);
      }
      const logits = parts.generate(layerNorm(inputs, "decoder", x));
      return {
        ...outputs,
        ...continuations(logits, inputs.score, decoder.vocabulary, kept),
      };
    },
  };
}

const positions = (width: number) =>
  tf.tensor(sinusoids(MAXIMUM_POSITIONS, width), [MAXIMUM_POSITIONS, width]);

/** The parts of a layer on [times * batch, d], in the precision of the weights. */
function partsOf(
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
    /** Logits [hypotheses, batch, vocabulary]. */
    generate: (normal: Tensor) => {
      const logits = precision === "int8"
        ? quantizedProduct(
          normal,
          weights["generator.weight"],
          weights["generator.scale"],
        )
        : product(normal, weights.embedding, false, true);
      const [rows, vocabulary] = logits.shape as [number, number];
      return tf.reshape(logits, [rows / batch, batch, vocabulary]);
    },
  };
}

/** The best ways to go on, with the outputs of a step as names. */
function continuations(
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
  // The specials may be among the best of a hypothesis, and must not be among those of the sentence.
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
