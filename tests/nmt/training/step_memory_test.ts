/** A training step holds no more than it needs. */
import { assert, assertEquals } from "@std/assert";
import { parameterPacking } from "../../../nmt/training/parameter_packing.ts";
import { slots, slotTensors } from "../../../nmt/training/step_inputs.ts";
import {
  gradientProgram,
  LOSSES,
  stepProgram,
  trainedShapes,
} from "../../../nmt/training/training_step.ts";
import { record } from "../../../nmt/tensor/onnx/trace.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { batch, perturbedWeights, task, weights } from "../fixtures/model.ts";

const distilled = task({
  alpha: 0.5,
  beta: 0.2,
  encoder: [[1, 2], [3, 4]],
  decoder: [[1, 2], [3, 4]],
});

/** Inputs of a step of the task: a batch, packed weights, moments that are not zero. */
function inputs() {
  const shapes = trainedShapes(distilled);
  const packed = parameterPacking(shapes);
  const slot = (name: string, seed: number) =>
    slotTensors(
      packed.shapes,
      name,
      packed.packNumbers(perturbedWeights(shapes, seed, 0.2)),
    );
  const positive = Object.fromEntries(
    Object.entries(slot(slots.second, 9)).map(([name, { shape, data }]) => [
      name,
      { shape, data: data.map(Math.abs) },
    ]),
  );
  const scalar = (value: number) => ({
    shape: [],
    data: Float32Array.of(value),
  });
  return {
    ...batch(distilled, { batch: 4, source: 9, target: 7 }, 1),
    ...slot(slots.weight, 7),
    ...slot(slots.first, 8),
    ...positive,
    rate: scalar(1e-3),
    epsilon: scalar(1e-9),
  };
}

Deno.test("the losses are the last nodes of a step, which ONNX Runtime computes first", async () => {
  await loadRuntime();
  const { nodes } = record(stepProgram(distilled));
  const losses = LOSSES.filter((name) => name !== "attention");
  const last = nodes.slice(-2 * losses.length)
    .flatMap(({ outputs }) => outputs);
  for (const name of losses) assert(last.includes(name), name);
});

Deno.test("the losses of a step are those beside its gradients, bit for bit", async () => {
  const runtime = await loadRuntime();
  const given = inputs();
  const step = await runtime.compile(stepProgram(distilled));
  const gradients = await runtime.compile(gradientProgram(distilled));
  const both = [
    await step.run(given),
    await gradients.run({ ...given, ...weights(distilled, 7) }),
  ];
  for (const name of ["loss", "nll", "softTargets", "layers"]) {
    const [one, other] = both.map((outputs) => outputs[name].data[0]);
    assert(Number.isFinite(one), name);
    assertEquals(one, other, name);
  }
  await step.dispose();
  await gradients.dispose();
});
