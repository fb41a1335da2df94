/** Training with OpenVINO: the same bytes twice, and near ONNX Runtime's losses. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { loadRuntime } from "../../../../nmt/tensor/runtime.ts";
import type { RuntimeChoice } from "../../../../schemas/experiment/runtime.ts";
import { task } from "../../fixtures/model.ts";
import { trainedSteps } from "../../fixtures/trained_steps.ts";
import { test } from "./available.ts";

const PRECISIONS = ["float32", "bfloat16"] as const;
const toy = task(undefined, { warmup: 50, factor: 0.15 });

const trained = async (choice: RuntimeChoice, steps: number) =>
  trainedSteps(await loadRuntime(choice), toy, { steps, count: 6000 });

for (const precision of PRECISIONS) {
  test(`twenty steps of training in ${precision} are the same bytes twice`, async () => {
    const choice = { name: "openvino", precision } as const;
    const first = await trained(choice, 20);
    assert(first.losses[0] - first.losses[19] > 0.1, "the model learns");
    assertEquals(await trained(choice, 20), first);
  });
}

/** By which share of it a loss may differ from ONNX Runtime's, and by how much all the last ones together. */
const TOLERANCES = {
  float32: { each: 1e-5, mean: 1e-5 },
  bfloat16: { each: 0.02, mean: 0.005 },
} as const;
const STEPS = 200, LAST = 50;

const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

test("two hundred steps have the losses that they have with ONNX Runtime, in bfloat16 within 2 %", async () => {
  const onnx = (await trained({}, STEPS)).losses;
  assert(onnx[STEPS - 1] < 0.7 * onnx[0], "the model learns");
  for (const precision of PRECISIONS) {
    const { losses } = await trained({ name: "openvino", precision }, STEPS);
    const differences = losses.map((loss, step) => loss / onnx[step] - 1);
    const greatest = Math.max(...differences.slice(-LAST).map(Math.abs));
    const { each, mean: most } = TOLERANCES[precision];
    assert(greatest <= each, `${precision}: off by ${greatest}`);
    const shift = Math.abs(mean(differences.slice(-LAST)));
    assert(shift <= most, `${precision}: off by ${shift} in the mean`);
    assertNotEquals(losses, onnx, "another runtime rounds otherwise");
  }
});
