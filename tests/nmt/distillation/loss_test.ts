/** The loss of a distillation: its stacks, its trained projections, and its gradient in every tensor. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
} from "@std/assert";
import { slots } from "../../../nmt/training/step_inputs.ts";
import {
  gradientProgram,
  type Task,
  trainedShapes,
} from "../../../nmt/training/training_step.ts";
import { random } from "../../../nmt/random.ts";
import type { HostTensors } from "../../../nmt/tensor/program.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { batch, task, weights } from "../fixtures/model.ts";

const LENGTHS = { batch: 3, source: 5, target: 6 };
const ENCODER = [[1, 2], [3, 4]];
const DECODER = [[1], [2, 3]];

/** Losses and gradients of one batch, with the same weights and batch for every task. */
async function gradientsOf(
  task: Task,
  change = (inputs: HostTensors): HostTensors => inputs,
): Promise<Record<string, Float32Array>> {
  const executable = await (await loadRuntime()).compile(
    gradientProgram(task),
    { threads: 1 },
  );
  const results = await executable.run(
    change({ ...batch(task, LENGTHS, 1), ...weights(task, 7) }),
  );
  await executable.dispose();
  return Object.fromEntries(
    Object.entries(results).map((
      [name, { data }],
    ) => [name, data as Float32Array]),
  );
}

/** The same inputs with states and projections that do not depend on which others there are. */
const drawnByName = (inputs: HostTensors): HostTensors =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, data }]) => {
      if (!/^(teacher (en|de)coder|weight projection)/.test(name)) {
        return [name, { shape, data }];
      }
      const next = random(name);
      return [name, { shape, data: data.map(() => next() - 0.5) }];
    }),
  );

Deno.test("both sides' layers add up, and each reads its own states", async () => {
  const layers = async (maps: { encoder?: number[][]; decoder?: number[][] }) =>
    (await gradientsOf(task({ beta: 0.5, ...maps }), drawnByName)).layers[0];
  const encoder = await layers({ encoder: ENCODER });
  const decoder = await layers({ decoder: DECODER });
  const both = await layers({ encoder: ENCODER, decoder: DECODER });
  assertAlmostEquals(both, encoder + decoder, 1e-5 * both);
  assert(Math.abs(encoder - decoder) > 0.01);
});

Deno.test("projections are trained with the student, and there are none where none is asked for", async () => {
  const trained = (project: "student" | "teacher" | "none") => {
    const map = project === "none" ? [[1], [2]] : ENCODER;
    return Object.keys(
      trainedShapes(task({ beta: 0.5, encoder: map, project })),
    )
      .filter((name) => name.startsWith("projection."));
  };
  const names = [0, 1].flatMap((
    j,
  ) => [`projection.encoder.${j}.weight`, `projection.encoder.${j}.bias`]);
  assertEquals([trained("student"), trained("teacher"), trained("none")], [
    names,
    names,
    [],
  ]);
  for (const project of ["student", "teacher"] as const) {
    const found = await gradientsOf(
      task({ beta: 0.5, encoder: ENCODER, project }),
    );
    for (const name of names) {
      assert(Math.max(...found[`gradient ${name}`].map(Math.abs)) > 1e-4, name);
    }
  }
});

Deno.test("a loss that leaves a part of the model untrained is an error that names a parameter", async () => {
  await assertRejects(
    () => gradientsOf(task({ alpha: 0, beta: 1, encoder: ENCODER })),
    Error,
    "Cannot train encoder.norm.gain: the loss does not read it",
  );
  // The states of layers are read before the stack's final norm, so that of the decoder is read by no layer loss.
  await assertRejects(
    () =>
      gradientsOf(
        task({ alpha: 0, beta: 1, encoder: ENCODER, decoder: DECODER }),
      ),
    Error,
    "Cannot train decoder.norm.gain: the loss does not read it",
  );
});

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
    "a distillation projected on the teacher": task({
      beta: 0.9,
      encoder: ENCODER,
      project: "teacher",
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
