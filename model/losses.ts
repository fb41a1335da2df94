/** The losses of training and distillation: label-smoothed cross entropy, soft targets, combined layers. */
import { differentiable } from "../tensor/gradient.ts";
import type { Tensor, Tensors } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import type { Distillation, LayerMap } from "../schemas/model.ts";
import { linear, product } from "./layers.ts";

/** Smallest norm that a state is divided by, squared. */
const TINY = 1e-12;

const column = (x: Tensor) => tf.reshape(x, [x.shape[0] ?? 0, 1]);

/** 1 / count of the positions whose id is not padding, and 0 elsewhere; ids [batch, time] to [batch * time]. */
export function positionWeights(ids: Tensor, padding: number): Tensor {
  const [batch, time] = ids.shape as [number, number];
  const real = tf.cast(
    tf.greater(tf.reshape(ids, [batch * time]), tf.scalar(padding, "int32")),
    "float32",
  );
  return tf.div(real, tf.sum(real));
}

/** log(sum(exp(logits))) of each row, from the softmax that the gradient needs anyway: no further pass over [rows, V]. */
function logSumExp(logits: Tensor, probabilities: Tensor): Tensor {
  return tf.sub(tf.max(logits, 1), tf.log(tf.max(probabilities, 1)));
}

/**
 * L_NLL: sum over rows of weight * label-smoothed cross entropy (Szegedy et al. 2016) of softmax(x E^T), where E
 * [V, d] is the embedding. x is [rows, d], labels and weights are [rows].
 *
 * The smoothed target is (1 - s) one-hot + s / V everywhere. Both parts of its gradient have a low rank and are
 * computed on rows of width d, so that nothing but the logits and their softmax is of size [rows, V].
 */
export function crossEntropy(
  x: Tensor,
  embedding: Tensor,
  labels: Tensor,
  weights: Tensor,
  smoothing: number,
): Tensor {
  const [vocabulary] = embedding.shape as [number, number];
  return differentiable([x, embedding], ([x, embedding]) => {
    const logits = product(x, embedding, false, true);
    const probabilities = tf.softmax(logits);
    const labelRows = tf.gather(embedding, labels as tf.Tensor1D);
    const meanRow = tf.mul(tf.sum(embedding, 0, true), 1 / vocabulary); // [1, d]
    const expected = tf.add(
      tf.mul(labelRows, 1 - smoothing),
      tf.mul(meanRow, smoothing),
    );
    const losses = tf.sub(
      logSumExp(logits, probabilities),
      tf.sum(tf.mul(x, expected), 1),
    );
    return {
      value: tf.sum(tf.mul(weights, losses)),
      saved: [x, embedding, probabilities, expected],
      gradient: (dy, [x, embedding, probabilities, expected]) => {
        const scale = column(tf.mul(weights, dy));
        const scaled = tf.mul(x, scale);
        const dx = tf.mul(
          scale,
          tf.sub(product(probabilities, embedding), expected),
        );
        const spread = tf.mul(tf.sum(scaled, 0, true), smoothing / vocabulary);
        const picked = tf.unsortedSegmentSum(
          tf.mul(scaled, smoothing - 1),
          labels as tf.Tensor1D,
          vocabulary,
        );
        return [
          dx,
          tf.add(tf.sub(product(probabilities, scaled, true), spread), picked),
        ];
      },
    };
  });
}

/** Sum over rows of weight * -log p(label): what perplexity is computed from. */
export function negativeLogLikelihood(
  x: Tensor,
  embedding: Tensor,
  labels: Tensor,
  weights: Tensor,
): Tensor {
  const logits = product(x, embedding, false, true);
  const labelRows = tf.gather(embedding, labels as tf.Tensor1D);
  return tf.sum(
    tf.mul(
      weights,
      tf.sub(
        logSumExp(logits, tf.softmax(logits)),
        tf.sum(tf.mul(x, labelRows), 1),
      ),
    ),
  );
}

/**
 * L_KD: sum over rows of weight * tau^2 * KL(softmax(teacher / tau) || softmax(student / tau)) (Hinton et al. 2015).
 * x [rows, d] is the student's final state, teacherLogits are [rows, V].
 *
 * A row's divergence is written as E[teacher - student] - (lse(teacher) - lse(student)), the mean under the teacher's
 * probabilities: three passes over [rows, V] in place of one for each factor of the textbook's form.
 */
export function softTargets(
  x: Tensor,
  embedding: Tensor,
  teacherLogits: Tensor,
  weights: Tensor,
  temperature: number,
): Tensor {
  return differentiable([x, embedding], ([x, embedding]) => {
    const soften = (logits: Tensor) => tf.mul(logits, 1 / temperature);
    const student = soften(product(x, embedding, false, true));
    const teacher = soften(teacherLogits);
    const guesses = tf.softmax(student);
    const targets = tf.softmax(teacher);
    const surplus = tf.sum(tf.mul(targets, tf.sub(teacher, student)), 1);
    const divergences = tf.sub(
      surplus,
      tf.sub(logSumExp(teacher, targets), logSumExp(student, guesses)),
    );
    return {
      value: tf.mul(tf.sum(tf.mul(weights, divergences)), temperature ** 2),
      saved: [x, embedding, guesses, targets],
      gradient: (dy, [x, embedding, guesses, targets]) => {
        const scale = column(tf.mul(weights, tf.mul(dy, temperature)));
        const error = tf.sub(guesses, targets);
        return [
          tf.mul(scale, product(error, embedding)),
          product(error, tf.mul(scale, x), true),
        ];
      },
    };
  });
}

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
