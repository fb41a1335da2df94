/** Times a training step in turns with its matrix products alone. */
import { syntheticBatch } from "./batch.ts";
import {
  modelOf,
  numbers,
  report,
  SYNTHETIC,
  TEACHER,
  training,
  versionOf,
} from "../figures.ts";
import { measureRoofline } from "./products.ts";
import { loadRuntime } from "../../nmt/tensor/runtime.ts";

const given = numbers({ ...TEACHER, ...SYNTHETIC, steps: 10 });
const { vocabulary, threads } = given;
const runtime = await loadRuntime();
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
