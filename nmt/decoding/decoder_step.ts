/** The two decoding programs: the encoder, run once a batch, and a decoder step that extends hypotheses. */
import type { Model } from "../../schemas/experiment/model.ts";
import {
  attention,
  attentionToSource,
  continueInPlace,
  sourceKeysAndValues,
} from "../tensor/inference.ts";
import type { Program, Spec, Tensor, Tensors } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import {
  candidatesIn,
  continuations,
  type Decoder,
  next,
  type Parts,
  partsOf,
  positions,
} from "./decoder_parts.ts";
import { stackOutput } from "../transformer/layers.ts";
import { candidateSpecs } from "./candidates.ts";
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

/** Names of the cache of keys and values among the inputs of a step; a decoder of recurrent units has none. */
export const cacheNames = (model: Model) =>
  model.autoregression === "ssru" ? [] : attendedNames("self", model);

/** Names of the states of recurrent units among the inputs of a step, one a decoder layer. */
export const cellNames = (model: Model) =>
  model.autoregression === "ssru"
    ? Array.from({ length: model.decoderLayers }, (_, i) => `cell.${i}`)
    : [];

export const specs = (
  names: readonly string[],
  shape: Spec["shape"],
): Record<string, Spec> =>
  Object.fromEntries(names.map((name) => [name, { shape, dtype: "float32" }]));

/**
 * The encoder: source ids [source, batch] to the keys and values of every decoder layer, [batch, heads, source, d / heads],
 * as `attentionToSource` reads them. `padding` [batch, 1, 1, source] hides padding; the weights are inputs. The time axis
 * comes first within the encoder and the step, so that keys and values are used without a transposition.
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
        "encoder",
        inputs.source,
        tf.slice(positions(model), [0, 0], [source, model.width]),
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
      const output = stackOutput(model, inputs, "encoder", x);
      const outputs: Record<string, Tensor> = {};
      attended("cross", model).forEach(({ key, value }, layer) => {
        const name = `decoder.${layer}.cross.keyValue`;
        const [keys, values] = parts.split(parts.linear(name, output), 2)
          .map(parts.inHeads);
        ({ keys: outputs[key], values: outputs[value] } = sourceKeysAndValues(
          keys,
          values,
        ));
      });
      return outputs;
    },
  };
}

/**
 * One step of beam search, from `beam` hypotheses of each sentence to the `kept` best continuations; greedy search is a
 * beam of 1. The first step has one hypothesis, the empty one.
 *
 * Sentences whose search is over may stay in the batch, as taking them out moves the cache, and so may hypotheses that have
 * ended: they have room in the cache and in attention. All else is computed of the hypotheses that live; "going" are the
 * sentences with some.
 *
 * A sentence's hypotheses stand side by side as the queries of one attention, so that they share the source's keys and
 * values. They share the cache too: it holds the keys and values of every hypothesis there ever was, a slot each, [slots,
 * batch, heads, d / heads], and is never reordered. `ancestors` says instead whom a hypothesis descends from. Of recurrent
 * units only the states after the last step are held, and `from` says whose is a hypothesis's.
 *
 * Inputs besides the weights and the encoder's inputs and outputs:
 * - the cache, with room for the slots of this step, its last `beam`, which the outputs named "own" are to be put into;
 * - `token` [1, living]: last id of each hypothesis that lives, `position` [1]: how many ids came before it;
 * - `living` [living]: their places in [beam, batch], and `place` [living], that of the sentence of each in the batch;
 * - `hypothesis` [beam, batch] and, by sentences, `row` [going, beam]: which of the living a hypothesis is, any for one that
 *   does not live;
 * - `score` [going, beam]: log p of each hypothesis, -Infinity where there is none;
 * - `ancestors` [batch, 1, beam, slots]: 0 for each slot of a hypothesis that the one of the row descends from, or is,
 *   and `MASKED` for all others;
 * - of recurrent units, in place of cache and `ancestors`: the state of each layer after the step before, [before, d], and
 *   `from` [living], the row there that each hypothesis continues;
 * - of a short-list, the candidates of `candidateSpecs`, among which alone ids are chosen.
 *
 * Outputs:
 * - "own" keys and values of each layer, [beam, batch, heads, d / heads], or the states of recurrent units, `next` and their
 *   name, [living, d];
 * - `next token`, `next score` [going, kept]: the best continuations of each sentence, best first, none of which ends it;
 * - `parent` [going, kept]: which of its sentence's hypotheses each continues, from 0;
 * - `ended` [going, beam]: log p of each given hypothesis if it ends here.
 */
export function stepProgram(
  decoder: Decoder,
  beam: number,
  kept: number,
): Program {
  const { model, vocabulary, isShortlisted } = decoder;
  const { heads, width } = model;
  return {
    name: beam === kept ? "decoder step" : "decoder first step",
    inputs: {
      token: { shape: [1, "living"], dtype: "int32" },
      position: { shape: [1], dtype: "int32" },
      living: { shape: ["living"], dtype: "int32" },
      hypothesis: { shape: [beam, "batch"], dtype: "int32" },
      place: { shape: ["living"], dtype: "int32" },
      row: { shape: ["going", beam], dtype: "int32" },
      score: { shape: ["going", beam], dtype: "float32" },
      padding: { shape: ["batch", 1, 1, "source"], dtype: "float32" },
      ...historySpecs(model, beam),
      ...specs(attendedNames("cross", model), [
        "batch",
        heads,
        "source",
        width / heads,
      ]),
      ...weightSpecs(decoder),
      ...isShortlisted ? candidateSpecs(decoder, "batch") : {},
    },
    build: (inputs, { batch }) => {
      const parts = partsOf(decoder, inputs, batch);
      const outputs: Record<string, Tensor> = {};
      const living = inputs.living as tf.Tensor1D;
      const hypothesis = tf.reshape(inputs.hypothesis, [beam * batch]);
      const embedded = parts.embed(
        "decoder",
        inputs.token,
        tf.gather(positions(model), inputs.position as tf.Tensor1D),
      ); // [living, d]
      const x = decoderLayers(
        decoder,
        parts,
        inputs,
        embedded,
        model.autoregression === "ssru"
          ? {
            state: (name) =>
              tf.gather(inputs[name], inputs.from as tf.Tensor1D),
            remember: (name, state) => outputs[next(name)] = state,
          }
          : {
            hidden: inputs.ancestors,
            extend: (name, x) => {
              outputs[own(name)] = x;
              return continueInPlace(inputs[name], parts.inHeads(x));
            },
          },
        {
          all: (x) => tf.gather(x, hypothesis as tf.Tensor1D),
          living: (x) => tf.gather(x, living),
        },
      );
      const logits = parts.generate(stackOutput(model, inputs, "decoder", x));
      return {
        ...outputs,
        ...continuations(logits, inputs.score, vocabulary, kept, {
          candidates: isShortlisted ? candidatesIn(inputs) : undefined,
          rows: { ofHypotheses: inputs.row, places: inputs.place },
        }),
      };
    },
  };
}

/** The inputs of a step that hold what came before. */
function historySpecs(model: Model, beam: number): Record<string, Spec> {
  const { heads, width } = model;
  return model.autoregression === "ssru"
    ? {
      from: { shape: ["living"], dtype: "int32" },
      ...specs(cellNames(model), ["before", width]),
    }
    : {
      ancestors: { shape: ["batch", 1, beam, "slots"], dtype: "float32" },
      ...specs(cacheNames(model), ["slots", "batch", heads, width / heads]),
    };
}

/** What self-attention sees of what came before. */
export interface Cache {
  /** Hides parts of the cache. */
  readonly hidden: Tensor;
  /** Adds keys or values of the hypotheses to the cache of a name, which it returns, [slots, batch, heads, d / heads]. */
  extend(name: string, own: Tensor): Tensor;
}

/** What recurrent units know of what came before. */
export interface Cells {
  /** The state of a name, a row a hypothesis. */
  state(name: string): Tensor;
  /** Takes the state after this step. */
  remember(name: string, state: Tensor): void;
}

/** Where only some of the hypotheses that attention has room for are computed. */
export interface Living {
  /** Rows of all hypotheses, [beam * batch, n], from those of the ones that live, [living, n]. */
  all(x: Tensor): Tensor;
  /** The other way round. */
  living(x: Tensor): Tensor;
}

const ALL: Living = { all: (x) => x, living: (x) => x };

/** All layers of the decoder on hypotheses [living, d], which are all, [beam * batch, d], unless `rows` are given. */
export function decoderLayers(
  { model }: Decoder,
  parts: Parts,
  inputs: Tensors,
  hypotheses: Tensor,
  history: Cache | Cells,
  rows = ALL,
): Tensor {
  let x = hypotheses;
  for (let layer = 0; layer < model.decoderLayers; layer++) {
    x = "state" in history
      ? recurrent(parts, cellNames(model)[layer], layer, x, history)
      : parts.attend(`decoder.${layer}.self`, x, (x, name) => {
        const mapped = rows.all(parts.linear(`${name}.queryKeyValue`, x));
        const cache = attended("self", model)[layer];
        return rows.living(selfAttention(parts, mapped, cache, history));
      });
    const source = attended("cross", model)[layer];
    x = parts.attend(`decoder.${layer}.cross`, x, (x, name) => {
      const queries = rows.all(parts.linear(`${name}.query`, x));
      return rows.living(attentionToSource(
        parts.inHeads(queries),
        inputs[source.key],
        inputs[source.value],
        inputs.padding,
      ));
    });
    x = parts.feedForward(`decoder.${layer}.feedForward`, x);
  }
  return x;
}

function recurrent(
  parts: Parts,
  cell: string,
  layer: number,
  x: Tensor,
  { state, remember }: Cells,
): Tensor {
  return parts.recur(
    `decoder.${layer}.cell`,
    x,
    state(cell),
    (next) => remember(cell, next),
  );
}

/** Self-attention of mapped hypotheses, [beam * batch, 3 d]. */
function selfAttention(
  parts: Parts,
  mapped: Tensor,
  cache: { readonly key: string; readonly value: string },
  { hidden, extend }: Cache,
): Tensor {
  const [query, key, value] = parts.split(mapped, 3);
  return attention(
    parts.inHeads(query),
    extend(cache.key, key),
    extend(cache.value, value),
    hidden,
  );
}
