/** Gradients of a loss, and ops with a cheaper gradient than the chain rule gives. */
import type { Tensor, Tensors } from "./program.ts";
import { tf } from "./tfjs.ts";

export interface Differentiable {
  readonly value: Tensor;
  /** What the gradient reads. */
  readonly saved: readonly Tensor[];
  /** The gradient with respect to each input, given the gradient of the value. */
  readonly gradient: (dy: Tensor, saved: readonly Tensor[]) => Tensor[];
}

/** An op with a gradient of its own. */
export function differentiable(
  inputs: readonly Tensor[],
  forward: (inputs: readonly Tensor[]) => Differentiable,
): Tensor {
  const op = tf.customGrad((...args) => {
    const save = args.at(-1) as tf.GradSaveFunc;
    const { value, saved, gradient } = forward(args.slice(0, -1) as Tensor[]);
    save([...saved]);
    return {
      value,
      gradFunc: (dy: Tensor, kept: Tensor[]) => gradient(dy, kept),
    };
  });
  return op(...inputs);
}

export interface LossAndGradients {
  readonly loss: Tensor;
  readonly gradients: Tensors;
}

/** The gradient of a scalar loss with respect to each parameter. Fails, by name, where the loss reads none of one. */
export function gradients(
  loss: () => Tensor,
  parameters: Tensors,
): LossAndGradients {
  const names = Object.keys(parameters);
  const { value, grads } = tf.engine().gradients(
    loss,
    names.map((name) => parameters[name]),
    undefined,
    true,
  );
  return {
    loss: value,
    gradients: Object.fromEntries(names.map((name, index) => {
      const gradient = grads[index];
      if (gradient === null || gradient === undefined) {
        throw new Error(`Cannot train ${name}: the loss does not read it`);
      }
      return [name, gradient];
    })),
  };
}
