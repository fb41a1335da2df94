/** The bench measures real steps, and a training step does not grow slow beside the matrix products that it consists of. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { syntheticBatch } from "../../bench/measures/batch.ts";
import { training } from "../../bench/figures.ts";
import { measureRoofline } from "../../bench/measures/products.ts";
import { MachineRows } from "../../bench/rows/committed_rows.ts";
import { Model } from "../../schemas/experiment/model.ts";
import { loadRuntime } from "../../nmt/tensor/runtime.ts";
import { bench } from "./bench.ts";

/**
 * Time of the step below over that of its products alone, as measured when it was last made faster; both in one process
 * and in turns, so that the machine's speed does not matter. Set it down when the step gets faster.
 */
const BASELINE = 1.55;
const WORSE_BY = 1.25;
const ATTEMPTS = 3;

Deno.test("a training step takes at most a quarter more of its matrix products' time than it did", async () => {
  const model = Model.parse({
    encoderLayers: 2,
    decoderLayers: 2,
    width: 128,
    feedForward: 512,
    heads: 4,
  });
  const vocabulary = 2000;
  const batch = syntheticBatch(32, 24, vocabulary);
  const runtime = await loadRuntime();
  const ratios: number[] = [];
  // A machine that does something else makes the ratio larger and never smaller: the least tells.
  while (
    ratios.length < ATTEMPTS && !ratios.some((r) => r <= BASELINE * WORSE_BY)
  ) {
    const { stepMs, productsMs } = await measureRoofline(
      runtime,
      { model, vocabulary, training },
      batch,
      { threads: 1, turns: 12 },
    );
    ratios.push(stepMs / productsMs);
  }
  const least = Math.min(...ratios);
  assert(
    least <= BASELINE * WORSE_BY,
    `The step takes ${least.toFixed(2)} times its products' time, expected ${
      BASELINE.toFixed(2)
    }: profile it, or say in the commit why it has to be slower and set BASELINE.`,
  );
  console.log(`step / products: ${ratios.map((r) => r.toFixed(2)).join(", ")}`);
});

Deno.test("--json gives what scripts rely on, and says which peer is missing", async () => {
  const { code, out } = await bench(
    [
      "--rows=step-d256,ready-d256",
      "--alternations=1",
      "--steps=1",
      "--json",
    ],
    { CKD_BENCH_PYTHON: "/nowhere/python" },
  );
  assertEquals(code, 0);
  const { rows: [step, ready], text, machine } = MachineRows.parse(
    JSON.parse(out),
  );
  assertEquals([text, machine.threads], ["messages", 2]);
  assert(machine.memoryGB !== undefined && machine.memoryGB > 0);
  assertEquals([step.row, ready.row], ["step-d256", "ready-d256"]);
  assert((step.ours ?? 0) > 0 && (ready.ours ?? 0) > 0);
  assertEquals([step.peer, step.ratio], [null, null]);
  assertMatch(
    step.missing ?? "",
    /"\/nowhere\/python" has no torch: run bench\/setup/,
  );
  assertEquals([ready.peer, ready.peerName, ready.bar], [null, null, 2]);
});
