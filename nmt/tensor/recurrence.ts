/** A linear recurrence over time in a fixed number of passes, as a recorded program has no loop. */
import { differentiable } from "./gradient.ts";
import type { Tensor } from "./program.ts";
import { tf } from "./tfjs.ts";

/**
 * y_t = f_t y_(t-1) + u_t with y_(-1) = 0, of at most `longest` times; f, u and y are [batch, time, d].
 *
 * Each pass doubles how many times are summed up (Hillis and Steele 1986).
 */
export function linearRecurrence(
  f: Tensor,
  u: Tensor,
  longest: number,
): Tensor {
  return differentiable([f, u], ([f, u]) => {
    const value = scan(f, u, longest, later);
    return {
      value,
      saved: [f, value],
      gradient: (dy, [f, y]) => {
        // The gradient of u is a recurrence from the last time to the first, with the factor of the next time.
        const du = scan(earlier(f, 1), dy, longest, earlier);
        return [tf.mul(du, later(y, 1)), du];
      },
    };
  });
}

/** x [batch, time, d] at `by` times before (or after, if negative); zeros where there is none. */
type Shift = (x: Tensor, by: number) => Tensor;

function scan(f: Tensor, u: Tensor, longest: number, shift: Shift): Tensor {
  let factor = f, sum = u;
  for (let by = 1; by < longest; by *= 2) {
    sum = tf.add(sum, tf.mul(factor, shift(sum, by)));
    if (2 * by < longest) factor = tf.mul(factor, shift(factor, by));
  }
  return sum;
}

const later: Shift = (x, by) => tf.engine().runKernel(KERNEL, { x }, { by });
const earlier: Shift = (x, by) => later(x, -by);

/** A kernel of this name is in the table of what is recorded; here is what it is on the eager backend. */
const KERNEL = "ShiftInTime";

interface Attributes {
  readonly by: number;
}

tf.registerKernel({
  kernelName: KERNEL,
  backendName: "cpu",
  kernelFunc: ({ inputs: { x }, attrs, backend }) => {
    const { by } = attrs as unknown as Attributes;
    const kernels = backend as tf.KernelBackend;
    const { shape, dtype } = x as tf.TensorInfo;
    const [batch, time, width] = shape;
    const values = kernels.readSync(
      (x as tf.TensorInfo).dataId,
    ) as Float32Array;
    const shifted = new Float32Array(values.length);
    const kept = Math.max(0, time - Math.abs(by));
    const [from, to] = by > 0 ? [0, by] : [-by, 0];
    for (let row = 0; row < batch && kept > 0; row++) {
      const start = (row * time + from) * width;
      shifted.set(
        values.subarray(start, start + kept * width),
        (row * time + to) * width,
      );
    }
    return { dataId: kernels.write(shifted, shape, dtype), shape, dtype };
  },
});
