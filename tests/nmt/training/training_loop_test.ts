/** The training loop on a toy task of a few steps: an interrupted training resumes to the same weights, bit for bit. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { train } from "../../../nmt/training/training_loop.ts";
import { withFolder } from "../fixtures/folder.ts";
import { task } from "../fixtures/model.ts";
import { refusal } from "../fixtures/refusal.ts";
import { sentences } from "../fixtures/reversal.ts";

const STEPS = 6;

/** Trains in a folder; `until` sees the number of each step and may throw. */
async function trainIn(
  folder: string,
  until = (_step: number) => {},
) {
  return await train({
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
