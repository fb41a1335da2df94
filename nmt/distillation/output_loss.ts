/** L_NLL and L_KD, the losses of a model's output: label-smoothed cross entropy and soft targets. */
import { differentiable } from "../tensor/gradient.ts";
import type { Tensor } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import { product } from "../transformer/layers.ts";
import type { Logits } from "../transformer/transformer.ts";
import { added } from "./weighted_sum.ts";

const column = (x: Tensor) => tf.reshape(x, [x.shape[0] ?? 0, 1]);

/** 1 / count of the positions whose id is not padding, and 0 elsewhere; ids and weights are [rows]. */
export function positionWeights(ids: Tensor, padding: number): Tensor {
  const real = tf.cast(
    tf.greater(ids, tf.scalar(padding, "int32")),
    "float32",
  );
  return tf.div(real, tf.sum(real));
}

/** log(sum(exp(logits))) of each row, from the softmax that the gradient needs too: without a further pass over [rows, V]. */
function logSumExp(logits: Tensor, probabilities: Tensor): Tensor {
  return tf.sub(tf.max(logits, 1), tf.log(tf.max(probabilities, 1)));
}

/** The terms that the output of a model is trained with, each with its weight in the loss; at least one. */
export interface OutputTerms {
  /** Weight of each row, [rows]; 0 for padding. */
  readonly weights: Tensor;
  readonly L_NLL?: {
    /** The reference id of each row, [rows]. */
    readonly labels: Tensor;
    readonly smoothing: number;
    readonly weight: number;
  };
  readonly L_KD?: {
    /** The teacher's, [rows, V]. */
    readonly logits: Tensor;
    /** tau. */
    readonly temperature: number;
    readonly weight: number;
  };
}

/** Scalars. */
export interface OutputLoss {
  /** L_NLL and L_KD, each times its weight. */
  readonly loss: Tensor;
  /** L_KD by itself, without its weight. */
  readonly L_KD?: Tensor;
}

/**
 * The losses of softmax(x E^T), where x [rows, d] is the final state and E [V, d] the output matrix. Both terms share the
 * products of size [rows, V], forward and backward: their gradients with respect to the logits are added up first.
 */
export function outputLoss(
  { x, E }: Logits,
  { weights, L_NLL, L_KD }: OutputTerms,
): OutputLoss {
  let distillation: Tensor | undefined;
  const loss = differentiable([x, E], ([x, embedding]) => {
    const logits = product(x, embedding, false, true);
    const probabilities = tf.softmax(logits);
    const hard = L_NLL &&
      crossEntropy(x, embedding, logits, probabilities, weights, L_NLL);
    const soft = L_KD && klDivergence(logits, probabilities, weights, L_KD);
    distillation = soft && tf.keep(soft.loss);
    return {
      value: added([
        ...L_NLL && hard ? [tf.mul(hard.loss, L_NLL.weight)] : [],
        ...L_KD && soft ? [tf.mul(soft.loss, L_KD.weight)] : [],
      ]),
      saved: [
        x,
        embedding,
        probabilities,
        ...hard ? [hard.expected] : [],
        ...soft ? [soft.student, soft.teacher] : [],
      ],
      gradient: (dy, [x, embedding, probabilities, ...rest]) => {
        const expected = L_NLL && rest[0];
        const [student, teacher] = rest.slice(L_NLL ? 1 : 0);
        const { error, factor } = L_KD
          ? mixedError(
            probabilities,
            student,
            teacher,
            L_NLL?.weight ?? 0,
            L_KD,
          )
          : { error: probabilities, factor: L_NLL?.weight ?? 0 };
        const scale = column(tf.mul(weights, tf.mul(dy, factor))); // [rows, 1]
        const scaled = tf.mul(x, scale);
        const dx = product(error, embedding);
        const dE = product(error, scaled, true);
        if (L_NLL === undefined || expected === undefined) {
          return [tf.mul(scale, dx), dE];
        }
        const { smoothing, labels } = L_NLL;
        const relative = L_NLL.weight / factor;
        const [vocabulary] = embedding.shape as [number, number];
        const uniform = tf.mul(
          tf.sum(scaled, 0, true),
          relative * smoothing / vocabulary,
        );
        const labelled = tf.unsortedSegmentSum(
          tf.mul(scaled, relative * (smoothing - 1)),
          labels as tf.Tensor1D,
          vocabulary,
        );
        return [
          tf.mul(scale, tf.sub(dx, tf.mul(expected, relative))),
          tf.add(tf.sub(dE, uniform), labelled),
        ];
      },
    };
  });
  return { loss, L_KD: distillation };
}

/**
 * L_NLL: sum over rows of weight * label-smoothed cross entropy (Szegedy et al. 2016).
 *
 * The smoothed target is (1 - s) one-hot + s / V everywhere. Both parts of its gradient have a low rank: `expected`
 * [rows, d] is the mean embedding under the target, so that only the logits and their softmax are of size [rows, V].
 */
function crossEntropy(
  x: Tensor,
  embedding: Tensor,
  logits: Tensor,
  probabilities: Tensor,
  weights: Tensor,
  { labels, smoothing }: NonNullable<OutputTerms["L_NLL"]>,
): { readonly loss: Tensor; readonly expected: Tensor } {
  const [vocabulary] = embedding.shape as [number, number];
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
  return { loss: tf.sum(tf.mul(weights, losses)), expected };
}

/**
 * L_KD: sum over rows of weight * tau^2 * KL(softmax(z_T / tau) || softmax(z_S / tau)) (Hinton et al. 2015), and both
 * softened distributions, [rows, V].
 *
 * The KL divergence of a row is E[z_T - z_S] - (lse(z_T) - lse(z_S)), the mean under the teacher's probabilities: three
 * passes over [rows, V] in place of one for each factor of the textbook's form.
 */
function klDivergence(
  logits: Tensor,
  probabilities: Tensor,
  weights: Tensor,
  { logits: teacherLogits, temperature }: NonNullable<OutputTerms["L_KD"]>,
): {
  readonly loss: Tensor;
  readonly student: Tensor;
  readonly teacher: Tensor;
} {
  const z_S = tf.mul(logits, 1 / temperature);
  const z_T = tf.mul(teacherLogits, 1 / temperature);
  const student = temperature === 1 ? probabilities : tf.softmax(z_S);
  const teacher = tf.softmax(z_T);
  const meanDifference = tf.sum(tf.mul(teacher, tf.sub(z_T, z_S)), 1);
  const divergences = tf.sub(
    meanDifference,
    tf.sub(logSumExp(z_T, teacher), logSumExp(z_S, student)),
  );
  const loss = tf.mul(tf.sum(tf.mul(weights, divergences)), temperature ** 2);
  return { loss, student, teacher };
}

/** The part of the logits' gradient that is of size [rows, V], as `factor` times `error`, in as few passes as possible. */
function mixedError(
  probabilities: Tensor,
  student: Tensor,
  teacher: Tensor,
  hard: number,
  { weight, temperature }: NonNullable<OutputTerms["L_KD"]>,
): { readonly error: Tensor; readonly factor: number } {
  const soft = weight * temperature;
  if (hard === 0) return { error: tf.sub(student, teacher), factor: soft };
  if (temperature === 1) {
    const factor = hard + soft;
    const error = tf.sub(probabilities, tf.mul(teacher, soft / factor));
    return { error, factor };
  }
  const softError = tf.mul(tf.sub(student, teacher), soft / hard);
  return { error: tf.add(probabilities, softError), factor: hard };
}

/** Sum over rows of weight * -log p(label): what perplexity is computed from. */
export function negativeLogLikelihood(
  { x, E }: Logits,
  labels: Tensor,
  weights: Tensor,
): Tensor {
  const logits = product(x, E, false, true);
  const labelRows = tf.gather(E, labels as tf.Tensor1D);
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
