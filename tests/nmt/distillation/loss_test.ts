/** The gradient of the loss in every tensor against its slope. */
import { assertAlmostEquals } from "@std/assert";
import { slots } from "../../../nmt/training/step_inputs.ts";
import {
  gradientProgram,
  trainedShapes,
} from "../../../nmt/training/training_step.ts";
import { random } from "../../../nmt/random.ts";
import type { HostTensors } from "../../../nmt/tensor/program.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { batch, task, weights } from "../fixtures/model.ts";

const LENGTHS = { batch: 3, source: 5, target: 6 };
const ENCODER = [[1, 2], [3, 4]];
const DECODER = [[1], [2, 3]];

/** The same weights with biases that hold every unit of the feed-forward blocks far on one side of its kink. */
const withoutKinks = (weights: HostTensors): HostTensors =>
  Object.fromEntries(
    Object.entries(weights).map(([name, { shape, data }]) => [name, {
      shape,
      data: name.endsWith("feedForward.inner.bias")
        ? data.map((_, i) => i % 3 === 0 ? -9 : 9)
        : data,
    }]),
  );

for (
  const [name, each] of Object.entries({
    "a training": task(),
    "a distillation projected on the student": task({
      alpha: 0.3,
      beta: 0.5,
      temperature: 2,
      encoder: ENCODER,
      decoder: DECODER,
    }),
    "a distillation from overlapping layers fused on the teacher's side": task({
      beta: 0.9,
      encoder: [[1, 2, 3], [2, 3, 4]],
      project: "teacher",
    }),
    "a distillation from normalised layers, their mean": task({
      beta: 0.9,
      encoder: ENCODER,
      decoder: DECODER,
      normalize: "layers",
      layerLoss: "mean",
    }),
    "a distillation by attention over layers, and of attention maps": task({
      beta: 0.8,
      encoder: [[1, 2, 3, 4], [3, 4]],
      combine: "attention",
      attention: { encoder: [1, 4], decoder: [2, 3] },
    }),
  })
) {
  Deno.test(`the gradient of ${name} in every tensor is the slope of the loss along it and along a random direction`, async () => {
    const reference = await (await loadRuntime({ name: "reference" })).compile(
      gradientProgram(each),
    );
    const onnx = await (await loadRuntime()).compile(
      gradientProgram(each),
      { threads: 1 },
    );
    const inputs = {
      ...batch(each, LENGTHS, 1),
      ...withoutKinks(weights(each, 7)),
    };
    const results = await reference.run(inputs);
    const names = Object.keys(trainedShapes(each));
    for (const [index, name] of names.entries()) {
      const gradient = Float64Array.from(results[`gradient ${name}`].data);
      const norm = Math.hypot(...gradient);
      const next = random("direction", index);
      const directions = [
        gradient.map((value) => value / norm),
        gradient.map(() =>
          (next() < 0.5 ? -1 : 1) / Math.sqrt(gradient.length)
        ),
      ];
      const { shape, data } = inputs[slots.weight + name];
      for (const direction of directions) {
        // Far enough for the loss to change by more than its rounding, near enough for it to be straight.
        const h = Math.min(0.03, 0.003 / norm);
        const at = async (distance: number) => {
          const moved = {
            shape,
            data: Float32Array.from(
              data,
              (value, i) => value + distance * direction[i],
            ),
          };
          return (await onnx.run({ ...inputs, [slots.weight + name]: moved }))
            .loss.data[0];
        };
        const slope = (await at(h) - await at(-h)) / (2 * h);
        const expected = direction.reduce(
          (sum, value, i) => sum + value * gradient[i],
          0,
        );
        assertAlmostEquals(
          slope,
          expected,
          0.01 * norm + 3e-7 / h,
          `${name}, of norm ${norm}`,
        );
      }
    }
    await onnx.dispose();
  });
}
