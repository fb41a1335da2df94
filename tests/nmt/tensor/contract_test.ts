/** What every runtime promises of a compiled program, beyond the kernels: shapes, types, buffers, constants, errors. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type CompileOptions,
  type Executable,
  isOnHost,
  type Program,
} from "../../../nmt/tensor/program.ts";
import { tf } from "../../../nmt/tensor/tfjs.ts";
import { RUNTIMES } from "./runtimes.ts";
import { assertTensors, f32, i32, spec, tensor } from "./values.ts";

/** Row sums of x, each plus the weight of its row, and their total. */
const sums: Program = {
  name: "sums",
  inputs: {
    x: spec("float32", "rows", "columns"),
    weights: spec("float32", "rows"),
    scale: spec("float32", 2),
  },
  build: ({ x, weights, scale }) => {
    const y = tf.add(tf.sum(x, 1), weights);
    return {
      y,
      scaled: tf.mul(tf.expandDims(y, 1), scale),
      total: tf.sum(y),
    };
  },
};

/** A moving sum that reads each element of `state` before it writes it. */
const moving: Program = {
  name: "moving",
  inputs: { state: spec("float32", "n"), x: spec("float32", "n") },
  build: ({ state, x }) => ({
    next: tf.add(tf.mul(state, 0.5), x),
    doubled: tf.mul(x, 2),
  }),
};

const narrow: Program = {
  name: "narrow",
  inputs: {
    half: spec("float16", "n"),
    byte: spec("uint8", "n"),
    signed: spec("int8", "n"),
    many: spec("float16", 100),
  },
  outputTypes: {
    triple: "float16",
    successor: "uint8",
    negative: "int8",
    integer: "int32",
  },
  build: ({ half, byte, signed, many }) => ({
    triple: tf.mul(half, 3),
    successor: tf.add(byte, 1),
    negative: tf.neg(signed),
    wide: tf.mul(half, byte),
    integer: byte,
    positive: tf.greater(half, 0),
    manySum: tf.sum(many),
  }),
};

/** A cache that grows by a position, and everything that is done to it. */
const growing: Program = {
  name: "growing",
  successors: ["past"],
  inputs: {
    past: spec("float32", "batch", "past", 2),
    own: spec("float32", "batch", 1, 2),
  },
  build: ({ past, own }, sizes) => {
    const cache = tf.concat([past, own], 1);
    return {
      cache,
      sum: tf.sum(cache, 1),
      flat: tf.reshape(cache, [sizes.batch, sizes["past+1"] * 2]),
      ones: tf.ones([sizes["past+1"]]),
      old: tf.reshape(past, [sizes.batch * sizes.past, 2]),
      apart: tf.reshape(tf.reshape(past, [-1, 2]), [
        sizes.past,
        sizes.batch,
        2,
      ]),
      swapped: tf.reshape(tf.transpose(past, [1, 0, 2]), [
        sizes.past,
        2 * sizes.batch,
      ]),
      last: tf.slice(cache, [0, 1, 0], [-1, -1, -1]),
    };
  },
};

const LENGTHS = Array.from({ length: 60 }, (_, i) => 1 + i % 3);
const TOTAL = LENGTHS.reduce((sum, length) => sum + length);

/** Twice each part of a vector, as a model's vectors are parts of one. */
const parts: Program = {
  name: "parts",
  inputs: { x: spec("float32", TOTAL) },
  build: ({ x }) =>
    Object.fromEntries(
      tf.split(x, LENGTHS, 0).map((
        part,
        i,
      ) => [`part ${i}`, tf.mul(part, 2)]),
    ),
};

for (const { name, identity, load } of RUNTIMES) {
  const test = (title: string, act: () => Promise<void>) =>
    Deno.test(`${name}: ${title}`, act);
  const compiled = async (
    program: Program,
    act: (executable: Executable) => Promise<void>,
    options: CompileOptions = {},
  ) => {
    const runtime = await load();
    const executable = await runtime.compile(program, {
      threads: 1,
      ...options,
    });
    try {
      await act(executable);
    } finally {
      await executable.dispose();
    }
  };

  test("the runtime says what the keys of its stages hold", async () => {
    assertEquals((await load()).identity, identity);
  });

  test("one executable serves every shape, stand-ins of other sizes included", () =>
    compiled(sums, async ({ run }) => {
      for (
        const [rows, columns] of [[2, 3], [1, 1], [41, 37], [37, 82], [6, 0]]
      ) {
        const results = await run({
          x: f32(new Array(rows * columns).fill(2), [rows, columns]),
          weights: f32(Array.from({ length: rows }, (_, row) => row)),
          scale: f32([1, -1]),
        });
        const y = Array.from({ length: rows }, (_, row) => 2 * columns + row);
        assertTensors(results, {
          y: f32(y),
          scaled: f32(y.map((value) => [value, -value])),
          total: f32(2 * columns * rows + rows * (rows - 1) / 2),
        });
      }
    }));

  test("a constant gives what the same input gives", () =>
    compiled(sums, async ({ run }) => {
      const x = f32([[1, 2], [3, 4]]);
      const { scaled } = await run({ x, weights: f32([0, 10]) });
      assertTensors({ scaled }, { scaled: f32([[6, 9], [34, 51]]) });
      const other = { x, weights: f32([0, 10]), scale: f32([7, 7]) };
      assertEquals((await run(other)).scaled, scaled, "it stays what it was");
    }, { constants: { scale: f32([2, 3]) } }));

  test("a constant of half precision is one of single precision to the program", () =>
    compiled(narrow, async ({ run }) => {
      const { manySum, wide } = await run({
        half: tensor("float16", [0.5]),
        byte: tensor("uint8", [200]),
        signed: tensor("int8", [0]),
      });
      assertTensors({ manySum, wide }, { manySum: f32(25), wide: f32([100]) });
    }, { constants: { many: tensor("float16", new Array(100).fill(0.25)) } }));

  test("a constant that is no input, or of another shape or type than its input, is refused by name", async () => {
    const runtime = await load();
    const refuses = (
      constants: CompileOptions["constants"],
      message: string,
    ) =>
      assertRejects(
        () => runtime.compile(sums, { constants }),
        Error,
        message,
      );
    await refuses(
      { scales: f32([1, 2]) },
      "constant scales: expected the name of an input",
    );
    await refuses(
      { scale: f32([1, 2, 3]) },
      "constant scale: expected float32 of shape [2], found Float32Array of shape [3]",
    );
    await refuses({ scale: i32([1, 2]) }, "found Int32Array of shape [2]");
    await refuses(
      { weights: f32([1, 2]) },
      "constant weights: expected float32 of shape [rows], found Float32Array of shape [2]",
    );
  });

  test("half and byte tensors come in and go out, also into given tensors, and flags come out as bytes", () =>
    compiled(narrow, async ({ run }) => {
      const triple = tensor("float16", [0, 0, 0]);
      const results = await run({
        half: tensor("float16", [0.1, -2, 0]),
        byte: tensor("uint8", [0, 7, 254]),
        signed: tensor("int8", [-127, 0, 5]),
        many: tensor("float16", new Array(100).fill(2)),
      }, { triple });
      assert(results.triple === triple);
      const tenth = Math.f16round(0.1);
      assertTensors(results, {
        triple: tensor("float16", [Math.f16round(3 * tenth), -6, 0]),
        successor: tensor("uint8", [1, 8, 255]),
        negative: tensor("int8", [127, 0, -5]),
        wide: f32([0, -14, 0]),
        integer: i32([0, 7, 254]),
        positive: tensor("uint8", [1, 0, 0]),
        manySum: f32(200),
      });
    }));

  test("outputs are written into given tensors, which are returned, also over the input that they succeed", () =>
    compiled(moving, async ({ run }) => {
      const state = f32([1, 2, 3]);
      const doubled = f32([9, 9, 9]);
      for (
        const [x, next] of [[10, [10.5, 11, 11.5]], [1, [
          6.25,
          6.5,
          6.75,
        ]]] as const
      ) {
        const results = await run(
          { state, x: f32([x, x, x]) },
          { next: state, doubled },
        );
        assert(results.next === state && results.doubled === doubled);
        assertTensors(results, {
          next: f32(next),
          doubled: f32([2 * x, 2 * x, 2 * x]),
        });
      }
      const fresh = await run({ state, x: f32([0, 0, 0]) }, { next: state });
      assert(
        fresh.doubled !== doubled,
        "an output without a given tensor is a new one",
      );
      assertEquals([...doubled.data], [2, 2, 2], "and leaves older ones alone");
    }));

  test("placed tensors are read and written by runs where they are, and the host reads them when it asks", async () => {
    const runtime = await load();
    const place = (...values: number[]) => runtime.place(f32(values));
    let [state, spare] = [await place(1, 2, 3), await place(9, 9, 9)];
    if (identity.provider === "webgpu") {
      assert(!isOnHost(state), "a GPU has them in its own memory");
    }
    const doubled = await place(9, 9, 9);
    await compiled(moving, async ({ run }) => {
      for (const x of [10, 1]) {
        const other = { x: f32([x, x, x]) };
        const given = { next: spare, doubled };
        const results = await run({ state, ...other }, given);
        for (const name of ["next", "doubled"] as const) {
          const returned = isOnHost(given[name]) ? given[name] : undefined;
          assert(results[name] === returned, "only the host's are returned");
        }
        [state, spare] = [spare, state];
      }
      assertTensors({
        next: await runtime.read(state),
        last: await runtime.read(spare),
        doubled: await runtime.read(doubled),
      }, {
        next: f32([6.25, 6.5, 6.75]),
        last: f32([10.5, 11, 11.5]),
        doubled: f32([2, 2, 2]),
      });
      await run({ state, x: f32([0, 0, 0]) }, { next: state });
      assertTensors({ next: await runtime.read(state) }, {
        next: f32([3.125, 3.25, 3.375]),
      });
      await assertRejects(
        async () => run({ state: await place(1, 2), x: f32([1, 1, 1]) }),
        Error,
        "Cannot run moving: input x: expected shape [n], found [3] where n is 2",
      );
    });
  });

  test("results of a run stay as they are when the next one runs", () =>
    compiled(moving, async ({ run }) => {
      const first = await run({ state: f32([0]), x: f32([1]) });
      await run({ state: f32([0]), x: f32([5]) });
      assertTensors(first, { next: f32([1]), doubled: f32([2]) });
    }));

  test("a tensor is split into more parts than a GPU's kernel may have buffers", () =>
    compiled(parts, async ({ run }) => {
      const x = f32(Array.from({ length: TOTAL }, (_, i) => i));
      let next = 0;
      const expected = LENGTHS.map((length, i) => [
        `part ${i}`,
        f32(Array.from({ length }, () => 2 * next++)),
      ]);
      assertTensors(await run({ x }), Object.fromEntries(expected));
    }));

  test("an axis of length zero is an axis, and a size plus one follows its size", () =>
    compiled(growing, async ({ run }) => {
      const none = await run({
        past: f32([], [3, 0, 2]),
        own: f32([[[1, 2]], [[3, 4]], [[5, 6]]]),
      });
      assertTensors(none, {
        cache: f32([[[1, 2]], [[3, 4]], [[5, 6]]]),
        sum: f32([[1, 2], [3, 4], [5, 6]]),
        flat: f32([[1, 2], [3, 4], [5, 6]]),
        ones: f32([1]),
        old: f32([], [0, 2]),
        apart: f32([], [0, 3, 2]),
        swapped: f32([], [0, 6]),
        last: f32([], [3, 0, 2]),
      });
      const some = await run({
        past: f32([[[1, 2], [3, 4]]]),
        own: f32([[[5, 6]]]),
      });
      assertTensors(some, {
        cache: f32([[[1, 2], [3, 4], [5, 6]]]),
        sum: f32([[9, 12]]),
        flat: f32([[1, 2, 3, 4, 5, 6]]),
        ones: f32([1, 1, 1]),
        old: f32([[1, 2], [3, 4]]),
        apart: f32([[[1, 2]], [[3, 4]]]),
        swapped: f32([[1, 2], [3, 4]]),
        last: f32([[[3, 4], [5, 6]]]),
      });
    }));

  test("an input that is missing or does not fit is named, with what was expected and found", () =>
    compiled(sums, async ({ run }) => {
      const good = {
        x: f32([[1, 2, 3], [4, 5, 6]]),
        weights: f32([1, 2]),
        scale: f32([1, 2]),
      };
      const { weights: _, ...missing } = good;
      const cases = [
        [missing, "input weights: expected shape [rows], found none"],
        [
          { ...good, scale: f32([1, 2, 3]) },
          "input scale: expected shape [2], found [3]",
        ],
        [
          { ...good, x: f32([1, 2]) },
          "input x: expected shape [rows, columns], found [2]",
        ],
        [
          { ...good, weights: f32([1, 2, 3]) },
          "input weights: expected shape [rows], found [3] where rows is 2",
        ],
        [
          { ...good, weights: f32([1], [2]) },
          "input weights: expected shape [rows], found [2] of 1 elements",
        ],
        [
          { ...good, weights: i32([1, 2]) },
          "input weights: expected shape [rows], found Int32Array in place of float32",
        ],
      ] as const;
      for (const [inputs, message] of cases) {
        await assertRejects(
          () => run(inputs),
          Error,
          `Cannot run sums: ${message}`,
        );
      }
      assertEquals((await run(good)).total.data[0], 24);
    }));
}
