/** Tells how much of a training step its matrix products alone take, timed in turns with it. */
import { syntheticBatch } from "./batch.ts";
import {
  modelOf,
  numbers,
  openRuntime,
  report,
  training,
  versionOf,
} from "./figures.ts";
import { measureRoofline } from "./products.ts";

const given = numbers({
  width: 256,
  "feed-forward": 1024,
  heads: 8,
  layers: 6,
  vocabulary: 8000,
  rows: 32,
  length: 32,
  dropout: 0.1,
  steps: 10,
});
const { vocabulary, threads } = given;
const runtime = await openRuntime();
const { stepMs, productsMs, products, operations } = await measureRoofline(
  runtime,
  { model: modelOf(given), vocabulary, training },
  syntheticBatch(given.rows, given.length, vocabulary),
  { threads, turns: given.steps },
);
await report(
  {
    step_ms: stepMs,
    products_ms: productsMs,
    products_percent: 100 * productsMs / stepMs,
    products,
    gflops: operations / productsMs / 1e6,
  },
  threads,
  versionOf(runtime),
);
