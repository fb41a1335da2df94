/** Times training of a 12-layer teacher on batches of real sentences: target tokens a second, padding not counted. */
import { createTrainer } from "../model/trainer.ts";
import { makeBatch } from "../text/batches.ts";
import {
  modelOf,
  numbers,
  openRuntime,
  preparedText,
  report,
  training,
  versionOf,
} from "./figures.ts";

const given = numbers({
  width: 256,
  "feed-forward": 1024,
  heads: 8,
  layers: 6,
  vocabulary: 8000,
  dropout: 0.1,
  steps: 20,
});
const { vocabulary, threads, steps } = given;
const WARM_UP = 2;
const runtime = await openRuntime();
const { tokens: pairs, order } = preparedText(WARM_UP + steps);
const trainer = await createTrainer(
  runtime,
  { model: modelOf(given), vocabulary, training },
  { seed: 1, threads },
);
let tokens = 0, started = 0;
for (let step = 0; step < WARM_UP + steps; step++) {
  if (step === WARM_UP) started = performance.now();
  const batch = makeBatch(pairs, order[step]);
  await trainer.run(batch, step);
  if (step >= WARM_UP) tokens += batch.targetTokens;
}
const seconds = (performance.now() - started) / 1000;
await trainer.dispose();
await report({ tokens_per_s: tokens / seconds }, threads, versionOf(runtime));
