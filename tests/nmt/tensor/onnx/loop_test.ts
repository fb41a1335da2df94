/** A program repeated within one run: its state, its returned outputs, and its end. */
import { assertEquals, assertRejects } from "@std/assert";
import { compileLoop, type Loop } from "../../../../nmt/tensor/onnx/loop.ts";
import { loadRuntime } from "../../../../nmt/tensor/runtime.ts";
import { tf } from "../../../../nmt/tensor/tfjs.ts";

/** x, then x W + b and so on, of which all are kept, while the last sum is below a limit. */
const powers: Loop = {
  name: "powers",
  inputs: {
    x: { shape: [1, 2], dtype: "float32" },
    kept: { shape: ["count", 2], dtype: "float32" },
    W: { shape: [2, 2], dtype: "float32" },
    b: { shape: [2], dtype: "float32" },
    limit: { shape: [1], dtype: "float32" },
  },
  successors: ["count"],
  state: ["kept", "x"],
  returned: ["sum", "greatest"],
  build: ({ x, kept, W, b, limit }) => {
    const product = tf.matMul(x as tf.Tensor2D, W as tf.Tensor2D);
    const y = tf.add(product, b);
    const all = tf.concat([kept, x], 0);
    const sum = tf.reshape(tf.sum(y), [1]);
    return {
      "next x": y,
      "next kept": all,
      sum,
      greatest: tf.reshape(tf.max(all), [1]),
      going: tf.less(sum, limit),
    };
  },
};

const inputs = (limit: number) => ({
  x: { shape: [1, 2], data: Float32Array.of(1, 2) },
  kept: { shape: [0, 2], data: new Float32Array(0) },
  limit: { shape: [1], data: Float32Array.of(limit) },
});
const constants = {
  W: { shape: [2, 2], data: Float32Array.of(2, 0, 0, 3) },
  b: { shape: [2], data: Float32Array.of(1, -1) },
};

// (1, 2), (3, 5), (7, 14), (15, 41), (31, 122).
const SUMS = [8, 21, 56, 153], GREATEST = [2, 5, 14, 41];

Deno.test("a loop carries its state, grows it, and returns what each repetition says", async () => {
  await loadRuntime();
  const loop = await compileLoop(powers, { constants, threads: 1 });
  const { sum, greatest } = await loop.run(inputs(100), 10);
  assertEquals(sum, { shape: [4, 1], data: Float32Array.from(SUMS) });
  assertEquals([...greatest.data], GREATEST);
  // It can be run again, with as many repetitions as there happen to be.
  assertEquals([...(await loop.run(inputs(1), 10)).sum.data], [8]);
  await loop.dispose();
});

Deno.test("a loop stops after as many repetitions as it may have", async () => {
  await loadRuntime();
  const loop = await compileLoop(powers, { constants, threads: 1 });
  for (const most of [1, 3]) {
    const { sum } = await loop.run(inputs(1e9), most);
    assertEquals([...sum.data], SUMS.slice(0, most));
  }
  await loop.dispose();
});

Deno.test("a loop without one of its inputs fails and says which", async () => {
  await loadRuntime();
  const loop = await compileLoop(powers, { constants, threads: 1 });
  const { limit: _limit, ...rest } = inputs(1);
  await assertRejects(
    () => loop.run(rest, 1),
    Error,
    "Cannot run powers: input limit: expected shape [1], found none",
  );
  await loop.dispose();
});
