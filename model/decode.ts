/** The two programs of translation: the encoder, run once a batch, and a step of the decoder that extends hypotheses. */
import { BOS, EOS, PAD } from "../schemas/vocabulary.ts";
import { type Model } from "../schemas/model.ts";
import type { Program, Spec, Tensor, Tensors } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import {
  attend,
  feedForward,
  layerNorm,
  linear,
  MASKED,
  MAXIMUM_POSITIONS,
  noDropout,
  type Places,
  product,
  sinusoids,
  splitHeads,
} from "./layers.ts";
import { parameterShapes } from "./parameters.ts";
import { encode } from "./transformer.ts";

/** Hypotheses that a sentence may have at once. */
export const MAXIMUM_BEAM = 64;

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

/** Names of the cache among the inputs of a step. */
export const cacheNames = (model: Model) => names("self", model);

/** Names of the inputs of every step that are outputs of the encoder. */
export const sourceNames = (
  model: Model,
) => ["padding", ...names("cross", model)];

function parameterInputs(
  model: Model,
  vocabulary: number,
): Record<string, Spec> {
  return Object.fromEntries(
    Object.entries(parameterShapes(model, vocabulary)).map((
      [name, shape],
    ) => [name, { shape, dtype: "float32" }]),
  );
}

const specs = (
  names: readonly string[],
  shape: Spec["shape"],
): Record<string, Spec> =>
  Object.fromEntries(names.map((name) => [name, { shape, dtype: "float32" }]));

/**
 * Source ids [batch, source] to what every decoder layer attends to: keys and values [batch, heads, source, d / heads],
 * and `padding`, the bias [batch, 1, 1, source] that hides the padding. All parameters are inputs, by their names.
 */
export function encoderProgram(model: Model, vocabulary: number): Program {
  return {
    name: "encoder",
    inputs: {
      source: { shape: ["batch", "source"], dtype: "int32" },
      ...parameterInputs(model, vocabulary),
    },
    build: (inputs, { batch }) => {
      const { output, bias } = encode(model, inputs, inputs.source, noDropout);
      const outputs: Record<string, Tensor> = { padding: bias };
      attended("cross", model).forEach(({ key, value }, layer) => {
        const both = linear(inputs, `decoder.${layer}.cross.keyValue`, output);
        [outputs[key], outputs[value]] = splitHeads(
          both,
          batch,
          model.heads,
          2,
        );
      });
      return outputs;
    },
  };
}

/**
 * One step of beam search; greedy search is a beam of 1.
 *
 * A sentence's hypotheses stand side by side as the queries of one attention, so that they share the source's keys and
 * values. They share the cache too: it holds the keys and values of every hypothesis there ever was, [batch, heads,
 * past, beam, d / heads], and is never reordered. `history` says instead whom a hypothesis descends from: a bias of 0
 * for each of its ancestors and of -1e9 for all others, [hypotheses, past, beam].
 *
 * Inputs besides all parameters, the cache and the encoder's outputs:
 * - `token` [batch, beam]: last id of each hypothesis, `position` [1]: how many ids came before it;
 * - `score` [batch, beam]: log p of each hypothesis, -Infinity where there is none;
 * - `history` [hypotheses, past, beam] of the step before, with hypotheses = batch * beam of that step;
 * - `origin` [batch, beam]: the row of `history` that each hypothesis continues.
 *
 * Outputs, of which those named "next X" are what the next step takes as X:
 * - the cache and `history` [batch, beam, past + 1, beam], one position longer;
 * - `next token`, `next score` [batch, beam]: the best continuations of each sentence, best first, none of which ends it;
 * - `parent` [batch, beam]: which of its sentence's hypotheses each continues, from 0;
 * - `ended` [batch, beam]: log p of each given hypothesis if it ends here.
 */
export function stepProgram(model: Model, vocabulary: number): Program {
  const { heads, width } = model;
  const size = width / heads;
  return {
    name: "decoder step",
    inputs: {
      token: { shape: ["batch", "beam"], dtype: "int32" },
      position: { shape: [1], dtype: "int32" },
      score: { shape: ["batch", "beam"], dtype: "float32" },
      origin: { shape: ["batch", "beam"], dtype: "int32" },
      history: { shape: ["hypotheses", "past", "beam"], dtype: "float32" },
      padding: { shape: ["batch", 1, 1, "source"], dtype: "float32" },
      ...specs(names("self", model), ["batch", heads, "past", "beam", size]),
      ...specs(names("cross", model), ["batch", heads, "source", size]),
      ...parameterInputs(model, vocabulary),
    },
    successors: ["past"],
    build: (inputs, sizes) => {
      const { batch, beam } = sizes;
      const slots = sizes["past+1"] * beam;
      const outputs: Record<string, Tensor> = {};
      const descent = tf.concat([
        tf.gather(inputs.history, inputs.origin), // [batch, beam, past, beam]
        tf.tile(tf.reshape(ownSlot(beam), [1, beam, 1, beam]), [
          batch,
          1,
          1,
          1,
        ]),
      ], 2);
      outputs[next("history")] = descent;
      const ancestors = tf.reshape(descent, [batch, 1, beam, slots]);
      const places = { parameters: inputs, heads, batch, dropout: noDropout };
      let x = embedNext(inputs, width); // [batch * beam, d]
      for (let layer = 0; layer < model.decoderLayers; layer++) {
        const self = attended("self", model)[layer];
        const cross = attended("cross", model)[layer];
        x = attendStep(places, `decoder.${layer}.self`, x, (normal, name) => {
          const mapped = linear(inputs, `${name}.queryKeyValue`, normal);
          const [query, ...own] = splitHeads(mapped, batch, heads, 3); // [batch, heads, beam, size]
          const [keys, values] = [self.key, self.value].map((cache, i) => {
            const added = tf.reshape(own[i], [batch, heads, 1, beam, size]);
            outputs[next(cache)] = tf.concat([inputs[cache], added], 2);
            return tf.reshape(outputs[next(cache)], [
              batch,
              heads,
              slots,
              size,
            ]);
          });
          return attend(query, keys, values, ancestors);
        });
        x = attendStep(places, `decoder.${layer}.cross`, x, (normal, name) => {
          const mapped = linear(inputs, `${name}.query`, normal);
          const [query] = splitHeads(mapped, batch, heads, 1);
          return attend(
            query,
            inputs[cross.key],
            inputs[cross.value],
            inputs.padding,
          );
        });
        x = feedForward(places, `decoder.${layer}.feedForward`, x);
      }
      const state = layerNorm(inputs, "decoder", x);
      return {
        ...outputs,
        ...continuations(inputs, state, batch, beam, vocabulary),
      };
    },
  };
}

/** x + output(attention(norm(x))). */
function attendStep(
  { parameters }: Places,
  name: string,
  x: Tensor,
  attention: (normal: Tensor, name: string) => Tensor,
): Tensor {
  const context = attention(layerNorm(parameters, name, x), name);
  return tf.add(x, linear(parameters, `${name}.output`, context));
}

/** Embeddings of the last ids, scaled by sqrt(d), plus that of their position: [batch * beam, d]. */
function embedNext(
  { embedding, token, position }: Tensors,
  width: number,
): Tensor {
  const [batch, beam] = token.shape as [number, number];
  const rows = tf.gather(
    embedding,
    tf.reshape(token, [batch * beam]) as tf.Tensor1D,
  );
  const table = tf.tensor(sinusoids(MAXIMUM_POSITIONS, width), [
    MAXIMUM_POSITIONS,
    width,
  ]);
  return tf.add(
    tf.mul(rows, Math.sqrt(width)),
    tf.gather(table, position as tf.Tensor1D),
  );
}

/** Biases [beam, beam] that hide all but the hypothesis itself among the slots of its own position. */
function ownSlot(beam: number): Tensor {
  const all = Int32Array.from({ length: MAXIMUM_BEAM }, (_, place) => place);
  const places = tf.slice(tf.tensor1d(all, "int32"), [0], [beam]);
  const own = tf.equal(
    tf.reshape(places, [beam, 1]),
    tf.reshape(places, [1, beam]),
  );
  return tf.mul(tf.cast(tf.logicalNot(own), "float32"), MASKED);
}

/** The best ways to go on from the decoder's final states [batch * beam, d], with the outputs of a step as names. */
function continuations(
  { embedding, score }: Tensors,
  state: Tensor,
  batch: number,
  beam: number,
  vocabulary: number,
): Tensors {
  const logits = product(state, embedding, false, true); // [batch * beam, vocabulary]
  // log p = logits - normaliser; it is added to the scores first, so that the logits are passed over once.
  const normaliser = tf.sub(
    tf.max(logits, 1),
    tf.log(tf.max(tf.softmax(logits), 1)),
  );
  const offset = tf.sub(score, tf.reshape(normaliser, [batch, beam]));
  const ended = tf.add(
    offset,
    tf.reshape(tf.slice(logits, [0, EOS], [batch * beam, 1]), [batch, beam]),
  );
  const never = new Float32Array(vocabulary);
  for (const id of [PAD, BOS, EOS]) never[id] = -Infinity;
  const words = tf.reshape(tf.add(logits, tf.tensor1d(never)), [
    batch,
    beam,
    vocabulary,
  ]);
  const extended = tf.add(words, tf.reshape(offset, [batch, beam, 1]));
  const best = tf.topk(tf.reshape(extended, [batch, beam * vocabulary]), beam);
  const count = tf.scalar(vocabulary, "int32");
  return {
    [next("token")]: tf.mod(best.indices, count),
    [next("score")]: best.values,
    parent: tf.floorDiv(best.indices, count),
    ended,
  };
}
