/** The training loop on a toy task of a few steps: an interrupted training resumes to the same weights, bit for bit. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { train } from "../../../nmt/training/training_loop.ts";
import { validator } from "../../../nmt/training/validation.ts";
import { loadModel } from "../../../nmt/transformer/checkpoint.ts";
import type { Training } from "../../../schemas/experiment/model.ts";
import { withFolder } from "../fixtures/folder.ts";
import { task } from "../fixtures/model.ts";
import { refusal } from "../fixtures/refusal.ts";
import { sentences, WORDS } from "../fixtures/reversal.ts";

interface Toy {
  readonly folder: string;
  readonly training: Partial<Training>;
  readonly pairs: number;
  /** Validation pairs. */
  readonly heldOut?: number;
  /** Sees the number of each step and may throw. */
  readonly until?: (step: number) => void;
  readonly signal?: AbortSignal;
}

const common = async (training: Partial<Training>, heldOut = 40) => ({
  task: task(undefined, { warmup: 5, ...training }),
  runtime: await loadRuntime(),
  threads: 1,
  validation: sentences(2, heldOut),
  scoring: WORDS,
});

async function trainIn({ folder, until = () => {}, ...toy }: Toy) {
  return await train({
    ...await common(toy.training, toy.heldOut),
    ...{ role: "teacher", seed: 3, folder, signal: toy.signal } as const,
    train: sentences(1, toy.pairs),
    report: ({ step }) => until(step),
  });
}

/** Trains in a folder and, stopped after some steps, the last of the whole given, in another; that both are the same. */
async function trainedTwice(
  folder: string,
  toy: Pick<Toy, "training" | "pairs">,
  stops: (last: number) => readonly number[],
) {
  const [first, second] = ["first", "second"].map((name) => {
    Deno.mkdirSync(`${folder}/${name}`);
    return `${folder}/${name}`;
  });
  const whole = await trainIn({ folder: first, ...toy });
  const last = whole.validations.at(-1)?.step ?? NaN;
  for (const stop of stops(last)) {
    const until = (step: number) => {
      if (step === stop) throw new Error("stopped");
    };
    const interrupted = trainIn({ folder: second, ...toy, until });
    await assertRejects(() => interrupted, Error, "stopped");
  }
  assertEquals(await trainIn({ folder: second, ...toy }), whole);
  return { whole, folders: [first, second] };
}

const FEW = {
  training: { steps: 6, batchTokens: 64, validateEvery: 2, average: 2 },
  pairs: 60,
};

Deno.test("a training that is interrupted after any step resumes to the weights of one that is not", () =>
  withFolder(async (folder) => {
    const { whole } = await trainedTwice(
      folder,
      FEW,
      (last) => [1, 3, 5, last],
    );
    assertEquals(whole.validations.map(({ step }) => step), [2, 4, 6]);
    assert(whole.validations.every(({ bleu }) => bleu !== undefined));
  }));

Deno.test("a training whose signal is aborted saves a checkpoint after its step, and resumes from there to the same bytes", () =>
  withFolder(async (folder) => {
    const [first, second] = ["first", "second"].map((name) => {
      Deno.mkdirSync(`${folder}/${name}`);
      return `${folder}/${name}`;
    });
    const whole = await trainIn({ folder: first, ...FEW });
    const steps: number[] = [];
    for (const last of [1, 3, 4, 6]) {
      const stop = new AbortController();
      const until = (step: number) => {
        steps.push(step);
        if (step === last) stop.abort();
      };
      const { signal } = stop;
      const stopped = trainIn({ folder: second, ...FEW, until, signal });
      assertEquals(await stopped.catch((error) => error), signal.reason);
    }
    assertEquals(await trainIn({ folder: second, ...FEW }), whole);
    assertEquals(steps, [1, 2, 3, 4, 5, 6]);
  }));

Deno.test("the model is the average of the best checkpoints only where it validates better than the best one alone", async () => {
  const training = { batchTokens: 256, selection: "nll", steps: 120 } as const;
  for (
    const { helps, heldOut, ...often } of [
      { helps: true, heldOut: 20, factor: 1, validateEvery: 4, average: 4 },
      { helps: false, heldOut: 40, factor: 2, validateEvery: 20, average: 3 },
    ]
  ) {
    await withFolder(async (folder) => {
      const toy = { training: { ...training, ...often }, pairs: 600, heldOut };
      const trained = await trainIn({ folder, ...toy });
      const { weights, steps, single, average, validations } = trained;
      const best = Math.min(...validations.map(({ nll }) => nll));
      assertEquals(single, { nll: best });
      assert(average !== undefined);
      assertEquals(average.nll < single.nll, helps);
      assertEquals(steps.length, helps ? often.average : 1);
      const validate = await validator(await common(toy.training, heldOut));
      assertEquals(await validate(weights), helps ? average : single);
      if (helps) return;
      const [step] = steps;
      assertEquals(validations.find((each) => each.step === step)?.nll, best);
      const kept = `${folder}/step-${step}.safetensors`;
      assertEquals(weights, loadModel(kept, "the best checkpoint").weights);
    });
  }
});

Deno.test("training ends when its patience does, at the same step and to the same bytes where it is resumed", () =>
  withFolder(async (folder) => {
    // Twelve pairs are soon learned by heart, and the validation pairs get less likely.
    const training = { steps: 1000, batchTokens: 256, factor: 2 };
    const patient = {
      validateEvery: 20,
      patience: 2,
      selection: "nll",
    } as const;
    const toy = { training: { ...training, ...patient }, pairs: 12 };
    const { whole, folders } = await trainedTwice(
      folder,
      toy,
      (last) => [30, last - 1, last],
    );
    const losses = whole.validations.map(({ nll }) => nll);
    const best = losses.indexOf(Math.min(...losses));
    assert((whole.validations.at(-1)?.step ?? 1000) < 1000);
    assertEquals(losses.length - 1 - best, 2);
    await trainIn({
      ...{ folder: folders[0], ...toy },
      until: (step) => {
        throw new Error(`step ${step} of a training that had ended`);
      },
    });
  }));

Deno.test("a damaged checkpoint is refused with its path and the remedy, and stays as it is", () =>
  withFolder(async (folder) => {
    const path = `${folder}/state.safetensors`;
    Deno.writeTextFileSync(path, "half a checkpoint");
    const message = await refusal(() => trainIn({ folder, ...FEW }));
    assertStringIncludes(message, path);
    assertStringIncludes(message, "delete it to train from the start");
    assertEquals(Deno.readTextFileSync(path), "half a checkpoint");
  }));
