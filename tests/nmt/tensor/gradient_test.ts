/** Gradients through ops with a gradient of their own, on each runtime. */
import { assertRejects } from "@std/assert";
import { differentiable, gradients } from "../../../nmt/tensor/gradient.ts";
import type { Program, Tensors } from "../../../nmt/tensor/program.ts";
import { tf } from "../../../nmt/tensor/tfjs.ts";
import { RUNTIMES } from "./runtimes.ts";
import { assertTensors, f32, spec } from "./values.ts";

const inputs = { a: spec("float32", "n"), b: spec("float32", "n") };
const a = f32([1, 2]), b = f32([10, 20]);

const program = (build: (inputs: Tensors) => Tensors): Program => ({
  name: "gradient",
  inputs,
  build,
});

/** a * b + the sum of squares of a, whose gradient is said to be 1000 times what it is for b. */
const custom = program(({ a, b }) => {
  const { loss, gradients: found } = gradients(() => {
    const y = differentiable([a, b], ([a, b]) => ({
      value: tf.mul(a, b),
      saved: [a, b],
      gradient: (dy, [a, b]) => [tf.mul(dy, b), tf.mul(tf.mul(dy, a), 1000)],
    }));
    return tf.add(tf.sum(tf.mul(y, 2)), tf.sum(tf.square(a)));
  }, { a, b });
  return { loss, ofA: found.a, ofB: found.b };
});

for (const { name, load } of RUNTIMES) {
  Deno.test(`${name}: an op's own gradient is used, and added to what flows by other ways`, async () => {
    const executable = await (await load()).compile(custom, {
      threads: 1,
    });
    assertTensors(await executable.run({ a, b }), {
      loss: f32(2 * (10 + 40) + 1 + 4),
      ofA: f32([2 * 10 + 2, 2 * 20 + 4]),
      ofB: f32([2000, 4000]),
    });
    await executable.dispose();
  });

  Deno.test(`${name}: a parameter that the loss does not read is an error that names it`, async () => {
    const unread = program(({ a, b }) =>
      gradients(() => tf.sum(tf.square(a)), { a, unread: b }).gradients
    );
    await assertRejects(
      async () => {
        const executable = await (await load()).compile(unread);
        await executable.run({ a, b });
      },
      Error,
      "Cannot train unread: the loss does not read it",
    );
  });
}
