/** Which neurons are left out, and how the map behind them is refitted: beside trying every subset in plain loops. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { keptNeurons } from "../../../nmt/distillation/optimal_brain_surgeon.ts";
import { random } from "../../../nmt/random.ts";

const TOKENS = 200, NEURONS = 6, WIDTH = 4;
const next = random("optimal brain surgeon");
const numbers = (count: number) =>
  Float32Array.from({ length: count }, () => next() - 0.5);

/** Activations of each token, of which the last neuron's are the sum of the first two's. */
const activations = Array.from({ length: TOKENS }, () => {
  const h = [...numbers(NEURONS - 1)].map((x) => Math.max(0, x));
  return [...h, h[0] + h[1], 1];
});
const weight = numbers(NEURONS * WIDTH), bias = numbers(WIDTH);
const rows = NEURONS + 1;
const gram = Float64Array.from(
  { length: rows * rows },
  (_, at) =>
    activations.reduce(
      (sum, h) => sum + h[Math.floor(at / rows)] * h[at % rows],
      0,
    ),
);
const outputOf = (h: readonly number[]) =>
  Array.from(
    bias,
    (b, c) =>
      h.slice(0, NEURONS)
        .reduce((sum, x, j) => sum + x * weight[j * WIDTH + c], b),
  );

/** The least squared error of y from some of the neurons, by gradient descent on each of its features. */
function leastError(neurons: readonly number[]): number {
  const inputs = activations.map((h) => [...neurons, NEURONS].map((j) => h[j]));
  const targets = activations.map(outputOf);
  let error = 0;
  for (let c = 0; c < WIDTH; c++) {
    const map = new Float64Array(neurons.length + 1);
    for (let step = 0; step < 2000; step++) {
      const slope = new Float64Array(map.length);
      inputs.forEach((x, t) => {
        const off = x.reduce((sum, v, j) => sum + v * map[j], -targets[t][c]);
        x.forEach((v, j) => slope[j] += off * v / TOKENS);
      });
      slope.forEach((s, j) => map[j] -= s / 2);
    }
    inputs.forEach((x, t) =>
      error += x.reduce((sum, v, j) => sum + v * map[j], -targets[t][c]) ** 2
    );
  }
  return error;
}

function errorOf(kept: ReturnType<typeof keptNeurons>): number {
  return activations.reduce((error, h) =>
    outputOf(h).reduce((sum, y, c) => {
      const given = kept.neurons.reduce(
        (sum, j, i) => sum + h[j] * kept.weight[i * WIDTH + c],
        kept.bias[c],
      );
      return sum + (given - y) ** 2;
    }, error), 0);
}

Deno.test("a neuron that is the sum of two others is not needed, and nothing changes without one of the three", () => {
  const kept = keptNeurons({ gram, weight, bias }, NEURONS - 1);
  assert([0, 1, NEURONS - 1].some((j) => !kept.neurons.includes(j)));
  assert(errorOf(kept) < 0.002, String(errorOf(kept)));
});

Deno.test("what is not a finite number is refused, and does not go on forever", () => {
  const error = assertThrows(
    () => keptNeurons({ gram: gram.with(3, NaN), weight, bias }, 2),
    Error,
  );
  assertStringIncludes(error.message, "Cannot prune a feed-forward block");
});

Deno.test("with all neurons the map stays as it is", () => {
  const kept = keptNeurons({ gram, weight, bias }, NEURONS);
  assertEquals(kept.neurons, [0, 1, 2, 3, 4, 5]);
  kept.weight.forEach((w, at) => assertAlmostEquals(w, weight[at], 1e-4));
  kept.bias.forEach((b, c) => assertAlmostEquals(b, bias[c], 1e-4));
});

Deno.test("what is left out next is what costs least, and the map of the others is the least-squares one", () => {
  const five = keptNeurons({ gram, weight, bias }, 5).neurons;
  const four = keptNeurons({ gram, weight, bias }, 4);
  const errors = five.map((gone) => leastError(five.filter((j) => j !== gone)));
  const least = Math.min(...errors);
  const best = five[errors.indexOf(least)];
  assertEquals(four.neurons, five.filter((j) => j !== best));
  const error = errorOf(four);
  assert(
    least > 0.1 && error > 0.99 * least && error < 1.03 * least,
    `${error} beside ${least}`,
  );
});
