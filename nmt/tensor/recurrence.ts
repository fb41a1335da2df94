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

const KERNEL = "ShiftInTime";

/** One kernel where programs are recorded, as the sum of a time and `by` is no size that a recording knows. */
const later: Shift = (x, by) => {
  if (tf.getKernel(KERNEL, tf.getBackend()) !== undefined) {
    return tf.engine().runKernel(KERNEL, { x }, { by });
  }
  const [batch, time, width] = x.shape as [number, number, number];
  const none = tf.zeros([batch, Math.abs(by), width]);
  const longer = tf.concat(by > 0 ? [none, x] : [x, none], 1);
  return tf.slice(longer, [0, Math.max(0, -by), 0], [batch, time, width]);
};
const earlier: Shift = (x, by) => later(x, -by);
