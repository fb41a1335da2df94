/** Adam (Kingma and Ba 2015) and the schedules of its learning rate. */
import { inputError } from "../../base/input_error.ts";
import type { Training } from "../../schemas/experiment/model.ts";
import type { Tensor, Tensors } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";

/**
 * Rate of a step counted from 1: factor * d^-0.5 * min(step^-0.5, step * warmup^-1.5) (Vaswani et al. 2017, eq. 3).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { noam } from "./optimizer.ts";
 *
 * const schedule = { factor: 2, warmup: 100 };
 * assertEquals(noam(schedule, 400, 100).toFixed(4), "0.0100");
 * assertEquals(noam(schedule, 400, 400).toFixed(4), "0.0050");
 * ```
 */
export function noam(
  training: Pick<Training, "factor" | "warmup">,
  width: number,
  step: number,
): number {
  return training.factor * width ** -0.5 *
    Math.min(step ** -0.5, step * training.warmup ** -1.5);
}

/** The rate of a step counted from 1: Noam's, or the constant one after its warmup; less in the cooldown. */
export function rateOf(
  training: Training,
  width: number,
  step: number,
): number {
  const { steps, rate, warmup, cooldown } = training;
  const risen = rate === undefined
    ? noam(training, width, step)
    : rate * Math.min(1, step / warmup);
  if (cooldown === undefined) return risen;
  return risen * Math.min(1, (steps - step + 1) / (cooldown + 1));
}

/** The input error of a training whose loss is no longer a number: which of its settings to change. */
export function diverged({ rate }: Training, where: string): Error {
  const setting = rate === undefined ? "factor" : "rate";
  return inputError(
    `Training diverged at ${where}: the loss is not a finite number; lower "training.${setting}", raise "training.warmup", or set "training.clipNorm".`,
  );
}

/** A parameter with its two moments. */
export interface Moments {
  readonly weight: Tensor;
  readonly first: Tensor;
  readonly second: Tensor;
}

/**
 * The rate and epsilon of Adam at a step counted from 1. The moments are plain decaying sums, m = beta1 * m + g and
 * v = beta2 * v + g^2; their scale and the bias corrections are in these two numbers, and the update is
 * rate * m / (sqrt(v) + epsilon).
 */
export function stepSizes(
  training: Training,
  rate: number,
  step: number,
): { rate: number; epsilon: number } {
  const first = (1 - training.beta1) / (1 - training.beta1 ** step);
  const second = Math.sqrt((1 - training.beta2 ** step) / (1 - training.beta2));
  return { rate: rate * first * second, epsilon: training.epsilon * second };
}

/** One update of every parameter; `rate` and `epsilon` are scalars from `stepSizes`. */
export function adam(
  training: Training,
  state: Readonly<Record<string, Moments>>,
  gradients: Tensors,
  rate: Tensor,
  epsilon: Tensor,
): Record<string, Moments> {
  const squares = Object.fromEntries(
    Object.entries(gradients).map(([name, g]) => [name, tf.square(g)]),
  );
  const scale = training.clipNorm > 0
    ? clipScale(Object.values(squares), training.clipNorm)
    : undefined;
  return Object.fromEntries(
    Object.entries(state).map(([name, { weight, first, second }]) => {
      const gradient = scale === undefined
        ? gradients[name]
        : tf.mul(gradients[name], scale);
      const square = scale === undefined
        ? squares[name]
        : tf.mul(squares[name], tf.square(scale));
      const m = tf.add(tf.mul(first, training.beta1), gradient);
      const v = tf.add(tf.mul(second, training.beta2), square);
      const step = tf.div(tf.mul(m, rate), tf.add(tf.sqrt(v), epsilon));
      return [name, { weight: tf.sub(weight, step), first: m, second: v }];
    }),
  );
}

/** min(1, limit / ||all gradients||). */
function clipScale(squares: readonly Tensor[], limit: number): Tensor {
  const total = squares.map((square) => tf.sum(square)).reduce((sum, square) =>
    tf.add(sum, square)
  );
  return tf.minimum(
    tf.scalar(1),
    tf.div(tf.scalar(limit), tf.add(tf.sqrt(total), tf.scalar(1e-6))),
  );
}
