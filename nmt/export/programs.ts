/** The programs of an exported model: the encoder, what the decoder keeps of its output, and a decoder step with its KV cache. */
import {
  attend,
  feedForward,
  linear,
  nextState,
  noDropout,
  product,
  selfAttention,
  stackOutput,
  sublayer,
} from "../transformer/layers.ts";
import {
  joinHeads,
  rectangular,
  splitHeads,
} from "../transformer/arrangement.ts";
import { CANDIDATE } from "../decoding/candidates.ts";
import { embeddingNames, parameterShapes } from "../transformer/parameters.ts";
import { scaledEmbedding } from "../transformer/transformer.ts";
import type { Model } from "../../schemas/experiment/model.ts";
import type { Program, Spec, Tensor, Tensors } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";

/**
 * Names of what each decoder layer reads or leaves: keys and values of the source (`cross`); those of the hypotheses before
 * a step (`past`) and with its own (`present`), or the state of a recurrent unit.
 */
export const cacheNames = (
  part: "cross" | "past" | "present",
  { decoderLayers, autoregression }: Model,
): string[] => {
  const held = part !== "cross" && autoregression === "ssru"
    ? ["state"]
    : ["key", "value"];
  return Array.from(
    { length: decoderLayers },
    (_, layer) => held.map((name) => `${part}.${layer}.${name}`),
  ).flat();
};

/** The shape of what `cacheNames` names. */
export function cacheShape(
  part: "cross" | "past" | "present",
  { width, heads, autoregression }: Model,
): (number | string)[] {
  const size = width / heads;
  if (part === "cross") return ["batch", heads, "source", size];
  if (autoregression === "ssru") return ["batch", "beam", width];
  const time = part === "past" ? "past" : "past + 1";
  return ["batch", "beam", heads, time, size];
}

/** The model of the programs. */
export interface Shape {
  readonly model: Model;
  readonly vocabulary: number;
}

const weightSpecs = ({ model, vocabulary }: Shape): Record<string, Spec> =>
  floats(parameterShapes(model, vocabulary));

const floats = (
  shapes: Readonly<Record<string, Spec["shape"]>>,
): Record<string, Spec> =>
  Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, {
      shape,
      dtype: "float32",
    }]),
  );

const named = (names: readonly string[], shape: Spec["shape"]) =>
  floats(Object.fromEntries(names.map((name) => [name, shape])));

/** Embeddings of ids [batch, time] plus `positions` [time or 1, d], as [batch * time, d]. */
function embed(
  model: Model,
  stack: "encoder" | "decoder",
  inputs: Tensors,
  ids: Tensor,
  positions: Tensor,
): Tensor {
  const [batch, time] = ids.shape as [number, number];
  const { width } = model;
  const rows = tf.gather(
    inputs[embeddingNames(model)[stack]],
    tf.reshape(ids, [batch * time]) as tf.Tensor1D,
  );
  const scaled = tf.reshape(scaledEmbedding(model, rows), [batch, time, width]);
  return tf.reshape(tf.add(scaled, positions), [batch * time, width]);
}

/**
 * Source ids [batch, source], each sentence with its end, then padding, to the encoder's output, `hidden` [batch, source, d].
 * `mask` [batch, 1, 1, source] hides padding, `positions` [source, d] are the sinusoids; the weights are inputs. The layers
 * are those of training.
 */
export function encoderProgram(shape: Shape): Program {
  const { model } = shape;
  const { width } = model;
  return {
    name: "encoder",
    inputs: {
      source: { shape: ["batch", "source"], dtype: "int32" },
      ...floats({
        mask: ["batch", 1, 1, "source"],
        positions: ["source", width],
      }),
      ...weightSpecs(shape),
    },
    build: (inputs, { batch, source: time }) => {
      const setting = {
        model,
        parameters: inputs,
        arrangement: rectangular(batch, model.heads),
        dropout: noDropout,
      };
      const { source, positions, mask } = inputs;
      let x = embed(model, "encoder", inputs, source, positions);
      for (let layer = 0; layer < model.encoderLayers; layer++) {
        x = selfAttention(setting, `encoder.${layer}.self`, x, mask).output;
        x = feedForward(setting, `encoder.${layer}.feedForward`, x);
      }
      const output = stackOutput(model, inputs, "encoder", x);
      return { hidden: tf.reshape(output, [batch, time, width]) };
    },
  };
}

/** The encoder's output `hidden` [batch, source, d] to the `cross` keys and values of each decoder layer, [batch, heads, source, d / heads]. */
export function crossProgram(shape: Shape): Program {
  const { model } = shape;
  const { heads, width } = model;
  return {
    name: "cross",
    inputs: {
      ...floats({ hidden: ["batch", "source", width] }),
      ...weightSpecs(shape),
    },
    build: (inputs, { batch, source }) => {
      const output = tf.reshape(inputs.hidden, [batch * source, width]);
      const cross = Array.from({ length: model.decoderLayers }, (_, layer) => {
        const name = `decoder.${layer}.cross.keyValue`;
        return splitHeads(linear(inputs, name, output), batch, heads, 2);
      }).flat();
      return together(cacheNames("cross", model), cross);
    },
  };
}

/**
 * A step of the decoder, for any number of hypotheses of each sentence. Inputs besides the weights, `mask` and `cross`:
 * - `token` [batch, beam]: the last id of each hypothesis, which begins with the begin of sentence;
 * - `position` [1, d]: the sinusoids of its place;
 * - `past` keys and values of the ids before it, [batch, beam, heads, past, d / heads], or states, [batch, beam, d].
 *
 * Outputs:
 * - `logits` [batch, beam, vocabulary] of the next id, or [batch, beam, candidates] of the candidates of a short-list, whose
 *   ids and part of the output matrix, [candidates, d], and of its bias are inputs then;
 * - `attention` [batch, beam, source]: the last layer's cross-attention, the mean over its heads;
 * - `present` keys and values, with those of this id, [batch, beam, heads, past + 1, d / heads], or states.
 */
export function stepProgram(shape: Shape, isShortlisted = false): Program {
  const { model, vocabulary } = shape;
  const { heads, width } = model;
  const size = width / heads;
  const isRecurrent = model.autoregression === "ssru";
  const names = {
    past: cacheNames("past", model),
    cross: cacheNames("cross", model),
    present: cacheNames("present", model),
  };
  return {
    name: "decoder",
    inputs: {
      token: { shape: ["batch", "beam"], dtype: "int32" },
      ...floats({
        position: [1, width],
        mask: ["batch", 1, 1, "source"],
      }),
      ...named(names.past, cacheShape("past", model)),
      ...named(names.cross, cacheShape("cross", model)),
      ...weightSpecs(shape),
      ...isShortlisted
        ? {
          // The first says how many there are; that matrix has its columns first in int8.
          [CANDIDATE.ids]: { shape: ["candidates"], dtype: "int32" },
          ...floats({
            [CANDIDATE.weight]: ["candidates", width],
            [CANDIDATE.bias]: ["candidates"],
          }),
        }
        : {},
    },
    successors: isRecurrent ? [] : ["past"],
    build: (inputs, { batch, beam, past, source, candidates }) => {
      const rows = batch * beam;
      const present: Tensor[] = [];
      const attentions: Tensor[] = [];
      const setting = {
        model,
        parameters: inputs,
        dropout: noDropout,
      };
      const { token, position } = inputs;
      let x = embed(model, "decoder", inputs, token, position);
      const attended = (name: string, mix: (x: Tensor) => Tensor) =>
        sublayer(
          setting,
          name,
          x,
          (x) => linear(inputs, `${name}.output`, mix(x)),
        );
      const recurrent = (layer: number) => {
        const cell = `decoder.${layer}.cell`;
        return sublayer(setting, cell, x, (x) => {
          const mapped = linear(inputs, `${cell}.inputForget`, x);
          const before = tf.reshape(inputs[names.past[layer]], [rows, width]);
          const state = nextState(mapped, before);
          present.push(tf.reshape(state, [batch, beam, width]));
          return tf.relu(state);
        });
      };
      for (let layer = 0; layer < model.decoderLayers; layer++) {
        const [key, value] = [2 * layer, 2 * layer + 1];
        const self = `decoder.${layer}.self`, cross = `decoder.${layer}.cross`;
        x = isRecurrent ? recurrent(layer) : attended(self, (x) => {
          const mapped = linear(inputs, `${self}.queryKeyValue`, x);
          const [query, ...own] = splitHeads(mapped, rows, heads, 3); // [rows, heads, 1, size]
          const [keys, values] = [key, value].map((at, i) => {
            const before = tf.reshape(inputs[names.past[at]], [
              rows,
              heads,
              past,
              size,
            ]);
            const all = tf.concat([before, own[i]], 2);
            present.push(
              tf.reshape(all, [batch, beam, heads, past + 1, size]),
            );
            return all;
          });
          return attend(query, keys, values, undefined);
        });
        x = attended(cross, (x) => {
          const mapped = linear(inputs, `${cross}.query`, x);
          const [query] = splitHeads(mapped, batch, heads, 1); // [batch, heads, beam, size]
          const scores = tf.matMul(
            tf.mul(query, size ** -0.5),
            inputs[names.cross[key]],
            false,
            true,
          );
          const weights = tf.softmax(tf.add(scores, inputs.mask)); // [batch, heads, beam, source]
          attentions.push(
            tf.reshape(tf.mean(weights, 1), [batch, beam, source]),
          );
          return joinHeads(tf.matMul(weights, inputs[names.cross[value]]));
        });
        x = feedForward(setting, `decoder.${layer}.feedForward`, x);
      }
      const [E, bias, count] = isShortlisted
        ? [CANDIDATE.weight, CANDIDATE.bias, candidates]
        : [embeddingNames(model).output, "output.bias", vocabulary];
      const products = product(
        stackOutput(model, inputs, "decoder", x),
        inputs[E],
        false,
        true,
      );
      const logits = model.outputBias
        ? tf.add(products, inputs[bias])
        : products;
      return {
        logits: tf.reshape(logits, [batch, beam, count]),
        attention: attentions[model.decoderLayers - 1],
        ...together(names.present, present),
      };
    },
  };
}

const together = (
  names: readonly string[],
  tensors: readonly Tensor[],
): Record<string, Tensor> =>
  Object.fromEntries(names.map((name, i) => [name, tensors[i]]));
