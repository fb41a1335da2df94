/** Times the distillation step of ckd-regular on batches of real sentences: states are read from disk within the step. */
import { makeBatch } from "../../nmt/text/subwords/batches.ts";
import {
  chosenRuntime,
  numbers,
  preparedTeacher,
  preparedText,
  report,
  versionOf,
} from "../figures.ts";
import { CKD_REGULAR, compileStudent, record } from "./teacher_targets.ts";

const { steps, threads } = numbers({ steps: 10 });
const WARM_UP = 2;
const runtime = await chosenRuntime();
const { tokens, order } = preparedText(WARM_UP + steps, true);
const folder = await Deno.makeTempDir({ prefix: "ckd-bench-" });
try {
  const recorded = { teacher: preparedTeacher(), tokens, folder };
  await record(runtime, recorded, threads);
  const compiled = await compileStudent(
    runtime,
    recorded,
    CKD_REGULAR,
    threads,
  );
  let started = 0;
  for (let step = 0; step < WARM_UP + steps; step++) {
    if (step === WARM_UP) started = performance.now();
    const batch = makeBatch(tokens, order[step]);
    await compiled.run(batch, step, await compiled.signals?.read(batch));
  }
  const step_ms = (performance.now() - started) / steps;
  await compiled.dispose();
  compiled.signals?.close();
  await report({ step_ms }, threads, versionOf(runtime));
} finally {
  await Deno.remove(folder, { recursive: true });
}
