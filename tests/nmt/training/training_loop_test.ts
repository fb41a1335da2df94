/** The training loop on a toy task of a few steps: an interrupted training resumes to the same weights, bit for bit. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import {
  train,
  type TrainingJob,
} from "../../../nmt/training/training_loop.ts";
import {
  initialWeights,
  parameterShapes,
} from "../../../nmt/transformer/parameters.ts";
import { withFolder } from "../fixtures/folder.ts";
import { task } from "../fixtures/model.ts";
import { refusal } from "../fixtures/refusal.ts";
import { sentences } from "../fixtures/reversal.ts";

const STEPS = 6;

/** Trains in a folder; `until` sees the number of each step and may throw. */
async function trainIn(
  folder: string,
  until = (_step: number) => {},
  options: Pick<TrainingJob, "initial" | "interpolation"> = {},
) {
  return await train({
    ...options,
    task: task(undefined, {
      steps: STEPS,
      batchTokens: 64,
      warmup: 5,
      validateEvery: 2,
      average: 2,
    }),
    seed: 3,
    runtime: await loadRuntime(),
    threads: 1,
    train: sentences(1, 60),
    validation: sentences(2, 10),
    folder,
    report: ({ step }) => until(step),
  });
}

Deno.test("a training that is interrupted after any step resumes to the weights of one that is not", () =>
  withFolder(async (folder) => {
    const [first, second] = ["first", "second"].map((name) => {
      Deno.mkdirSync(`${folder}/${name}`);
      return `${folder}/${name}`;
    });
    const whole = await trainIn(first);
    assertEquals(whole.validations.map(({ step }) => step), [2, 4, 6]);
    assertEquals(whole.averaged.length, 2);
    for (const stop of [1, 3, 5]) {
      const interrupted = trainIn(second, (step) => {
        if (step === stop) throw new Error("stopped");
      });
      await assertRejects(() => interrupted, Error, "stopped");
    }
    assertEquals(await trainIn(second), whole);
  }));

Deno.test("a damaged checkpoint is refused with its path and the remedy, and stays as it is", () =>
  withFolder(async (folder) => {
    const path = `${folder}/state.safetensors`;
    Deno.writeTextFileSync(path, "half a checkpoint");
    const message = await refusal(() => trainIn(folder));
    assertStringIncludes(message, path);
    assertStringIncludes(message, "delete it to train from the start");
    assertEquals(Deno.readTextFileSync(path), "half a checkpoint");
  }));

Deno.test("interpolated weights lie between those that a training began with and those that it reached", () =>
  withFolder(async (folder) => {
    const trainWith = (interpolation?: number) => {
      const own = `${folder}/${interpolation}`;
      Deno.mkdirSync(own);
      return trainIn(own, undefined, { initial, interpolation });
    };
    const { model, vocabulary } = task();
    const initial = initialWeights(parameterShapes(model, vocabulary), 7);
    const [whole, quarter] = [await trainWith(), await trainWith(0.25)];
    assertEquals(quarter.averaged, whole.averaged);
    assert(quarter.nll !== whole.nll);
    for (const [name, values] of Object.entries(quarter.weights)) {
      values.forEach((value, i) =>
        assertAlmostEquals(
          value,
          0.25 * whole.weights[name][i] + 0.75 * initial[name][i],
          1e-6,
        )
      );
    }
  }));
