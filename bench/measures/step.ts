/** Times the training step of the 12-layer teacher on one synthetic batch, and how long it takes to be ready. */
import { compileStep } from "../../nmt/training/compiled_step.ts";
import { syntheticBatch } from "./batch.ts";
import {
  chosenRuntime,
  modelOf,
  numbers,
  report,
  SYNTHETIC,
  TEACHER,
  training,
  versionOf,
} from "../figures.ts";
import { median } from "./report.ts";

const given = numbers({ ...TEACHER, ...SYNTHETIC, steps: 10 });
const { vocabulary, threads } = given;
const WARM_UP = 2;
const runtime = await chosenRuntime();
const batch = syntheticBatch(given.rows, given.length, vocabulary);
const started = performance.now();
const compiled = await compileStep(
  runtime,
  { model: modelOf(given), vocabulary, training },
  { role: "teacher", seed: 1, threads },
);
const compile_s = (performance.now() - started) / 1000;
const times: number[] = [];
for (let step = 0; step < given.steps + WARM_UP; step++) {
  const before = performance.now();
  await compiled.run(batch, step);
  if (step >= WARM_UP) times.push(performance.now() - before);
}
await compiled.dispose();
await report(
  { step_ms: median(times), compile_s },
  threads,
  versionOf(runtime),
);
