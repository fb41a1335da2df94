/** Layers of a Transformer as functions of tensors: linear map, layer norm, attention, recurrent unit, feed-forward block. */
import type { Model } from "../../schemas/experiment/model.ts";
import { differentiable } from "../tensor/gradient.ts";
import { layerNormalization } from "../tensor/normalization.ts";
import type { Tensor, Tensors } from "../tensor/program.ts";
import { linearRecurrence } from "../tensor/recurrence.ts";
import { tf } from "../tensor/tfjs.ts";
import { type Arrangement, joinHeads } from "./arrangement.ts";
import { feedForwardMaps } from "./parameters.ts";

/** Dropout of the output of a named place. */
export type Dropout = (place: string, x: Tensor) => Tensor;

export const noDropout: Dropout = (_place, x) => x;

/** Added to the score of a hidden key. */
export const MASKED = -1e9;

/** The matrix product of two matrices, either transposed. */
export function product(
  a: Tensor,
  b: Tensor,
  transposeA = false,
  transposeB = false,
): Tensor {
  return tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D, transposeA, transposeB);
}

/** x W + b: [rows, in] to [rows, out]. */
export function linear(parameters: Tensors, name: string, x: Tensor): Tensor {
  return tf.add(
    product(x, parameters[`${name}.weight`]),
    parameters[`${name}.bias`],
  );
}

/** Layer normalisation over the features, [rows, d] to [rows, d]. */
export function layerNorm(
  { normEpsilon }: Pick<Model, "normEpsilon">,
  parameters: Tensors,
  name: string,
  x: Tensor,
): Tensor {
  const gain = parameters[`${name}.norm.gain`];
  const bias = parameters[`${name}.norm.bias`];
  return layerNormalization(x, gain, bias, normEpsilon);
}

/** x + dropout(f(norm(x))), or norm(x + dropout(f(x))) where norms come after; [rows, d] to [rows, d]. */
export function sublayer(
  { model, parameters, dropout }: Setting,
  name: string,
  x: Tensor,
  f: (x: Tensor) => Tensor,
): Tensor {
  const norm = (x: Tensor) => layerNorm(model, parameters, name, x);
  return model.norm === "pre"
    ? tf.add(x, dropout(name, f(norm(x))))
    : norm(tf.add(x, dropout(name, f(x))));
}

/** The output of a stack from that of its last layer: its norm, where the layers' norms come before. */
export function stackOutput(
  model: Model,
  parameters: Tensors,
  stack: "encoder" | "decoder",
  x: Tensor,
): Tensor {
  return model.norm === "pre" ? layerNorm(model, parameters, stack, x) : x;
}

/** Attention weights [batch, heads, queries, keys]; `bias` is added to the scores. */
function attentionWeights(
  query: Tensor,
  key: Tensor,
  bias: Tensor | undefined,
): Tensor {
  const scores = tf.matMul(
    tf.mul(query, (query.shape[3] ?? 1) ** -0.5),
    key,
    false,
    true,
  );
  return tf.softmax(bias === undefined ? scores : tf.add(scores, bias));
}

/** Scaled dot-product attention; `bias` is added to the scores [batch, heads, queries, keys]. */
export function attend(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  bias: Tensor | undefined,
): Tensor {
  return joinHeads(tf.matMul(attentionWeights(query, key, bias), value));
}

/** What the sublayers of a stack share. */
export interface Setting {
  readonly model: Model;
  readonly parameters: Tensors;
  readonly dropout: Dropout;
  readonly observe?: Observer;
}

/** The same for sublayers in which tokens read each other. */
export interface Arranged extends Setting {
  readonly arrangement: Arrangement;
}

/** Gets what a linear map behind an activation reads, [rows, features], by the name of the map. */
export type Observer = (map: string, activations: Tensor) => void;

/** The output of an attention block and its attention weights. */
export interface Attended {
  /** [rows, d]. */
  readonly output: Tensor;
  /** [batch, heads, queries, keys]. */
  readonly attention: Tensor;
}

/** The sublayer in which the positions x [rows, d] of a sentence attend to each other; `bias` hides some of them. */
export function selfAttention(
  setting: Arranged,
  name: string,
  x: Tensor,
  bias: Tensor,
): Attended {
  const { parameters, arrangement } = setting;
  return attended(setting, name, x, (x) => {
    const mapped = linear(parameters, `${name}.queryKeyValue`, x);
    const [query, key, value] = arrangement.split(mapped, 3);
    return { value, attention: attentionWeights(query, key, bias) };
  });
}

/** The encoder's output [source rows, d], how its rows are arranged, and the bias that hides padding. */
export interface Memory {
  readonly output: Tensor;
  readonly arrangement: Arrangement;
  readonly bias: Tensor;
}

/** The sublayer in which x attends to the source. */
export function crossAttention(
  setting: Arranged,
  name: string,
  x: Tensor,
  memory: Memory,
): Attended {
  const { parameters, arrangement } = setting;
  return attended(setting, name, x, (x) => {
    const [query] = arrangement.split(
      linear(parameters, `${name}.query`, x),
      1,
    );
    const [key, value] = memory.arrangement.split(
      linear(parameters, `${name}.keyValue`, memory.output),
      2,
    );
    return { value, attention: attentionWeights(query, key, memory.bias) };
  });
}

function attended(
  setting: Arranged,
  name: string,
  x: Tensor,
  weigh: (x: Tensor) => { readonly value: Tensor; readonly attention: Tensor },
): Attended {
  let attention = x;
  const output = sublayer(setting, name, x, (x) => {
    const weighed = weigh(x);
    attention = weighed.attention;
    const mixed = setting.arrangement.join(
      tf.matMul(attention, weighed.value),
    );
    return linear(setting.parameters, `${name}.output`, mixed);
  });
  return { output, attention };
}

/**
 * The sublayer of a simpler simple recurrent unit (Kim et al. 2019, "From Research to Production and Back", section 3.1):
 * c_t = f_t c_(t-1) + (1 - f_t) x_t W with f_t = sigmoid(x_t W_f + b_f), of which relu(c_t) comes out.
 */
export function recurrentUnit(
  setting: Arranged,
  name: string,
  x: Tensor,
): Tensor {
  const { parameters, arrangement } = setting;
  return sublayer(setting, name, x, (x) => {
    const { keep, added } = gated(linear(parameters, `${name}.inputForget`, x));
    const [f, u] = [keep, added].flatMap((part) => arrangement.split(part, 1));
    const [batch, heads, time, size] = f.shape as number[];
    const [f_t, u_t] = [f, u].map((part) =>
      tf.reshape(part, [batch * heads, time, size])
    );
    const state = linearRecurrence(f_t, u_t, MAXIMUM_POSITIONS);
    return relu(arrangement.join(tf.reshape(state, f.shape)));
  });
}

/** The next state of a recurrent unit, from x W and x W_f + b_f side by side, [rows, 2 d], and its state before. */
export function nextState(mapped: Tensor, before: Tensor): Tensor {
  const { keep, added } = gated(mapped);
  return tf.add(tf.mul(keep, before), added);
}

/** What a recurrent unit keeps of its state, f, and what it adds, (1 - f) x W; from x W and x W_f + b_f side by side. */
function gated(
  mapped: Tensor,
): Readonly<Record<"keep" | "added", Tensor>> {
  const [input, forget] = tf.split(mapped as tf.Tensor2D, 2, 1);
  const keep = tf.sigmoid(forget);
  return { keep, added: tf.mul(tf.sub(1, keep), input) };
}

/** max(x, 0), with a gradient that reads the output, so that the input need not be kept. */
function relu(x: Tensor): Tensor {
  return differentiable([x], ([x]) => {
    const value = tf.relu(x);
    return {
      value,
      saved: [value],
      gradient: (dy, [value]) => [tf.mul(tf.step(value), dy)],
    };
  });
}

/** The activation of a model's feed-forward blocks: max(x, 0), or x sigmoid(x) (Ramachandran et al. 2017). */
export function activation({ activation }: Model, x: Tensor): Tensor {
  return activation === "relu" ? relu(x) : tf.mul(x, tf.sigmoid(x));
}

/** The sublayer of linear maps with an activation between any two, each of which `observe` gets. */
export function feedForward(setting: Setting, name: string, x: Tensor): Tensor {
  const { model, parameters, observe } = setting;
  const activated = (map: string, x: Tensor) => {
    const activations = activation(model, x);
    observe?.(`${name}.${map}`, activations);
    return activations;
  };
  return sublayer(setting, name, x, (x) =>
    feedForwardMaps(model).reduce(
      (x, map, i) =>
        linear(
          parameters,
          `${name}.${map}`,
          i === 0 ? x : activated(map, x),
        ),
      x,
    ));
}

/** Biases [time, time] that hide later positions. */
export function causalBias(time: number): Tensor {
  const all = Int32Array.from(
    { length: MAXIMUM_POSITIONS },
    (_, position) => position,
  );
  const positions = tf.slice(tf.tensor1d(all, "int32"), [0], [time]);
  const later = tf.less(
    tf.reshape(positions, [time, 1]),
    tf.reshape(positions, [1, time]),
  );
  return tf.mul(tf.cast(later, "float32"), MASKED);
}

/** Positions that a sentence may have, begin or end of sentence included. */
export const MAXIMUM_POSITIONS = 1024;

/**
 * Sinusoidal positions [count, d] (Vaswani et al. 2017, section 3.5): sines in the first half, cosines in the second.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sinusoids } from "./layers.ts";
 *
 * assertEquals([...sinusoids({ width: 4, positions: "original" }, 1)], [0, 0, 1, 1]);
 * ```
 */
export function sinusoids(
  model: Pick<Model, "width" | "positions">,
  count: number,
): Float32Array<ArrayBuffer> {
  const { width } = model;
  const table = new Float32Array(count * width);
  const half = width / 2;
  for (let j = 0; j < half; j++) {
    const period = positionPeriod(model, j);
    for (let position = 0; position < count; position++) {
      const angle = position / period;
      table[position * width + j] = Math.sin(angle);
      table[position * width + half + j] = Math.cos(angle);
    }
  }
  return table;
}

/** How many positions a radian of the wave of feature j of the sines, or of the cosines, takes. */
export function positionPeriod(
  { width, positions }: Pick<Model, "width" | "positions">,
  j: number,
): number {
  const half = width / 2;
  const last = positions === "original" ? half : Math.max(1, half - 1);
  return 10_000 ** (j / last);
}
