/** The loss of combined layers: student layers are to match what several layers of the teacher say together. */
import type {
  Distillation,
  LayerMap,
} from "../../schemas/experiment/distillation.ts";
import type { Tensor, Tensors } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import { linear } from "../transformer/layers.ts";

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
 * L_side: sum over student layers j and rows of weight * ||norm(C_j) - norm(W_j h_j + b_j)||^2 with C_j what the teacher
 * layers M(j) are combined to. Projected on the teacher's side, it is ||norm(W_j C_j + b_j) - norm(h_j)||^2.
 */
export function combinedLayers(
  parameters: Tensors,
  { side, map, student, teacher, weights }: Side,
  { combine, project }: Pick<Distillation, "combine" | "project">,
): Tensor {
  const terms = map.map((layers, j) => {
    const matched = project === "student"
      ? linear(parameters, projection(side, j), student[j])
      : student[j];
    const states = layers.map(teacher);
    const combined = combine === "attention"
      ? attended(matched, states)
      : concatenated(states);
    const target = project === "teacher"
      ? linear(parameters, projection(side, j), combined)
      : combined;
    return tf.sum(
      tf.mul(
        weights,
        tf.sum(tf.square(tf.sub(unit(target), unit(matched))), 1),
      ),
    );
  });
  return terms.reduce((sum, term) => tf.add(sum, term));
}

/** C of CKD: the layers' features side by side, each [rows, d] to [rows, layers * d]. */
const concatenated = (states: readonly Tensor[]) =>
  states.length === 1 ? states[0] : tf.concat([...states], 1);

/**
 * C of ALP-KD (Passban et al. 2021): sum over layers i of softmax_i(<query, h_i> / sqrt(d)) h_i at each row, where the
 * query is what the student says there; all are [rows, d].
 */
function attended(query: Tensor, states: readonly Tensor[]): Tensor {
  if (states.length === 1) return states[0];
  const scaled = tf.mul(query, (query.shape[1] ?? 1) ** -0.5);
  const scores = states.map((state) => tf.sum(tf.mul(scaled, state), 1, true));
  const shares = tf.split(
    tf.softmax(tf.concat(scores, 1)), // [rows, layers]
    states.length,
    1,
  );
  return states.map((state, i) => tf.mul(shares[i], state))
    .reduce((sum, term) => tf.add(sum, term));
}

/** Shapes of the maps W_j, b_j, which are trained with the student and not part of it. */
export function projectionShapes(
  { combine, project, ...maps }: Distillation,
  widths: { readonly student: number; readonly teacher: number },
): Record<string, readonly number[]> {
  const shapes: Record<string, readonly number[]> = {};
  if (project === "none") return shapes;
  for (const side of ["encoder", "decoder"] as const) {
    maps[side].forEach((layers, j) => {
      const joined = widths.teacher *
        (combine === "attention" ? 1 : layers.length);
      const [from, to] = project === "student"
        ? [widths.student, joined]
        : [joined, widths.student];
      shapes[`${projection(side, j)}.weight`] = [from, to];
      shapes[`${projection(side, j)}.bias`] = [to];
    });
  }
  return shapes;
}

const projection = (side: string, j: number) => `projection.${side}.${j}`;
