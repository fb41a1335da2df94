/** The training loop on a toy task of a few steps: an interrupted training resumes to the same weights, bit for bit. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { isInputError } from "../../../base/input_error.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { train } from "../../../nmt/training/training_loop.ts";
import { task } from "../fixtures/model.ts";
import { sentences } from "../fixtures/reversal.ts";

const STEPS = 6;

/** Trains in a folder; `until` sees the number of each step and may throw. */
async function trainIn(folder: string, until = (_step: number) => {}) {
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

async function withFolders(
  test: (first: string, second: string) => Promise<void>,
): Promise<void> {
  const folders = [Deno.makeTempDirSync(), Deno.makeTempDirSync()];
  try {
    await test(folders[0], folders[1]);
  } finally {
    for (const folder of folders) Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("a training that is interrupted after any step resumes to the weights of one that is not", () =>
  withFolders(async (first, second) => {
    const whole = await trainIn(first);
    assertEquals(whole.validations.map(({ step }) => step), [2, 4, 6]);
    assertEquals(whole.averaged.length, 2);
    for (const stop of [1, 3, 5]) {
      const stopped = new Error("stopped");
      await assertRejects(
        () =>
          trainIn(second, (step) => {
            if (step === stop) throw stopped;
          }),
        Error,
        "stopped",
      );
    }
    assertEquals(await trainIn(second), whole);
  }));

Deno.test("a damaged checkpoint is refused with its path and the remedy, and stays as it is", () =>
  withFolders(async (folder) => {
    const path = `${folder}/state.safetensors`;
    Deno.writeTextFileSync(path, "half a checkpoint");
    const error = await assertRejects(() => trainIn(folder), Error, path);
    assert(isInputError(error));
    assert(error.message.includes("delete it to train from the start"));
    assertEquals(Deno.readTextFileSync(path), "half a checkpoint");
  }));
