/** A loss as a weighted sum of terms, written down before any term is computed. */
import type { Tensor } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";

/**
 * A sum of terms. Those of the model's output are coefficients, as `outputLoss` computes both at once; the others are
 * computed when their value is asked for, and not at all where their weight is 0.
 */
export interface Sum {
  readonly L_KD: number;
  readonly L_NLL: number;
  readonly others?: () => Tensor;
}

const ZERO: Sum = { L_KD: 0, L_NLL: 0 };

/** The two terms of the model's output. */
export const L_KD: Sum = { ...ZERO, L_KD: 1 };
export const L_NLL: Sum = { ...ZERO, L_NLL: 1 };

/** A term of a scalar for each of some parts; nothing where there are none. */
export function term<Part>(
  parts: readonly Part[],
  loss: (part: Part) => Tensor,
): Sum {
  if (parts.length === 0) return ZERO;
  let value: Tensor | undefined;
  return { ...ZERO, others: () => value ??= added(parts.map(loss)) };
}

/** weight * sum. */
export function times(weight: number, { L_KD, L_NLL, others }: Sum): Sum {
  if (weight === 0) return ZERO;
  if (weight === 1) return { L_KD, L_NLL, others };
  return {
    L_KD: weight * L_KD,
    L_NLL: weight * L_NLL,
    others: others && (() => tf.mul(others(), weight)),
  };
}

/** The sum of sums. */
export function plus(...sums: readonly Sum[]): Sum {
  const others = sums.flatMap(({ others }) => others ?? []);
  return {
    L_KD: sums.reduce((total, { L_KD }) => total + L_KD, 0),
    L_NLL: sums.reduce((total, { L_NLL }) => total + L_NLL, 0),
    others: others.length === 0
      ? undefined
      : () => added(others.map((value) => value())),
  };
}

/** The sum of some scalars, of which there is at least one. */
export function added(scalars: readonly Tensor[]): Tensor {
  return scalars.reduce((sum, scalar) => tf.add(sum, scalar));
}
