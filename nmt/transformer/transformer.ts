/** The pre-norm Transformer: encoder and decoder stacks, and the hidden states that distillation reads. */
import type { Model } from "../../schemas/experiment/model.ts";
import { PAD } from "../../schemas/experiment/vocabulary.ts";
import type { Dim, Spec, Tensor, Tensors } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import {
  causalBias,
  crossAttention,
  type Dropout,
  feedForward,
  layerNorm,
  MAXIMUM_POSITIONS,
  paddingBias,
  selfAttention,
  sinusoids,
} from "./layers.ts";

export interface Stack {
  /** Output of the stack after its final norm, [batch * time, d]. */
  readonly output: Tensor;
  /** Output of each layer before the final norm, [batch * time, d]. */
  readonly layers: readonly Tensor[];
  /** Self-attention weights of each layer, [batch, heads, time, time]. */
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

/** Embeddings scaled by sqrt(d) plus positions: ids [batch, time] to [batch * time, d]. */
export function embed(parameters: Tensors, ids: Tensor): Tensor {
  const [batch, time] = ids.shape as [number, number];
  const width = parameters.embedding.shape[1] ?? 0;
  const rows = tf.gather(
    parameters.embedding,
    tf.reshape(ids, [batch * time]) as tf.Tensor1D,
  );
  const table = tf.tensor(sinusoids(MAXIMUM_POSITIONS, width), [
    MAXIMUM_POSITIONS,
    width,
  ]);
  const positions = tf.slice(table, [0, 0], [time, width]);
  const sum = tf.add(
    tf.reshape(tf.mul(rows, Math.sqrt(width)), [batch, time, width]),
    positions,
  );
  return tf.reshape(sum, [batch * time, width]);
}

/** The encoder over source ids [batch, source]. */
export function encode(
  model: Model,
  parameters: Tensors,
  source: Tensor,
  dropout: Dropout,
): Encoded {
  const bias = paddingBias(source, PAD);
  const places = {
    parameters,
    heads: model.heads,
    batch: source.shape[0] ?? 0,
    dropout,
  };
  let x = dropout("encoder", embed(parameters, source));
  const layers: Tensor[] = [], maps: Tensor[] = [];
  for (let layer = 0; layer < model.encoderLayers; layer++) {
    const self = selfAttention(places, `encoder.${layer}.self`, x, bias);
    x = feedForward(places, `encoder.${layer}.feedForward`, self.output);
    layers.push(x);
    maps.push(self.attention);
  }
  return {
    output: layerNorm(parameters, "encoder", x),
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
): Decoded {
  const causal = causalBias(target.shape[1] ?? 0);
  const places = {
    parameters,
    heads: model.heads,
    batch: target.shape[0] ?? 0,
    dropout,
  };
  let x = dropout("decoder", embed(parameters, target));
  const layers: Tensor[] = [],
    selfMaps: Tensor[] = [],
    crossMaps: Tensor[] = [];
  for (let layer = 0; layer < model.decoderLayers; layer++) {
    const self = selfAttention(places, `decoder.${layer}.self`, x, causal);
    const cross = crossAttention(
      places,
      `decoder.${layer}.cross`,
      self.output,
      memory.output,
      memory.bias,
    );
    x = feedForward(places, `decoder.${layer}.feedForward`, cross.output);
    layers.push(x);
    selfMaps.push(self.attention);
    crossMaps.push(cross.attention);
  }
  return {
    output: layerNorm(parameters, "decoder", x),
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
  inputs["dropout decoder"] = spec("target");
  for (let layer = 0; layer < model.decoderLayers; layer++) {
    for (const part of ["self", "cross", "feedForward"]) {
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
