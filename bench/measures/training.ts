/** Times training of a 12-layer teacher on batches of real sentences: target tokens a second, padding not counted. */
import { compileStep } from "../../nmt/training/compiled_step.ts";
import { makeBatch } from "../../nmt/text/subwords/batches.ts";
import {
  chosenRuntime,
  modelOf,
  numbers,
  preparedText,
  report,
  TEACHER,
  training,
  versionOf,
} from "../figures.ts";

const given = numbers({ ...TEACHER, steps: 20 });
const { vocabulary, threads, steps } = given;
const WARM_UP = 2;
const runtime = await chosenRuntime();
const { tokens: pairs, order } = preparedText(WARM_UP + steps);
const compiled = await compileStep(
  runtime,
  { model: modelOf(given), vocabulary, training },
  { role: "teacher", seed: 1, threads },
);
let tokens = 0, started = 0;
for (let step = 0; step < WARM_UP + steps; step++) {
  if (step === WARM_UP) started = performance.now();
  const batch = makeBatch(pairs, order[step]);
  await compiled.run(batch, step);
  if (step >= WARM_UP) tokens += batch.targetTokens;
}
const seconds = (performance.now() - started) / 1000;
await compiled.dispose();
await report({ tokens_per_s: tokens / seconds }, threads, versionOf(runtime));
