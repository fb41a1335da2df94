/** The TensorFlow runtime: memory, permissions, addon, and training to the same bytes. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl } from "@std/path";
import {
  gradientProgram,
  type Task,
} from "../../../../nmt/training/training_step.ts";
import { isInputError } from "../../../../base/input_error.ts";
import type { Runtime } from "../../../../nmt/tensor/program.ts";
import { loadRuntime } from "../../../../nmt/tensor/runtime.ts";
import { libraryFolder } from "../../../../nmt/tensor/library_folder.ts";
import { tensorflowRuntime } from "../../../../nmt/tensor/eager/tensorflow_runtime.ts";
import { tf } from "../../../../nmt/tensor/tfjs.ts";
import { batch, task, weights } from "../../fixtures/model.ts";
import { trainedSteps } from "../../fixtures/trained_steps.ts";
import { f32, spec } from "../values.ts";

const missing = await tensorflowRuntime("cpu").then(
  () => undefined,
  (error) => {
    if (isInputError(error)) return error.message;
    throw error;
  },
);

/** With TensorFlow; where the addon is missing, the title says how to get it. */
function test(title: string, act: (runtime: Runtime) => Promise<void>): void {
  Deno.test({
    name: missing === undefined ? title : `${title}: ${missing}`,
    ignore: missing !== undefined,
    fn: async () => act(await tensorflowRuntime("cpu")),
  });
}

const STEPS = 20;

const trained = (runtime: Runtime, toy: Task) =>
  trainedSteps(runtime, toy, { steps: STEPS, count: 600 });

const toy = task(undefined, { warmup: 10, factor: 1 });

test("twenty steps of training are the same bytes twice", async (tensorflow) => {
  const first = await trained(tensorflow, toy);
  const fallen = first.losses[0] - first.losses[STEPS - 1];
  assert(fallen > 0.2, `the loss fell by ${fallen} only: nothing is compared`);
  assertEquals(await trained(tensorflow, toy), first);
});

const combined = task({ alpha: 0.5, beta: 0.3, encoder: [[1, 2], [3, 4]] });

test("two hundred steps hold no more tensors than one, and nothing is left after them", async (tensorflow) => {
  const before = tf.memory().numTensors;
  const program = gradientProgram(combined);
  const lengths = { batch: 2, source: 3, target: 4 };
  const constants = weights(combined, 7);
  const executable = await tensorflow.compile(program, { constants });
  const counts = new Set<number>();
  for (let step = 0; step < 200; step++) {
    await executable.run(batch(combined, lengths, step));
    const { numTensors, numDataBuffers } = tf.memory();
    assertEquals(numDataBuffers, numTensors);
    counts.add(numTensors);
  }
  assertEquals([...counts], [before + Object.keys(constants).length]);
  await executable.dispose();
  assertEquals(tf.memory().numTensors, before);
});

test("a placed tensor that runs overwrite stays one tensor", async (tensorflow) => {
  const executable = await tensorflow.compile({
    name: "counting",
    inputs: { x: spec("float32", "n") },
    build: ({ x }) => ({ next: tf.add(x, 1), same: x }),
  });
  const x = await tensorflow.place(f32([0, 10]));
  const same = await tensorflow.place(f32([0, 0]));
  const { numTensors } = tf.memory();
  for (let step = 0; step < 50; step++) {
    await executable.run({ x }, { next: x, same });
  }
  assertEquals(tf.memory().numTensors, numTensors);
  assertEquals([...(await tensorflow.read(x)).data], [50, 60]);
  assertEquals([...(await tensorflow.read(same)).data], [49, 59]);
  const short = await tensorflow.place(f32([0]));
  await assertRejects(
    () => executable.run({ x }, { next: short }),
    Error,
    "Cannot keep output next of counting: expected float32 of shape [1], found float32 of shape [2]",
  );
  await executable.dispose();
});

test("a runtime of another backend goes on with its own kernels and not those of TensorFlow", async (tensorflow) => {
  const reference = await loadRuntime({ name: "reference" });
  const backends: string[] = [];
  const executables = await Promise.all(
    [reference, tensorflow, reference].map((runtime) =>
      runtime.compile({
        name: "asking",
        inputs: { x: spec("float32", "n") },
        build: ({ x }) => {
          backends.push(tf.getBackend());
          return { y: tf.add(x, 1) };
        },
      })
    ),
  );
  for (const { run } of executables) await run({ x: f32([1]) });
  assertEquals(backends, ["cpu", "tensorflow", "cpu"]);
});

test("a process that may read the addon's folder and load its native code needs nothing else", async () => {
  const root = fromFileUrl(new URL("../../../..", import.meta.url));
  const module = (name: string) =>
    JSON.stringify(
      new URL(`../../../../nmt/tensor/${name}.ts`, import.meta.url).href,
    );
  const folder = libraryFolder("tensorflow") ?? "";
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...[
        "run",
        "--quiet",
        "--no-prompt",
        "--config=deno.json",
        "--allow-env=CKD_TENSORFLOW",
      ],
      ...[`--allow-read=${root},${folder}`, `--allow-ffi=${folder}`],
      `data:text/typescript,
import { tensorflowRuntime } from ${module("eager/tensorflow_runtime")};
import { tf } from ${module("tfjs")};
const runtime = await tensorflowRuntime("cpu");
const { run } = await runtime.compile({
  name: "sum",
  inputs: { x: { shape: ["n"], dtype: "float32" } },
  build: ({ x }) => ({ y: tf.add(x, 1) }),
});
const { y } = await run({ x: { shape: [2], data: Float32Array.of(3, 4) } });
console.log(...y.data);`,
    ],
    env: { CKD_TENSORFLOW: folder },
    cwd: root,
  }).output();
  const text = new TextDecoder();
  assertEquals(code, 0, text.decode(stderr));
  assertEquals(text.decode(stdout), "4 5\n");
});
