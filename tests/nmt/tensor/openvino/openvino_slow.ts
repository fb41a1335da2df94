/** The OpenVINO runtime beyond the contract: given tensors, inputs that nothing depends on, errors, disposal, memory. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Executable, Program } from "../../../../nmt/tensor/program.ts";
import {
  cString,
  type Functions,
  made,
  openLibrary,
} from "../../../../nmt/tensor/openvino/openvino_library.ts";
import { loadRuntime } from "../../../../nmt/tensor/runtime.ts";
import { tf } from "../../../../nmt/tensor/tfjs.ts";
import { assertTensors, f32, i32, spec, tensor } from "../values.ts";
import { test } from "./available.ts";

const mixed: Program = {
  name: "mixed",
  inputs: {
    number: spec("float32"),
    x: spec("float32", "n"),
    half: spec("float16", "n"),
    unused: spec("int32", "m", 2),
  },
  outputTypes: { twice: "float16" },
  build: ({ number, x, half }) => ({
    greater: tf.greater(x, number),
    positive: tf.greater(number, 0),
    total: tf.sum(x),
    copy: x,
    again: x,
    sameNumber: number,
    ones: tf.ones([2]),
    twice: tf.mul(half, 2),
  }),
};

const inputs = {
  number: f32(1.5),
  x: f32([1, 2, 3]),
  half: tensor("float16", [1, 2, 3]),
  unused: i32([], [0, 2]),
};

const expected = {
  greater: tensor("uint8", [0, 1, 1]),
  positive: tensor("uint8", 1),
  total: f32(6),
  copy: f32([1, 2, 3]),
  again: f32([1, 2, 3]),
  sameNumber: f32(1.5),
  ones: f32([1, 1]),
  twice: tensor("float16", [2, 4, 6]),
};

async function compiled(
  program: Program,
  act: (executable: Executable) => Promise<void>,
) {
  const runtime = await loadRuntime({ name: "openvino" });
  const executable = await runtime.compile(program, { threads: 1 });
  await act(executable);
  await executable.dispose();
}

test("flags, numbers, halves, constants and copies of inputs are written into given tensors", () =>
  compiled(mixed, async ({ run }) => {
    assertTensors(await run(inputs), expected);
    const given = {
      greater: tensor("uint8", [9, 9, 9]),
      positive: tensor("uint8", 9),
      total: f32(9),
      copy: f32([9, 9, 9]),
      sameNumber: f32(9),
      ones: f32([9, 9]),
      twice: tensor("float16", [9, 9, 9]),
    };
    const results = await run(inputs, given);
    assertTensors(results, expected);
    for (const [name, tensor] of Object.entries(given)) {
      assert(results[name] === tensor, name);
    }
    // The next run leaves them alone.
    const { total } = await run({ ...inputs, x: f32([4, 5, 6]) });
    assertTensors({ total }, { total: f32(15) });
    assertTensors(results, expected);
  }));

test("an output is written into the memory that an input is a part of", () =>
  compiled(mixed, async ({ run }) => {
    const all = Float32Array.of(0, 1, 2, 3, 0, 0, 0);
    const part = (from: number) => ({
      shape: [3],
      data: all.subarray(from, from + 3),
    });
    await run({ ...inputs, x: part(1) }, { copy: part(4) });
    assertEquals([...all], [0, 1, 2, 3, 1, 2, 3]);
  }));

test("an axis of length zero leaves flags, halves and copies empty", () =>
  compiled(mixed, async ({ run }) => {
    const none = { x: f32([]), half: tensor("float16", []) };
    assertTensors(await run({ ...inputs, ...none }), {
      ...expected,
      greater: tensor("uint8", []),
      total: f32(0),
      copy: f32([]),
      again: f32([]),
      twice: tensor("float16", []),
    });
  }));

test("a given tensor of another shape or type is refused by the name of its output", () =>
  compiled(mixed, async ({ run }) => {
    for (
      const [copy, found] of [
        [f32([1, 2]), "Float32Array of shape [2]"],
        [i32([1, 2, 3]), "Int32Array of shape [3]"],
      ] as const
    ) {
      await assertRejects(
        () => run(inputs, { copy }),
        Error,
        `Cannot keep output copy of mixed: expected Float32Array of shape [3], found ${found}`,
      );
    }
    assertTensors(await run(inputs), expected);
  }));

test("what is disposed of, also twice, refuses to run", () =>
  compiled(mixed, async ({ run, dispose }) => {
    await dispose();
    await assertRejects(
      () => run(inputs),
      Error,
      "Cannot run mixed: it is disposed of",
    );
  }));

test("a program that OpenVINO cannot compile is named, with what it says", async () => {
  const runtime = await loadRuntime({ name: "openvino" });
  await assertRejects(
    () =>
      runtime.compile({
        name: "wrong",
        inputs: { x: spec("float32", "n"), y: spec("int32", "n") },
        // Kernels are trusted to get what they can take.
        build: ({ x, y }) => ({
          z: tf.engine().runKernel("Add", { a: x, b: y }) as typeof x,
        }),
      }),
    Error,
    "OpenVINO cannot",
  );
});

test("inputs and results that nobody holds are given back to the system, and live as long as a run", async () => {
  const size = 1_000_000;
  const program: Program = {
    name: "long",
    inputs: { x: spec("float32", "n") },
    build: ({ x }) => ({ y: tf.add(x, 1) }),
  };
  await compiled(program, async ({ run }) => {
    let least = Infinity, most = 0;
    for (let step = 0; step < 300; step++) {
      const x = { shape: [size], data: new Float32Array(size).fill(step) };
      const { y } = await run({ x });
      assertEquals([y.data[0], y.data[size - 1]], [step + 1, step + 1]);
      if (step < 50) continue;
      const { rss } = Deno.memoryUsage();
      least = Math.min(least, rss);
      most = Math.max(most, rss);
    }
    // All of them would be 2000 MB.
    assert(most - least < 1e9, `${least} to ${most} bytes`);
  });
});

test("a message of OpenVINO is read whole, and freed", async () => {
  const { identity } = await loadRuntime({ name: "openvino" });
  const { functions, core } = openLibrary(identity.version);
  const given: bigint[] = [], freed: bigint[] = [];
  const watched: Functions = {
    ...functions,
    ov_get_last_err_msg: () => {
      const message = functions.ov_get_last_err_msg();
      given.push(message);
      return message;
    },
    ov_free: (address) => {
      freed.push(BigInt(address));
      functions.ov_free(address);
    },
  };
  assertThrows(
    () =>
      made(
        watched,
        "tell what there is not",
        (place) =>
          functions.ov_core_get_property(
            core,
            cString("CPU"),
            cString("NO_SUCH_PROPERTY"),
            place,
          ),
      ),
    Error,
    "NO_SUCH_PROPERTY",
  );
  assertEquals(given.length, 1);
  assertEquals(freed, given);
});
