/** Recording: programs that cannot be right at every size are refused, and recordings are small and repeatable. */
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { encodeModel } from "../../../../nmt/tensor/onnx/model_bytes.ts";
import type { Program, Spec, Tensors } from "../../../../nmt/tensor/program.ts";
import { loadRuntime } from "../../../../nmt/tensor/runtime.ts";
import {
  chooseSymbols,
  factor,
} from "../../../../nmt/tensor/onnx/symbolic_sizes.ts";
import { tf } from "../../../../nmt/tensor/tfjs.ts";
import { record } from "../../../../nmt/tensor/onnx/trace.ts";
import { i32, spec } from "../values.ts";

await tf.setBackend("cpu");

const program = (
  inputs: Readonly<Record<string, Spec>>,
  build: Program["build"],
  successors?: readonly string[],
): Program => ({ name: "test", inputs, build, successors });

const x = { x: spec("float32", "n", 4) };

Deno.test("a kernel that is not in the table is refused by its name", () => {
  assertThrows(
    () => record(program(x, ({ x }) => ({ y: tf.cumsum(x, 0) }))),
    Error,
    "Cumsum",
  );
  assertEquals(tf.getBackend(), "cpu", "the backend is as it was before");
  assertEquals(
    record(program(x, ({ x }) => ({ y: tf.exp(x) }))).nodes.map(({ op }) => op),
    ["Exp"],
    "the failed recording left nothing behind",
  );
});

const fifty = Array.from({ length: 50 }, (_, i) => i);

const REFUSED: Readonly<Record<string, readonly [Program["build"], string]>> = {
  "a mean over a size that changes": [
    ({ x }) => ({ y: tf.mean(x) }),
    "Cannot record a mean over a size that changes",
  ],
  "a division by a size that changes": [
    ({ x }, { n }) => ({ y: tf.div(tf.sum(x), n) }),
    "derived from a size that changes",
  ],
  "a multiple of a size that changes as a number": [
    ({ x }, { n }) => ({ y: tf.add(x, tf.scalar(3 * n)) }),
    "derived from a size that changes",
  ],
  "data of a size that changes which is not all one number": [
    (_, { n }) => ({ y: tf.tensor1d(Array.from({ length: n }, (_, i) => i)) }),
    "Cannot record a constant of shape [37]",
  ],
  "a slice that begins at a size that changes": [
    (_, { n }) => ({ y: tf.slice(tf.tensor1d(fifty), [n], [2]) }),
    "Cannot record a slice that begins at a size that changes",
  ],
  "a size that changes from the second on": [
    (_, { n }) => ({ y: tf.slice(tf.tensor1d(fifty), [1], [n]) }),
    "Cannot record a size of 1 + 37",
  ],
  "one more than a size that changes and is not declared to have a successor": [
    ({ x }) => ({ y: tf.concat([x, tf.ones([1, 4])], 0) }),
    "Cannot record a size of 37 + 1",
  ],
  "padding by a size that changes": [
    ({ x }, { n }) => ({ y: tf.pad(x, [[0, 0], [n, 0]]) }),
    "Cannot record a padding by a size that changes",
  ],
  "the gradient of a slice to a size that changes": [
    (_, { n }) => ({
      y: tf.grad((table) => tf.sum(tf.slice(table, [0, 0], [n, 4])))(
        tf.zeros([50, 4]),
      ),
    }),
    "Cannot record a size of 37 + 13",
  ],
  "a floor division of fractions": [
    ({ x }) => ({ y: tf.floorDiv(x, tf.scalar(2)) }),
    "Cannot record a floor division",
  ],
  "a remainder of fractions": [
    ({ x }) => ({ y: tf.mod(x, tf.scalar(2)) }),
    "Cannot record a remainder",
  ],
  "a step with a slope": [
    ({ x }) => ({ y: tf.step(x, 0.5) }),
    "Cannot record a step",
  ],
  "the numbers of a tensor": [
    ({ x }) => ({ y: tf.scalar(x.dataSync()[0]) }),
    "Cannot read a tensor while a program is recorded",
  ],
  "an output that is named like an input": [
    ({ x }) => ({ x: tf.exp(x) }),
    "Cannot record output x: an input has its name",
  ],
};

for (const [what, [build, message]] of Object.entries(REFUSED)) {
  Deno.test(`${what}: refused, since a stand-in would end up in the result`, () => {
    assertThrows(() => record(program(x, build)), Error, message);
  });
}

Deno.test("equal programs give equal bytes, and a change of one number other ones", () => {
  const make = (number: number) =>
    program({ ...x, w: spec("float32", 4, 4) }, ({ x, w }, { n }): Tensors => {
      const loss = (w: tf.Tensor) =>
        tf.sum(
          tf.mul(
            tf.relu(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D)),
            number,
          ),
        );
      return { gradient: tf.grad(loss)(w), ones: tf.ones([n, 2]) };
    });
  const bytes = (number: number) =>
    encodeModel(record(make(number)), "test").toString();
  const first = bytes(2);
  const other = bytes(3);
  assertEquals(bytes(2), first);
  assertNotEquals(other, first);
});

Deno.test("equal expressions are computed once, and what no output needs is not computed", () => {
  const { nodes, initializers } = record(program(x, ({ x }) => {
    tf.sqrt(tf.mul(x, 7));
    const once = tf.exp(tf.mul(x, 5));
    const again = tf.exp(tf.mul(x, 5));
    return { y: tf.add(once, again), copy: tf.exp(tf.mul(x, 5)) };
  }));
  const count = (name: string) => nodes.filter(({ op }) => op === name).length;
  assertEquals([count("Exp"), count("Mul"), count("Add"), count("Sqrt")], [
    1,
    1,
    1,
    0,
  ]);
  assertEquals(nodes.length, 3, "an output costs no copy");
  assertEquals(initializers.length, 1);
});

Deno.test("a broadcast of one number, and the gradient of a sum, are never laid out", () => {
  const { nodes } = record(program(x, ({ x }) => ({
    y: tf.grad((x) => tf.sum(tf.square(x)))(x),
    z: tf.mul(x, tf.reshape(tf.fill([4], 3), [1, 4])),
  })));
  const ops = nodes.map(({ op }) => op);
  assert(!ops.includes("Expand") && !ops.includes("Tile"), ops.join());
});

Deno.test("the gradient of a lookup adds rows in order, never by the op that races on them", () => {
  const inputs = { table: spec("float32", 9, 4), ids: spec("int32", "n") };
  const ops = record(program(inputs, ({ table, ids }) => ({
    y: tf.grad((table) =>
      tf.sum(tf.square(tf.gather(table, ids as tf.Tensor1D)))
    )(table),
  }))).nodes.map(({ op }) => op);
  assert(ops.includes("ScatterElements") && !ops.includes("ScatterND"));
});

Deno.test("rows that are added under the same id on two threads add up in each of 50 runs", async () => {
  const rows = 6000, width = 64, segments = 7;
  const executable = await (await loadRuntime()).compile(
    program(
      { rows: spec("float32", "n", width), ids: spec("int32", "n") },
      ({ rows, ids }) => ({
        sums: tf.unsortedSegmentSum(rows, ids as tf.Tensor1D, segments),
      }),
    ),
    { threads: 2 },
  );
  const ids = Array.from({ length: rows }, (_, row) => (row * 5) % segments);
  const expected = new Float32Array(segments * width);
  const data = new Float32Array(rows * width);
  for (let i = 0; i < data.length; i++) {
    data[i] = i % 11 - 5;
    expected[ids[Math.floor(i / width)] * width + i % width] += data[i];
  }
  for (let run = 0; run < 50; run++) {
    const { sums } = await executable.run({
      rows: { shape: [rows, width], data },
      ids: i32(ids),
    });
    assertEquals(sums.data, expected, `run ${run}`);
  }
  await executable.dispose();
});

Deno.test("a static size with the prime of an even stand-in does not look like it when doubled", () => {
  const symbols = chooseSymbols({
    inputs: {
      cache: spec("float32", "past", 3),
      table: spec("float32", 23, 4),
    },
    successors: ["past"],
  });
  assertEquals(factor(23 * 4, symbols), { coefficient: 92, symbols: [] });
});

Deno.test("a static size with a column of ones for a bias does not look like a stand-in", () => {
  const symbols = chooseSymbols({
    inputs: { rows: spec("float32", "batch", 36), ids: spec("int32", "n", 40) },
  });
  for (const size of [37, 41]) {
    assertEquals(factor(size, symbols), { coefficient: size, symbols: [] });
  }
});

Deno.test("static sizes that leave no stand-in are refused", () => {
  const primes = "37 41 43 53 61 67 71 73 79 97 101 103 109 113 127"
    .split(" ").map(Number);
  assertThrows(
    () =>
      chooseSymbols({
        inputs: { all: spec("float32", ...primes), x: spec("float32", "n") },
      }),
    Error,
    "Cannot stand in for size n",
  );
});

Deno.test("a program can be recorded in a process that has set no backend", async () => {
  const module = (path: string) =>
    JSON.stringify(
      new URL(`../../../../nmt/tensor/${path}`, import.meta.url).href,
    );
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `import { record } from ${module("onnx/trace.ts")};
       import { tf } from ${module("tfjs.ts")};
       const inputs = { x: { shape: ["n"], dtype: "float32" } };
       const build = ({ x }) => ({ y: tf.exp(x) });
       console.log(record({ name: "first", inputs, build }).nodes[0].op);`,
    ],
    cwd: new URL("../../../..", import.meta.url),
    stdout: "piped",
    stderr: "piped",
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  assertStringIncludes(new TextDecoder().decode(stdout), "Exp");
});
