/** The two decoding programs: the encoder, run once a batch, and a decoder step that extends hypotheses. */
import type { Model } from "../../schemas/experiment/model.ts";
import { attention, continueInPlace } from "../tensor/inference.ts";
import type { Program, Spec, Tensor, Tensors } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import {
  continuations,
  type Decoder,
  type Parts,
  partsOf,
  positions,
} from "./decoder_parts.ts";
import { layerNorm } from "../transformer/layers.ts";
import { weightSpecs } from "./precision.ts";

/** Most hypotheses of a sentence. */
export const MAXIMUM_BEAM = 64;

/** Names of the keys and values of each decoder layer: of the hypotheses (`self`) and of the source (`cross`). */
export const attended = (part: "self" | "cross", model: Model) =>
  Array.from({ length: model.decoderLayers }, (_, layer) => ({
    key: `${part}.${layer}.key`,
    value: `${part}.${layer}.value`,
  }));

export const attendedNames = (part: "self" | "cross", model: Model) =>
  attended(part, model).flatMap(({ key, value }) => [key, value]);

/** Name of the output of a step that belongs into the last slots of a cache. */
export const own = (name: string) => `own ${name}`;

/** Names of the cache among the inputs of a step. */
export const cacheNames = (model: Model) => attendedNames("self", model);

export const specs = (
  names: readonly string[],
  shape: Spec["shape"],
): Record<string, Spec> =>
  Object.fromEntries(names.map((name) => [name, { shape, dtype: "float32" }]));

/**
 * The encoder: source ids [source, batch] to the keys and values of every decoder layer, [source, batch, heads, d / heads].
 * `padding` [batch, 1, 1, source] hides padding; the weights are inputs. The time axis comes first here and in the step,
 * so that keys and values are used without a transposition.
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
 * Sentences whose search is over may stay in the batch, as taking them out moves the cache: `going` says which have
 * theirs still to go. Only those are scored over the vocabulary, which is most of the work.
 *
 * A sentence's hypotheses stand side by side as the queries of one attention, so that they share the source's keys and
 * values. They share the cache too: it holds the keys and values of every hypothesis there ever was, a slot each, [slots,
 * batch, heads, d / heads], and is never reordered. `ancestors` says instead whom a hypothesis descends from.
 *
 * Inputs besides the weights and the encoder's inputs and outputs:
 * - the cache, with room for the slots of this step, its last `beam`, which the outputs named "own" are to be put into;
 * - `token` [beam, batch]: last id of each hypothesis, `position` [1]: how many ids came before it;
 * - `going` [going]: the sentences that are to go on, as places in the batch, ascending;
 * - `score` [going, beam]: log p of each hypothesis, -Infinity where there is none;
 * - `ancestors` [batch, 1, beam, slots]: 0 for each slot of a hypothesis that the one of the row descends from, or is,
 *   and `MASKED` for all others.
 *
 * Outputs:
 * - "own" keys and values of each layer, [beam, batch, heads, d / heads];
 * - `next token`, `next score` [going, kept]: the best continuations of each sentence, best first, none of which ends it;
 * - `parent` [going, kept]: which of its sentence's hypotheses each continues, from 0;
 * - `ended` [going, beam]: log p of each given hypothesis if it ends here.
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
      going: { shape: ["going"], dtype: "int32" },
      score: { shape: ["going", beam], dtype: "float32" },
      ancestors: { shape: ["batch", 1, beam, "slots"], dtype: "float32" },
      padding: { shape: ["batch", 1, 1, "source"], dtype: "float32" },
      ...specs(attendedNames("self", model), ["slots", "batch", heads, size]),
      ...specs(attendedNames("cross", model), ["source", "batch", heads, size]),
      ...weightSpecs(decoder),
    },
    build: (inputs, { batch, going }) => {
      const parts = partsOf(decoder, inputs, batch);
      const outputs: Record<string, Tensor> = {};
      const embedded = parts.embed(
        inputs.token,
        tf.gather(positions(width), inputs.position as tf.Tensor1D),
      ); // [beam * batch, d]
      const x = decoderLayers(
        decoder,
        parts,
        inputs,
        embedded,
        inputs.ancestors,
        (name, x) => {
          outputs[own(name)] = x;
          return continueInPlace(inputs[name], parts.inHeads(x));
        },
      );
      const scored = tf.reshape(
        tf.gather(
          tf.reshape(x, [beam, batch, width]),
          inputs.going as tf.Tensor1D,
          1,
        ),
        [beam * going, width],
      );
      const logits = tf.reshape(
        parts.generate(layerNorm(inputs, "decoder", scored)),
        [beam, going, decoder.vocabulary],
      );
      return {
        ...outputs,
        ...continuations(logits, inputs.score, decoder.vocabulary, kept),
      };
    },
  };
}

/**
 * All layers of the decoder on hypotheses [beam * batch, d]. `hidden` hides parts of the cache; `remember` adds keys or
 * values of the hypotheses to the cache of a name, which it returns, [slots, batch, heads, d / heads].
 */
export function decoderLayers(
  { model }: Decoder,
  parts: Parts,
  inputs: Tensors,
  hypotheses: Tensor,
  hidden: Tensor,
  remember: (name: string, own: Tensor) => Tensor,
): Tensor {
  let x = hypotheses;
  for (let layer = 0; layer < model.decoderLayers; layer++) {
    const cache = attended("self", model)[layer];
    const source = attended("cross", model)[layer];
    x = parts.attend(`decoder.${layer}.self`, x, (normal, name) => {
      const mapped = parts.linear(`${name}.queryKeyValue`, normal);
      const [query, key, value] = parts.split(mapped, 3);
      return attention(
        parts.inHeads(query),
        remember(cache.key, key),
        remember(cache.value, value),
        hidden,
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
  return x;
}
