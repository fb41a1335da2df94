/** The recorded Adam against the textbook's, and the Noam schedule against hand-worked rates. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  adam,
  noam,
  rateOf,
  stepSizes,
} from "../../../nmt/training/optimizer.ts";
import { Training } from "../../../schemas/experiment/model.ts";
import { random } from "../../../nmt/random.ts";
import type { HostTensors, Program } from "../../../nmt/tensor/program.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { RUNTIMES } from "../tensor/runtimes.ts";
import { f32 } from "../tensor/values.ts";

const SHAPES = { matrix: [3, 5], vector: [4] } as const;
type Name = keyof typeof SHAPES;
const NAMES = Object.keys(SHAPES) as Name[];
const STEPS = 5;

/** Adam on given gradients: what is left of a training step without a model. */
function program(training: Training): Program {
  const spec = (name: Name) =>
    ({ shape: SHAPES[name], dtype: "float32" }) as const;
  return {
    name: "adam",
    inputs: {
      rate: { shape: [], dtype: "float32" },
      epsilon: { shape: [], dtype: "float32" },
      ...Object.fromEntries(
        NAMES.flatMap((name) =>
          ["weight", "first", "second", "gradient"].map((
            part,
          ) => [`${part} ${name}`, spec(name)])
        ),
      ),
    },
    build: (inputs) => {
      const state = Object.fromEntries(NAMES.map((name) => [name, {
        weight: inputs[`weight ${name}`],
        first: inputs[`first ${name}`],
        second: inputs[`second ${name}`],
      }]));
      const gradients = Object.fromEntries(
        NAMES.map((name) => [name, inputs[`gradient ${name}`]]),
      );
      const next = adam(
        training,
        state,
        gradients,
        inputs.rate,
        inputs.epsilon,
      );
      return Object.fromEntries(
        NAMES.flatMap((name) =>
          Object.entries(next[name]).map((
            [part, x],
          ) => [`next ${part} ${name}`, x])
        ),
      );
    },
  };
}

interface Parameter {
  readonly weight: number[];
  readonly m: number[];
  readonly v: number[];
}

/** One step of algorithm 1 of Kingma and Ba 2015, in double precision, on gradients clipped to a global norm. */
function textbook(
  training: Training,
  state: Readonly<Record<Name, Parameter>>,
  gradients: Readonly<Record<Name, readonly number[]>>,
  rate: number,
  t: number,
): Record<Name, Parameter> {
  const { beta1, beta2, epsilon, clipNorm } = training;
  const squares = NAMES.flatMap((name) => gradients[name].map((g) => g * g));
  const norm = Math.sqrt(squares.reduce((a, b) => a + b));
  const scale = clipNorm > 0 ? Math.min(1, clipNorm / norm) : 1;
  const update = (name: Name): Parameter => {
    const g = gradients[name].map((value) => value * scale);
    const m = state[name].m.map((old, i) => beta1 * old + (1 - beta1) * g[i]);
    const v = state[name].v.map((old, i) =>
      beta2 * old + (1 - beta2) * g[i] ** 2
    );
    const weight = state[name].weight.map((old, i) => {
      const mHat = m[i] / (1 - beta1 ** t);
      const vHat = v[i] / (1 - beta2 ** t);
      return old - rate * mHat / (Math.sqrt(vHat) + epsilon);
    });
    return { weight, m, v };
  };
  return { matrix: update("matrix"), vector: update("vector") };
}

const CONFIGS: readonly Partial<Training>[] = [
  { beta1: 0.9, beta2: 0.998, epsilon: 1e-9 },
  { beta1: 0.9, beta2: 0.98, epsilon: 0.01 },
  { beta1: 0, beta2: 0.5, epsilon: 1e-6 },
  { beta1: 0.5, beta2: 0, epsilon: 0.3 },
  { beta1: 0.9, beta2: 0.998, epsilon: 1e-9, clipNorm: 1 },
  { beta1: 0, beta2: 0.9, epsilon: 0.01, clipNorm: 0.05 },
  { beta1: 0.8, beta2: 0.9, epsilon: 1e-9, clipNorm: 1e4 },
];

const count = (name: Name) =>
  SHAPES[name].reduce((product: number, size) => product * size, 1);

/** Of each tensor a value by its name. */
const named = <Value>(part: string, of: (name: Name) => Value) =>
  Object.fromEntries(NAMES.map((name) => [`${part} ${name}`, of(name)]));

for (const { name, load } of RUNTIMES) {
  for (const config of CONFIGS) {
    Deno.test(`${name}: five steps of Adam with ${JSON.stringify(config)} are the textbook's`, async () => {
      const training = Training.parse(config);
      const executable = await (await load()).compile(
        program(training),
        { threads: 1 },
      );
      const next = random("adam", 1);
      const draw = (name: Name, scale: number) =>
        Array.from(
          { length: count(name) },
          () => Math.fround(scale * (2 * next() - 1)),
        );
      const start = (name: Name): Parameter => {
        const zeros = new Array<number>(count(name)).fill(0);
        return { weight: draw(name, 1), m: zeros, v: zeros };
      };
      let expected = { matrix: start("matrix"), vector: start("vector") };
      const host = (name: Name, data: readonly number[]) =>
        f32(data, SHAPES[name]);
      let state: HostTensors = {
        ...named("weight", (name) => host(name, expected[name].weight)),
        ...named("first", (name) => host(name, expected[name].m)),
        ...named("second", (name) => host(name, expected[name].v)),
      };
      for (let step = 1; step <= STEPS; step++) {
        const scale = 10 ** (step - 3);
        const gradients = {
          matrix: draw("matrix", scale),
          vector: draw("vector", scale),
        };
        const base = 0.1 / step;
        const { rate, epsilon } = stepSizes(training, base, step);
        const results = await executable.run({
          rate: f32(rate),
          epsilon: f32(epsilon),
          ...state,
          ...named("gradient", (name) => host(name, gradients[name])),
        });
        state = Object.fromEntries(
          Object.entries(results)
            .map(([name, tensor]) => [name.replace("next ", ""), tensor]),
        );
        expected = textbook(training, expected, gradients, base, step);
        for (const name of NAMES) {
          const { weight, m, v } = expected[name];
          const parts = {
            weight: [weight, 1],
            first: [m, 1 - training.beta1],
            second: [v, 1 - training.beta2],
          } as const;
          for (const [part, [wanted, factor]] of Object.entries(parts)) {
            const { data } = state[`${part} ${name}`];
            const tolerance = 1e-5 * Math.max(...wanted.map(Math.abs));
            wanted.forEach((value, i) =>
              assertAlmostEquals(
                data[i] * factor,
                value,
                tolerance,
                `step ${step}, ${part} ${name} ${i}`,
              )
            );
          }
        }
      }
      await executable.dispose();
    });
  }
}

Deno.test("a gradient of nothing moves nothing", async () => {
  const training = Training.parse({ clipNorm: 1 });
  const executable = await (await loadRuntime()).compile(program(training));
  const { rate, epsilon } = stepSizes(training, 1, 1);
  const zeros = (name: Name) =>
    f32(new Array(count(name)).fill(0), SHAPES[name]);
  const results = await executable.run({
    rate: f32(rate),
    epsilon: f32(epsilon),
    ...named("weight", zeros),
    ...named("first", zeros),
    ...named("second", zeros),
    ...named("gradient", zeros),
  });
  for (const { data } of Object.values(results)) {
    assertEquals(new Set<number>(data), new Set([0]));
  }
  await executable.dispose();
});

Deno.test("the rate rises in proportion to the step, then falls with its root", () => {
  // Width 400 gives a factor of 1 / 20; warm-up 100 the summit 2 / 20 / 10 at step 100.
  const rates = [1, 25, 100, 400, 10_000].map((step) =>
    noam({ factor: 2, warmup: 100 }, 400, step)
  );
  [0.0001, 0.0025, 0.01, 0.005, 0.001].forEach((rate, i) =>
    assertAlmostEquals(rates[i], rate, 1e-12)
  );
  assertAlmostEquals(
    noam({ factor: 1, warmup: 4000 }, 512, 4000),
    (512 * 4000) ** -0.5,
    1e-12,
  );
});

Deno.test("a constant rate is reached over the warm-up and stays", () => {
  const training = Training.parse({ rate: 1e-4, warmup: 50 });
  const rates = [25, 50, 5000].map((step) => rateOf(training, 400, step));
  assertEquals(rates, [5e-5, 1e-4, 1e-4]);
  const noamed = Training.parse({ factor: 2, warmup: 100 });
  assertEquals(rateOf(noamed, 400, 25), noam(noamed, 400, 25));
});

Deno.test("in the cooldown the rate falls along a line, and the last step still has one", () => {
  const training = Training.parse({
    ...{ rate: 1e-4, warmup: 50, steps: 1000, cooldown: 99 },
  });
  const rates = [901, 902, 951, 1000].map((step) =>
    rateOf(training, 400, step)
  );
  [1e-4, 9.9e-5, 5e-5, 1e-6].forEach((rate, i) =>
    assertAlmostEquals(rates[i], rate, 1e-12)
  );
});
