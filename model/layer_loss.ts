/** The loss of combined layers: student layers are to match what several layers of the teacher say together. */
import type { Distillation, LayerMap } from "../schemas/distillation.ts";
import type { Tensor, Tensors } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import { linear } from "./layers.ts";

/** Smallest norm that a state is divided by, squared. */
const TINY = 1e-12;

const unit = (x: Tensor) =>
  tf.mul(x, tf.rsqrt(tf.add(tf.sum(tf.square(x), 1, true), TINY)));

/** One side of L_enc + L_dec: which teacher layers each student layer is to match, and both models' states. */
export interface Side {
  readonly side: "encoder" | "decoder";
  readonly map: LayerMap;
  /** The student's layers, each [rows, d]. */
  readonly student: readonly Tensor[];
  /** The teacher's layer of a number counted from 1, [rows, teacher d]. */
  readonly teacher: (layer: number) => Tensor;
  /** Weight of each row. */
  readonly weights: Tensor;
}

/**
 * L_side: sum over student layers j and rows of weight * ||norm(C_j) - norm(W_j h_j + b_j)||^2 with C_j the
 * concatenation of the teacher layers M(j). Projected on the teacher's side, it is ||norm(W_j C_j + b_j) - norm(h_j)||^2.
 */
export function combinedLayers(
  parameters: Tensors,
  { side, map, student, teacher, weights }: Side,
  project: Distillation["project"],
): Tensor {
  const terms = map.map((layers, j) => {
    const joined = layers.length === 1
      ? teacher(layers[0])
      : tf.concat(layers.map(teacher), 1);
    const target = project === "teacher"
      ? linear(parameters, projection(side, j), joined)
      : joined;
    const matched = project === "student"
      ? linear(parameters, projection(side, j), student[j])
      : student[j];
    return tf.sum(
      tf.mul(
        weights,
        tf.sum(tf.square(tf.sub(unit(target), unit(matched))), 1),
      ),
    );
  });
  return terms.reduce((sum, term) => tf.add(sum, term));
}

/** Shapes of the maps W_j, b_j, which are trained with the student and not part of it. */
export function projectionShapes(
  distillation: Distillation,
  widths: { readonly student: number; readonly teacher: number },
): Record<string, readonly number[]> {
  const shapes: Record<string, readonly number[]> = {};
  if (distillation.project === "none") return shapes;
  for (const side of ["encoder", "decoder"] as const) {
    distillation[side].forEach((layers, j) => {
      const joined = layers.length * widths.teacher;
      const [from, to] = distillation.project === "student"
        ? [widths.student, joined]
        : [joined, widths.student];
      shapes[`${projection(side, j)}.weight`] = [from, to];
      shapes[`${projection(side, j)}.bias`] = [to];
    });
  }
  return shapes;
}

const projection = (side: string, j: number) => `projection.${side}.${j}`;
