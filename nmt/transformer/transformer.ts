/** The Transformer: encoder and decoder stacks, and the hidden states that distillation reads. */
import type { Model } from "../../schemas/experiment/model.ts";
import type { Spec, Tensor, Tensors } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import {
  causalBias,
  crossAttention,
  type Dropout,
  feedForward,
  MAXIMUM_POSITIONS,
  type Observer,
  recurrentUnit,
  selfAttention,
  sinusoids,
  stackOutput,
} from "./layers.ts";
import type { Arrangement } from "./arrangement.ts";
import {
  paddingBias,
  rowsSymbol,
  type Side,
  type SideName,
  sideOf,
} from "./batch_inputs.ts";
import { embeddingNames } from "./parameters.ts";

export interface Stack {
  /** Output of the stack, after its final norm if it has one, [rows, d]. */
  readonly output: Tensor;
  /** Output of each layer, [rows, d]. */
  readonly layers: readonly Tensor[];
  /** Self-attention weights of each layer that has them, [batch, heads, time, time]. */
  readonly selfAttention: readonly Tensor[];
  readonly arrangement: Arrangement;
}

export interface Encoded extends Stack {
  /** Hides the source's padding from attention, [batch, 1, 1, source]. */
  readonly bias: Tensor;
}

export interface Decoded extends Stack {
  /** Cross-attention weights of each layer, [batch, heads, target, source]. */
  readonly crossAttention: readonly Tensor[];
}

/** Embeddings of a side's tokens, scaled by sqrt(d) unless the model says otherwise, plus positions: [rows, d]. */
function embed(
  model: Model,
  stack: "encoder" | "decoder",
  parameters: Tensors,
  { ids, positions }: Side,
): Tensor {
  const table = tf.tensor(sinusoids(model, MAXIMUM_POSITIONS), [
    MAXIMUM_POSITIONS,
    model.width,
  ]);
  const rows = tf.gather(
    parameters[embeddingNames(model)[stack]],
    ids as tf.Tensor1D,
  );
  return tf.add(
    scaledEmbedding(model, rows),
    tf.gather(table, positions as tf.Tensor1D),
  );
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

/** The logits of the decoder's output [target rows, d]. */
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

/** The encoder over the source side of a batch, of the inputs of `batchInputs`. */
export function encode(
  model: Model,
  parameters: Tensors,
  inputs: Tensors,
  dropout: Dropout,
  observe?: Observer,
): Encoded {
  const side = sideOf(inputs, "source");
  const bias = paddingBias(inputs);
  const { arrangement } = side;
  const setting = { model, parameters, arrangement, dropout, observe };
  let x = dropout("encoder", embed(model, "encoder", parameters, side));
  const layers: Tensor[] = [], maps: Tensor[] = [];
  for (let layer = 0; layer < model.encoderLayers; layer++) {
    const self = selfAttention(setting, `encoder.${layer}.self`, x, bias);
    x = feedForward(setting, `encoder.${layer}.feedForward`, self.output);
    layers.push(x);
    maps.push(self.attention);
  }
  return {
    output: stackOutput(model, parameters, "encoder", x),
    layers,
    selfAttention: maps,
    arrangement,
    bias,
  };
}

/** The decoder over the target side of a batch, whose sentences begin with the begin-of-sentence id. */
export function decode(
  model: Model,
  parameters: Tensors,
  inputs: Tensors,
  memory: Encoded,
  dropout: Dropout,
  observe?: Observer,
): Decoded {
  const side = sideOf(inputs, "target");
  const causal = causalBias(side.time);
  const { arrangement } = side;
  const setting = { model, parameters, arrangement, dropout, observe };
  let x = dropout("decoder", embed(model, "decoder", parameters, side));
  const layers: Tensor[] = [],
    selfMaps: Tensor[] = [],
    crossMaps: Tensor[] = [];
  for (let layer = 0; layer < model.decoderLayers; layer++) {
    if (model.autoregression === "ssru") {
      x = recurrentUnit(setting, `decoder.${layer}.cell`, x);
    } else {
      const self = selfAttention(setting, `decoder.${layer}.self`, x, causal);
      x = self.output;
      selfMaps.push(self.attention);
    }
    const cross = crossAttention(setting, `decoder.${layer}.cross`, x, memory);
    x = feedForward(setting, `decoder.${layer}.feedForward`, cross.output);
    layers.push(x);
    crossMaps.push(cross.attention);
  }
  return {
    output: stackOutput(model, parameters, "decoder", x),
    layers,
    selfAttention: selfMaps,
    crossAttention: crossMaps,
    arrangement,
  };
}

/** The inputs of a model's dropout masks, in the order in which they are drawn; each value is 0 or 1 / (1 - p). */
export function dropoutInputs(model: Model): Record<string, Spec> {
  if (model.dropout === 0) return {};
  const spec = (side: SideName): Spec => ({
    shape: [rowsSymbol(side), model.width],
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
  return (place, x) => tf.mul(x, inputs[`dropout ${place}`]);
}
