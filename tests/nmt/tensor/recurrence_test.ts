/** The recurrence over time and its gradient against plain numbers. */
import { tf } from "../../../nmt/tensor/tfjs.ts";
import { linearRecurrence } from "../../../nmt/tensor/recurrence.ts";
import { assertAgrees, drawn } from "../fixtures/agreement.ts";

for (const time of [1, 2, 7]) {
  Deno.test(`a recurrence of ${time} times and its gradient agree with plain numbers`, () => {
    const batch = 2, width = 3;
    return assertAgrees(
      {
        ...time === 1 ? {} : { f: drawn(1, batch, time, width) },
        u: drawn(2, batch, time, width),
        coefficients: drawn(3, batch, time, width),
      },
      ["coefficients"],
      ({ u, coefficients, f = u }) =>
        tf.sum(tf.mul(coefficients, linearRecurrence(f, u, 8))),
      (n) => {
        const u = n.vector("u"), coefficients = n.vector("coefficients");
        const f = time === 1 ? u : n.vector("f");
        const y: number[] = [];
        let sum = 0;
        for (let i = 0; i < u.length; i++) {
          const isFirst = Math.floor(i / width) % time === 0;
          y[i] = u[i] + (isFirst ? 0 : f[i] * y[i - width]);
          sum += coefficients[i] * y[i];
        }
        return sum;
      },
    );
  });
}
