/**
 * Measures the paper's whole protocol: a teacher, its states, and six students. Each training is compiled for real and
 * runs some steps on real batches; the states of the pairs of those are recorded for real, those of the first batch twice,
 * which tells what the compilation takes. The figure is what ten passes over the text take at these rates: the compilations
 * once, `whole` steps of each training, the states of `pairs` pairs once. The peer's is the same without states and with the
 * teacher in each step of the five students that have one. Validation and checkpoints are left out on both sides.
 */
import { join } from "@std/path";
import { z } from "zod";
import { makeBatch } from "../../nmt/text/subwords/batches.ts";
import {
  type CompiledStep,
  compileStep,
} from "../../nmt/training/compiled_step.ts";
import type { Tokens } from "../../nmt/text/subwords/tokens.ts";
import type { TeacherSignals } from "../../nmt/states/states.ts";
import {
  chosenRuntime,
  numbers,
  preparedFile,
  preparedTeacher,
  preparedText,
  report,
  training,
  versionOf,
} from "../figures.ts";
import {
  ckd,
  CKD_REGULAR,
  compileStudent,
  record,
  type System,
} from "./teacher_targets.ts";
import { subset } from "./pairs.ts";

/** The paper's students. */
const STUDENTS: Readonly<Record<string, System>> = {
  no_kd: { alpha: 0, beta: 0, encoder: [] },
  rkd: { alpha: 0.7, beta: 0, encoder: [] },
  ckd_0: CKD_REGULAR,
  ckd_1: ckd([[1, 2, 3, 4], [3, 4, 5, 6]]),
  ckd_2: ckd([[1, 2], [5, 6]]),
  ckd_3: ckd([[1, 3], [4, 6]]),
};
const WARM_UP = 1;

/** Of the whole text. */
const Epoch = z.object({ pairs: z.int(), batches: z.int() });
const PASSES = 10;

const epoch = Epoch.parse(
  JSON.parse(Deno.readTextFileSync(preparedFile("epoch.json"))),
);
const given = numbers({
  steps: 4,
  whole: PASSES * epoch.batches,
  pairs: epoch.pairs,
});
const { steps, threads } = given;
const runtime = await chosenRuntime();
const { tokens, order } = preparedText(WARM_UP + steps, true);
const teacher = preparedTeacher();
const figures: Record<string, number> = {};

/** Seconds of a training: to be ready, and for all steps at the rate of some. */
async function trainingSeconds(
  create: () => Promise<CompiledStep & { readonly signals?: TeacherSignals }>,
): Promise<number> {
  const began = performance.now();
  const compiled = await create();
  const compiling = performance.now() - began;
  let started = 0;
  for (let step = 0; step < WARM_UP + steps; step++) {
    if (step === WARM_UP) started = performance.now();
    const batch = makeBatch(tokens, order[step]);
    await compiled.run(batch, step, await compiled.signals?.read(batch));
  }
  const run = performance.now() - started;
  await compiled.dispose();
  compiled.signals?.close();
  return (compiling + run / steps * given.whole) / 1000;
}

/** Seconds that the states of some pairs take, compilation included. */
async function recordingSeconds(
  tokens: Tokens,
  folder: string,
): Promise<number> {
  await Deno.mkdir(folder, { recursive: true });
  const before = performance.now();
  await record(runtime, { teacher, tokens, folder }, threads);
  return (performance.now() - before) / 1000;
}

const folder = await Deno.makeTempDir({ prefix: "ckd-bench-" });
try {
  const { model, vocabulary } = teacher;
  figures.teacher_s = await trainingSeconds(() =>
    compileStep(runtime, { model, vocabulary, training }, {
      role: "teacher",
      seed: 1,
      threads,
    })
  );
  const recorded = { teacher, tokens, folder };
  const first = subset(tokens, [...order[0]]);
  const compiling = await recordingSeconds(first, join(folder, "first"));
  const all = await recordingSeconds(tokens, folder);
  const rate = Math.max(0, all - compiling) / (tokens.pairs - first.pairs);
  figures.states_s = compiling + rate * given.pairs;
  for (const [name, system] of Object.entries(STUDENTS)) {
    figures[`${name}_s`] = await trainingSeconds(() =>
      compileStudent(runtime, recorded, system, threads)
    );
  }
  const sum = Object.values(figures).reduce((sum, each) => sum + each, 0);
  await report(
    { ...figures, minutes: sum / 60 },
    threads,
    versionOf(runtime),
  );
} finally {
  await Deno.remove(folder, { recursive: true });
}
