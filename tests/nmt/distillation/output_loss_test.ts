/** The losses of a model's output against hand-worked numbers, plain loops and finite differences. */
import { assertEquals } from "@std/assert";
import {
  outputLoss,
  positionWeights,
} from "../../../nmt/distillation/output_loss.ts";
import { layerNorm } from "../../../nmt/transformer/layers.ts";
import type { Tensor, Tensors } from "../../../nmt/tensor/program.ts";
import { tf } from "../../../nmt/tensor/tfjs.ts";
import { f32, i32 } from "../tensor/values.ts";
import { RUNTIMES } from "../tensor/runtimes.ts";
import { assertAgrees, assertLoss, drawn, run } from "../fixtures/agreement.ts";
import * as plain from "../fixtures/plain.ts";

// One feature: logits [0, 0, ln 2], so that the probabilities are a quarter, a quarter and a half.
const byHand = {
  x: f32([[1], [1], [1]]),
  embedding: f32([[0], [0], [Math.LN2]]),
  labels: i32([2, 0, 1]),
  weights: f32([0.5, 0.25, 0]),
};
const random4 = {
  x: drawn(1, 4, 3),
  embedding: drawn(2, 5, 3),
  labels: i32([4, 0, 2, 2]),
  weights: f32([0.5, 0.25, 0.25, 0]),
};
const LABELS = ["labels", "weights"];

const crossEntropy = (
  x: Tensor,
  embedding: Tensor,
  labels: Tensor,
  weights: Tensor,
  smoothing: number,
) =>
  outputLoss({ x, E: embedding }, {
    weights,
    L_NLL: { labels, smoothing, weight: 1 },
  })
    .loss;

const softTargets = (
  x: Tensor,
  embedding: Tensor,
  logits: Tensor,
  weights: Tensor,
  temperature: number,
) =>
  outputLoss({ x, E: embedding }, {
    weights,
    L_KD: { logits, temperature, weight: 1 },
  })
    .loss;

Deno.test("cross entropy of hand-worked probabilities: labels at a half and a quarter, then smoothed", async () => {
  const loss = (smoothing: number) => (t: Tensors) =>
    crossEntropy(t.x, t.embedding, t.labels, t.weights, smoothing);
  await assertLoss(byHand, loss(0), (0.5 + 0.25 * 2) * Math.LN2);
  // Targets 0.8 and 0.1 twice: 0.8 + 2 * 0.2 on the half, 2 * 0.9 + 0.1 on a quarter.
  await assertLoss(
    byHand,
    loss(0.3),
    (0.5 * 1.2 + 0.25 * 1.9) * Math.LN2,
  );
});

for (const smoothing of [0, 0.1, 0.6]) {
  Deno.test(`cross entropy smoothed by ${smoothing} and its gradient agree with plain numbers`, () =>
    assertAgrees(
      random4,
      LABELS,
      (t) => crossEntropy(t.x, t.embedding, t.labels, t.weights, smoothing),
      (n) =>
        plain.crossEntropy(
          n.matrix("x"),
          n.matrix("embedding"),
          n.vector("labels"),
          n.vector("weights"),
          smoothing,
        ),
    ));
}

Deno.test("cross entropy of logits in the hundreds is finite and exact", () =>
  assertLoss(
    {
      ...byHand,
      x: f32([[300], [300], [300]]),
      embedding: f32([[0], [-1], [1]]),
    },
    (t) => crossEntropy(t.x, t.embedding, t.labels, t.weights, 0),
    0.25 * 300,
  ));

const teacherHand = f32([
  [Math.LN2, 0, 0],
  [0, 0, Math.LN2],
  [9, 0, 0],
]);

Deno.test("soft targets of hand-worked probabilities at temperatures 1 and 2", async () => {
  const loss = (temperature: number, scale: number) => (t: Tensors) =>
    softTargets(
      t.x,
      tf.mul(t.embedding, scale),
      tf.mul(t.teacher, scale),
      t.weights,
      temperature,
    );
  const inputs = { ...byHand, teacher: teacherHand };
  // KL of (1/2, 1/4, 1/4) and (1/4, 1/4, 1/2): half of ln 2 less a quarter of it. The second row agrees.
  const { labels: _, ...rest } = inputs;
  await assertLoss(rest, loss(1, 1), 0.5 * 0.25 * Math.LN2);
  await assertLoss(rest, loss(2, 2), 4 * 0.5 * 0.25 * Math.LN2);
});

for (const temperature of [0.5, 1, 2, 7]) {
  Deno.test(`soft targets at temperature ${temperature} and their gradient agree with plain numbers`, () => {
    const { labels: _, ...inputs } = random4;
    return assertAgrees(
      { ...inputs, teacher: drawn(3, 4, 5) },
      ["weights", "teacher"],
      (t) => softTargets(t.x, t.embedding, t.teacher, t.weights, temperature),
      (n) =>
        plain.softTargets(
          n.matrix("x"),
          n.matrix("embedding"),
          n.matrix("teacher"),
          n.vector("weights"),
          temperature,
        ),
    );
  });
}

for (const temperature of [1, 2]) {
  Deno.test(`labels and soft targets at temperature ${temperature}, each with its share, and their gradient agree with plain numbers`, () =>
    assertAgrees(
      { ...random4, teacher: drawn(3, 4, 5) },
      [...LABELS, "teacher"],
      (t) =>
        outputLoss({ x: t.x, E: t.embedding }, {
          weights: t.weights,
          L_NLL: { labels: t.labels, smoothing: 0.1, weight: 0.3 },
          L_KD: { logits: t.teacher, temperature, weight: 0.5 },
        }).loss,
      (n) => {
        const [x, embedding] = [n.matrix("x"), n.matrix("embedding")];
        const [labels, weights] = [n.vector("labels"), n.vector("weights")];
        const soft = plain.softTargets(
          x,
          embedding,
          n.matrix("teacher"),
          weights,
          temperature,
        );
        return 0.5 * soft +
          0.3 * plain.crossEntropy(x, embedding, labels, weights, 0.1);
      },
    ));
}

Deno.test("positions weigh alike and padding weighs nothing", async () => {
  for (const runtime of RUNTIMES) {
    const { weights } = await run(
      runtime,
      { ids: i32([5, 6, 2, 2, 0, 0]) },
      ({ ids }) => ({ weights: positionWeights(ids, 0) }),
    );
    assertEquals(weights.shape, [6]);
    assertEquals([...weights.data], [0.25, 0.25, 0.25, 0.25, 0, 0]);
  }
});

Deno.test("layer norm and its gradient agree with plain numbers", () =>
  assertAgrees(
    {
      x: drawn(1, 4, 6),
      "place.norm.gain": drawn(2, 6),
      "place.norm.bias": drawn(3, 6),
      coefficients: drawn(4, 4, 6),
    },
    [],
    (t) =>
      tf.sum(
        tf.mul(
          t.coefficients,
          layerNorm({ normEpsilon: 1e-5 }, t, "place", t.x),
        ),
      ),
    (n) => {
      const y = plain.layerNorm(
        n.matrix("x"),
        n.vector("place.norm.gain"),
        n.vector("place.norm.bias"),
        1e-5,
      );
      return n.matrix("coefficients")
        .map((row, r) => plain.dot(row, y[r]))
        .reduce((a, b) => a + b);
    },
  ));
