/** L_enc and L_dec: each student layer j against C_j, the teacher layers M(j) combined (Wu et al. 2020, section 2). */
import type {
  Distillation,
  LayerMap,
} from "../../schemas/experiment/distillation.ts";
import type { Tensor, Tensors } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import { linear } from "../transformer/layers.ts";
import { added } from "./weighted_sum.ts";

/** Added to the squared norm that a state is divided by the root of. */
const EPSILON = 1e-12;

/** Each row divided by its L2 norm, [rows, d]. */
const norm = (x: Tensor) =>
  tf.mul(x, tf.rsqrt(tf.add(tf.sum(tf.square(x), 1, true), EPSILON)));

/** The layers of one stack of both models. */
export interface StackLayers {
  readonly stack: "encoder" | "decoder";
  /** M: for each student layer, the teacher layers that are combined for it, counted from 1. */
  readonly M: LayerMap;
  /** The outputs of the student's layers, each [rows, d]. */
  readonly h_S: readonly Tensor[];
  /** The output of the teacher's layer i, counted from 1, [rows, teacher d]. */
  readonly h_T: (i: number) => Tensor;
  /** Weight of each row, [rows]; 0 for padding. */
  readonly weights: Tensor;
}

/**
 * The layer loss of a stack, a scalar: sum over student layers j and rows of weight * ||norm(C_j) - norm(W_j h_j + b_j)||^2.
 * Projected on the teacher's side it is ||norm(W_j C_j + b_j) - norm(h_j)||^2, without projection W_j is the identity.
 * With layers normalised, C_j is of sqrt(d) norm(h_T,i): each has as much of it, at the scale of a layer norm's output.
 */
export function layerLoss(
  parameters: Tensors,
  { stack, M, h_S, h_T, weights }: StackLayers,
  { combine, project, normalize }: Pick<
    Distillation,
    "combine" | "project" | "normalize"
  >,
): Tensor {
  const layer = normalize === "layers" ? (i: number) => scaled(h_T(i)) : h_T;
  return added(M.map((M_j, j) => {
    const W_j = (x: Tensor) => linear(parameters, projectionName(stack, j), x);
    const h_j = project === "student" ? W_j(h_S[j]) : h_S[j];
    const layers = M_j.map(layer);
    const combined = combine === "attention"
      ? attentionMean(h_j, layers)
      : concatenation(layers);
    const C_j = project === "teacher" ? W_j(combined) : combined;
    const distances = tf.sum(tf.square(tf.sub(norm(C_j), norm(h_j))), 1); // [rows]
    return tf.sum(tf.mul(weights, distances));
  }));
}

/** sqrt(d) norm(h) of each row, [rows, d]: its features have a root mean square of 1. */
const scaled = (h: Tensor) => tf.mul(norm(h), (h.shape[1] ?? 1) ** 0.5);

/** C_j of CKD: the layers' features side by side, each [rows, d] to [rows, layers * d]. */
const concatenation = (layers: readonly Tensor[]) =>
  layers.length === 1 ? layers[0] : tf.concat([...layers], 1);

/**
 * C_j of ALP-KD (Passban et al. 2021): sum over layers i of softmax_i(<h_S, h_T,i> / sqrt(d)) h_T,i at each row, where the
 * student's state h_S is the query; all are [rows, d].
 */
function attentionMean(query: Tensor, layers: readonly Tensor[]): Tensor {
  if (layers.length === 1) return layers[0];
  const q = tf.mul(query, (query.shape[1] ?? 1) ** -0.5);
  const scores = layers.map((layer) => tf.sum(tf.mul(q, layer), 1, true));
  const attention = tf.split(
    tf.softmax(tf.concat(scores, 1)), // [rows, layers]
    layers.length,
    1,
  );
  return added(layers.map((layer, i) => tf.mul(attention[i], layer)));
}

/** Shapes of W_j and b_j of both stacks. They are trained with the student and are not part of it. */
export function projectionShapes(
  { combine, project, ...maps }: Distillation,
  widths: { readonly student: number; readonly teacher: number },
): Record<string, readonly number[]> {
  const shapes: Record<string, readonly number[]> = {};
  if (project === "none") return shapes;
  for (const stack of ["encoder", "decoder"] as const) {
    maps[stack].forEach((M_j, j) => {
      const combined = widths.teacher *
        (combine === "attention" ? 1 : M_j.length);
      const [from, to] = project === "student"
        ? [widths.student, combined]
        : [combined, widths.student];
      shapes[`${projectionName(stack, j)}.weight`] = [from, to];
      shapes[`${projectionName(stack, j)}.bias`] = [to];
    });
  }
  return shapes;
}

const projectionName = (stack: string, j: number) => `projection.${stack}.${j}`;
