/** The Transformer: encoder and decoder stacks, and the hidden states that distillation reads. */
import type { Model } from "../../schemas/experiment/model.ts";
import { PAD } from "../../schemas/experiment/vocabulary.ts";
import type { Dim, Spec, Tensor, Tensors } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import {
  causalBias,
  crossAttention,
  type Dropout,
  feedForward,
  MAXIMUM_POSITIONS,
  type Observer,
  paddingBias,
  recurrentUnit,
  selfAttention,
  sinusoids,
  stackOutput,
} from "./layers.ts";
import { embeddingNames } from "./parameters.ts";

export interface Stack {
  /** Output of the stack, after its final norm if it has one, [batch * time, d]. */
  readonly output: Tensor;
  /** Output of each layer, [batch * time, d]. */
  readonly layers: readonly Tensor[];
  /** Self-attention weights of each layer that has them, [batch, heads, time, time]. */
  readonly selfAttention: readonly Tensor[];
}

export interface Encoded extends Stack {
  /** Hides the source's padding from attention, [batch, 1, 1, source]. */
  readonly bias: Tensor;
}

export interface Decoded extends Stack {
  /** Cross-attention weights of each layer, [batch, heads, target, source]. */
  readonly crossAttention: readonly Tensor[];
}

/** Embeddings, scaled by sqrt(d) unless the model says otherwise, plus positions: ids [batch, time] to [batch * time, d]. */
function embed(
  model: Model,
  stack: "encoder" | "decoder",
  parameters: Tensors,
  ids: Tensor,
): Tensor {
  const [batch, time] = ids.shape as [number, number];
  const { width } = model;
  const rows = tf.gather(
    parameters[embeddingNames(model)[stack]],
    tf.reshape(ids, [batch * time]) as tf.Tensor1D,
  );
  const table = tf.tensor(sinusoids(model, MAXIMUM_POSITIONS), [
    MAXIMUM_POSITIONS,
    width,
  ]);
  const positions = tf.slice(table, [0, 0], [time, width]);
  const sum = tf.add(
    tf.reshape(scaledEmbedding(model, rows), [batch, time, width]),
    positions,
  );
  return tf.reshape(sum, [batch * time, width]);
}

/** Rows of an embedding as they are added to positions. */
export function scaledEmbedding(
  { scaleEmbedding, width }: Model,
  rows: Tensor,
): Tensor {
  return scaleEmbedding ? tf.mul(rows, Math.sqrt(width)) : rows;
}

/** The logits x E^T as two factors, x [rows, d] and E [vocabulary, d]; a bias of the logits is one more feature of both. */
export interface Logits {
  readonly x: Tensor;
  readonly E: Tensor;
}

/** The logits of the decoder's output [batch * target, d]. */
export function logitsOf(
  model: Model,
  parameters: Tensors,
  output: Tensor,
): Logits {
  const E = parameters[embeddingNames(model).output];
  if (!model.outputBias) return { x: output, E };
  const bias = tf.reshape(parameters["output.bias"], [-1, 1]);
  return { x: withOne(output), E: tf.concat([E, bias], 1) };
}

/** Rows [rows, d] with 1 as one more feature, [rows, d + 1]. */
export function withOne(x: Tensor): Tensor {
  return tf.concat([x, tf.ones([x.shape[0] ?? 0, 1])], 1);
}

/** The encoder over source ids [batch, source]. */
export function encode(
  model: Model,
  parameters: Tensors,
  source: Tensor,
  dropout: Dropout,
  observe?: Observer,
): Encoded {
  const bias = paddingBias(source, PAD);
  const batch = source.shape[0] ?? 0;
  const places = { model, parameters, batch, dropout, observe };
  let x = dropout("encoder", embed(model, "encoder", parameters, source));
  const layers: Tensor[] = [], maps: Tensor[] = [];
  for (let layer = 0; layer < model.encoderLayers; layer++) {
    const self = selfAttention(places, `encoder.${layer}.self`, x, bias);
    x = feedForward(places, `encoder.${layer}.feedForward`, self.output);
    layers.push(x);
    maps.push(self.attention);
  }
  return {
    output: stackOutput(model, parameters, "encoder", x),
    layers,
    selfAttention: maps,
    bias,
  };
}

/** The decoder over target ids [batch, target], which begin with the begin-of-sentence id. */
export function decode(
  model: Model,
  parameters: Tensors,
  target: Tensor,
  memory: Encoded,
  dropout: Dropout,
  observe?: Observer,
): Decoded {
  const causal = causalBias(target.shape[1] ?? 0);
  const batch = target.shape[0] ?? 0;
  const places = { model, parameters, batch, dropout, observe };
  let x = dropout("decoder", embed(model, "decoder", parameters, target));
  const layers: Tensor[] = [],
    selfMaps: Tensor[] = [],
    crossMaps: Tensor[] = [];
  for (let layer = 0; layer < model.decoderLayers; layer++) {
    if (model.autoregression === "ssru") {
      x = recurrentUnit(places, `decoder.${layer}.cell`, x);
    } else {
      const self = selfAttention(places, `decoder.${layer}.self`, x, causal);
      x = self.output;
      selfMaps.push(self.attention);
    }
    const cross = crossAttention(
      places,
      `decoder.${layer}.cross`,
      x,
      memory.output,
      memory.bias,
    );
    x = feedForward(places, `decoder.${layer}.feedForward`, cross.output);
    layers.push(x);
    crossMaps.push(cross.attention);
  }
  return {
    output: stackOutput(model, parameters, "decoder", x),
    layers,
    selfAttention: selfMaps,
    crossAttention: crossMaps,
  };
}

/** The inputs of a model's dropout masks, in the order in which they are drawn; each value is 0 or 1 / (1 - p). */
export function dropoutInputs(model: Model): Record<string, Spec> {
  if (model.dropout === 0) return {};
  const spec = (time: Dim): Spec => ({
    shape: ["batch", time, model.width],
    dtype: "float32",
  });
  const inputs: Record<string, Spec> = { "dropout encoder": spec("source") };
  for (let layer = 0; layer < model.encoderLayers; layer++) {
    for (const part of ["self", "feedForward"]) {
      inputs[`dropout encoder.${layer}.${part}`] = spec("source");
    }
  }
  const first = model.autoregression === "ssru" ? "cell" : "self";
  inputs["dropout decoder"] = spec("target");
  for (let layer = 0; layer < model.decoderLayers; layer++) {
    for (const part of [first, "cross", "feedForward"]) {
      inputs[`dropout decoder.${layer}.${part}`] = spec("target");
    }
  }
  return inputs;
}

/** Dropout that multiplies with the masks among a program's inputs. */
export function maskedDropout(model: Model, inputs: Tensors): Dropout {
  if (model.dropout === 0) return (_place, x) => x;
  return (place, x) =>
    tf.mul(x, tf.reshape(inputs[`dropout ${place}`], x.shape));
}
