/** The speed of this machine: from recorded trainings, else from a matrix product measured now. */
import type { RuntimeChoice } from "../../schemas/experiment/runtime.ts";
import type { Program } from "../../nmt/tensor/program.ts";
import { loadRuntime } from "../../nmt/tensor/runtime.ts";
import { tf } from "../../nmt/tensor/tfjs.ts";

export interface Rate {
  readonly operationsPerSecond: number;
  readonly by: string;
}

/** Work of a known size, and what it took. */
export interface Recorded {
  readonly operations: number;
  readonly seconds: number;
}

/** Recorded work of less than this share of what is estimated says little of it: small steps are mostly other things than products. */
const LEAST_SHARE = 0.05;

/** The rate of recorded work; undefined where there is little beside the operations that are estimated. */
export function recordedRate(
  work: readonly Recorded[],
  estimated: number,
): Rate | undefined {
  const seconds = work.reduce((sum, { seconds }) => sum + seconds, 0);
  const operations = work.reduce((sum, { operations }) => sum + operations, 0);
  if (seconds === 0 || operations < LEAST_SHARE * estimated) return undefined;
  return {
    operationsPerSecond: operations / seconds,
    by: "the trainings recorded on this machine",
  };
}

/** Sides of the products, as large as those of a training step. */
const ROWS = 1024, WIDTH = 256;

/** Products a run: what a run costs beside them is small against so many. */
const PRODUCTS = 8;

/** Milliseconds that are spent on it, unless one run takes longer. */
const BUDGET = 250;

/**
 * Times matrix products on a runtime with all cores, on ONNX Runtime where there is none; the best of several runs, as
 * others' work only slows them.
 */
export async function measuredRate(runtime?: RuntimeChoice): Promise<Rate> {
  const { compile } = await loadRuntime(runtime);
  const executable = await compile(products, {
    threads: navigator.hardwareConcurrency,
  });
  // A row of the weights sums to 1, so that values stay what they are however often they are multiplied.
  const inputs = {
    x: { shape: [ROWS, WIDTH], data: new Float32Array(ROWS * WIDTH).fill(1) },
    w: {
      shape: [WIDTH, WIDTH],
      data: new Float32Array(WIDTH ** 2).fill(1 / WIDTH),
    },
  };
  const began = performance.now();
  let best = Infinity;
  do {
    const before = performance.now();
    await executable.run(inputs);
    best = Math.min(best, performance.now() - before);
  } while (performance.now() - began < BUDGET);
  await executable.dispose();
  const operations = PRODUCTS * 2 * ROWS * WIDTH ** 2;
  return {
    operationsPerSecond: operations / (best / 1000),
    by: runtime === undefined
      ? "a matrix product of ONNX Runtime measured now"
      : "a matrix product measured now",
  };
}

const products: Program = {
  name: "products",
  inputs: {
    x: { shape: ["rows", WIDTH], dtype: "float32" },
    w: { shape: [WIDTH, WIDTH], dtype: "float32" },
  },
  build: ({ x, w }) => {
    let y = x as ReturnType<typeof tf.tensor2d>;
    const weights = w as typeof y;
    for (let i = 0; i < PRODUCTS; i++) y = tf.matMul(y, weights);
    return { y };
  },
};
