/** The losses of a model's output: label-smoothed cross entropy, soft targets. */
import { differentiable } from "../tensor/gradient.ts";
import type { Tensor } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import { product } from "../transformer/layers.ts";

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

/** What the output of a model is trained with: labels, the logits of a teacher, or both, each as its share of the loss. */
export interface Lesson {
  /** Weight of each row. */
  readonly weights: Tensor;
  readonly hard?: {
    /** The id that each row is to say. */
    readonly labels: Tensor;
    readonly smoothing: number;
    readonly share: number;
  };
  readonly soft?: {
    /** The teacher's, [rows, V]. */
    readonly logits: Tensor;
    readonly temperature: number;
    readonly share: number;
  };
}

export interface OutputLoss {
  /** hard.share * L_NLL + soft.share * L_KD. */
  readonly loss: Tensor;
  /** L_KD alone. */
  readonly softTargets?: Tensor;
}

/**
 * The losses of softmax(x E^T), where x [rows, d] is the final state and E [V, d] the embedding. Both share their products
 * of size [rows, V], forwards and backwards: what they say of the logits is added up before these.
 */
export function outputLoss(
  x: Tensor,
  embedding: Tensor,
  { weights, hard, soft }: Lesson,
): OutputLoss {
  let softTargets: Tensor | undefined;
  const loss = differentiable([x, embedding], ([x, embedding]) => {
    const logits = product(x, embedding, false, true);
    const probabilities = tf.softmax(logits);
    const labelled = hard &&
      crossEntropy(x, embedding, logits, probabilities, weights, hard);
    const taught = soft && divergence(logits, probabilities, weights, soft);
    softTargets = taught && tf.keep(taught.loss);
    const shares = [
      ...hard && labelled ? [tf.mul(labelled.loss, hard.share)] : [],
      ...soft && taught ? [tf.mul(taught.loss, soft.share)] : [],
    ];
    return {
      value: shares.reduce((sum, share) => tf.add(sum, share)),
      saved: [
        x,
        embedding,
        probabilities,
        ...labelled ? [labelled.expected] : [],
        ...taught ? [taught.guesses, taught.targets] : [],
      ],
      gradient: (dy, [x, embedding, probabilities, ...rest]) => {
        const expected = hard && rest[0];
        const [guesses, targets] = rest.slice(hard ? 1 : 0);
        const { error, factor } = soft
          ? mixedError(probabilities, guesses, targets, hard?.share ?? 0, soft)
          : { error: probabilities, factor: hard?.share ?? 0 };
        const scale = column(tf.mul(weights, tf.mul(dy, factor))); // [rows, 1]
        const scaled = tf.mul(x, scale);
        const dx = product(error, embedding);
        const dE = product(error, scaled, true);
        if (hard === undefined || expected === undefined) {
          return [tf.mul(scale, dx), dE];
        }
        const { smoothing, labels } = hard;
        const share = hard.share / factor;
        const [vocabulary] = embedding.shape as [number, number];
        const spread = tf.mul(
          tf.sum(scaled, 0, true),
          share * smoothing / vocabulary,
        );
        const picked = tf.unsortedSegmentSum(
          tf.mul(scaled, share * (smoothing - 1)),
          labels as tf.Tensor1D,
          vocabulary,
        );
        return [
          tf.mul(scale, tf.sub(dx, tf.mul(expected, share))),
          tf.add(tf.sub(dE, spread), picked),
        ];
      },
    };
  });
  return { loss, softTargets };
}

/**
 * L_NLL: sum over rows of weight * label-smoothed cross entropy (Szegedy et al. 2016).
 *
 * The smoothed target is (1 - s) one-hot + s / V everywhere. Both parts of its gradient have a low rank: `expected` are
 * the embeddings that the targets mean, [rows, d], so that nothing but the logits and their softmax is of size [rows, V].
 */
function crossEntropy(
  x: Tensor,
  embedding: Tensor,
  logits: Tensor,
  probabilities: Tensor,
  weights: Tensor,
  { labels, smoothing }: NonNullable<Lesson["hard"]>,
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
 * L_KD: sum over rows of weight * tau^2 * KL(softmax(teacher / tau) || softmax(student / tau)) (Hinton et al. 2015).
 *
 * A row's divergence is written as E[teacher - student] - (lse(teacher) - lse(student)), the mean under the teacher's
 * probabilities: three passes over [rows, V] in place of one for each factor of the textbook's form.
 */
function divergence(
  logits: Tensor,
  probabilities: Tensor,
  weights: Tensor,
  { logits: teacherLogits, temperature }: NonNullable<Lesson["soft"]>,
): {
  readonly loss: Tensor;
  readonly guesses: Tensor;
  readonly targets: Tensor;
} {
  const soften = (logits: Tensor) => tf.mul(logits, 1 / temperature);
  const student = soften(logits);
  const teacher = soften(teacherLogits);
  const guesses = temperature === 1 ? probabilities : tf.softmax(student);
  const targets = tf.softmax(teacher);
  const surplus = tf.sum(tf.mul(targets, tf.sub(teacher, student)), 1);
  const divergences = tf.sub(
    surplus,
    tf.sub(logSumExp(teacher, targets), logSumExp(student, guesses)),
  );
  const loss = tf.mul(tf.sum(tf.mul(weights, divergences)), temperature ** 2);
  return { loss, guesses, targets };
}

/** The part of the logits' gradient that is of size [rows, V]: `factor` times `error`, in as few passes as it takes. */
function mixedError(
  probabilities: Tensor,
  guesses: Tensor,
  targets: Tensor,
  hard: number,
  { share, temperature }: NonNullable<Lesson["soft"]>,
): { readonly error: Tensor; readonly factor: number } {
  const soft = share * temperature;
  if (hard === 0) return { error: tf.sub(guesses, targets), factor: soft };
  if (temperature === 1) {
    const factor = hard + soft;
    const error = tf.sub(probabilities, tf.mul(targets, soft / factor));
    return { error, factor };
  }
  const surplus = tf.mul(tf.sub(guesses, targets), soft / hard);
  return { error: tf.add(probabilities, surplus), factor: hard };
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
