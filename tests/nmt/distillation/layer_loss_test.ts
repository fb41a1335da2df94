/** The loss of combined layers against hand-worked numbers, plain loops and finite differences. */
import { assertEquals } from "@std/assert";
import {
  layerLoss,
  projectionShapes,
} from "../../../nmt/distillation/layer_loss.ts";
import { Distillation } from "../../../schemas/experiment/distillation.ts";
import type { Tensor, Tensors } from "../../../nmt/tensor/program.ts";
import { tf } from "../../../nmt/tensor/tfjs.ts";
import { f32 } from "../tensor/values.ts";
import { assertAgrees, assertLoss, drawn } from "../fixtures/agreement.ts";
import * as plain from "../fixtures/plain.ts";

const WEIGHTS = f32([0.5, 0.25, 0.25, 0]);

Deno.test("combined layers of hand-worked states, without projection and projected on either side", async () => {
  const inputs = {
    student: f32([[3, 4], [0, 2]]),
    first: f32([[2, 0], [0, 7]]),
    second: f32([[0, 0], [24, 0]]),
    weights: f32([0.5, 0.5]),
  };
  const weight = (...rows: number[][]) => tf.tensor(rows);
  const loss =
    (layers: number[], project: "student" | "teacher" | "none", map: Tensor) =>
    (t: Tensors) =>
      layerLoss(
        {
          "projection.encoder.0.weight": map,
          "projection.encoder.0.bias": tf.zeros([map.shape[1] ?? 0]),
        },
        {
          stack: "encoder",
          M: [layers],
          h_S: [t.student],
          h_T: (layer) => layer === 1 ? t.first : t.second,
          weights: t.weights,
        },
        { combine: "concatenation", project },
      );
  // (0.6, 0.8) and (1, 0) are sqrt(0.8) apart; the second row points the same way at another length.
  await assertLoss(
    inputs,
    (t) => loss([1], "none", weight([0]))(t),
    0.5 * 0.8,
  );
  // The student is lifted to (3, 4, 0, 0) and (0, 2, 0, 0); the teacher is (1, 0, 0, 0) and (0, 7, 24, 0) / 25.
  await assertLoss(
    inputs,
    (t) => loss([1, 2], "student", weight([1, 0, 0, 0], [0, 1, 0, 0]))(t),
    0.5 * 0.8 + 0.5 * (0.72 ** 2 + 0.96 ** 2),
  );
  // The teacher is fused to the sum of its layers, (2, 0) and (24, 7); the student is (0.6, 0.8) and (0, 1).
  await assertLoss(
    inputs,
    (t) => loss([2, 1], "teacher", weight([1, 0], [0, 1], [1, 0], [0, 1]))(t),
    0.5 * 0.8 + 0.5 * (0.96 ** 2 + 0.72 ** 2),
  );
});

Deno.test("layers combined by attention of hand-worked states: shares of three quarters and one, and of a half each", () =>
  assertLoss(
    {
      // <query, layer> / sqrt(4) is ln 3 and 0 in the first row: 3/4 of the first layer and 1/4 of the second point where
      // the student does. In the second row both are 0, and half of each is at a right angle to it.
      student: f32([[2, 0, 0, 0], [0, 0, 2, 0]]),
      first: f32([[Math.log(3), 4, 0, 0], [0, 0, 0, 2]]),
      second: f32([[0, -12, 0, 0], [0, 0, 0, 4]]),
      weights: f32([0.75, 0.25]),
    },
    (t) =>
      layerLoss({}, {
        stack: "encoder",
        M: [[1, 2]],
        h_S: [t.student],
        h_T: (layer) => layer === 1 ? t.first : t.second,
        weights: t.weights,
      }, { combine: "attention", project: "none" }),
    0.75 * 0 + 0.25 * 2,
  ));

Deno.test("a layer of a hundred times another's norm drowns it, unless each is normalised", async () => {
  const loss = (normalize?: "layers") => (t: Tensors) =>
    layerLoss({}, {
      stack: "encoder",
      M: [[1, 2]],
      h_S: [t.student],
      h_T: (layer) => layer === 1 ? t.small : t.large,
      weights: t.weights,
    }, { combine: "concatenation", project: "none", normalize });
  // The student agrees with the large layer and is the opposite of the small one.
  const inputs = {
    student: f32([[-0.03, -0.04, 3, 4]]),
    small: f32([[0.3, 0.4]]),
    large: f32([[30, 40]]),
    weights: f32([1]),
  };
  const cosine = 0.9999 / 1.0001; // of (-0.01, 1) and (0.01, 1)
  await assertLoss(inputs, loss(), 2 - 2 * cosine);
  // (1, 1) / sqrt(2) and (-0.01, 1) / sqrt(1.0001) are an eighth of a turn apart.
  const equal = 0.99 / Math.sqrt(2 * 1.0001);
  await assertLoss(inputs, loss("layers"), 2 - 2 * equal);
});

/** How layers are combined, normalised and projected, where these fit. */
const MANNERS: readonly Pick<
  Distillation,
  "combine" | "project" | "normalize"
>[] = [
  { combine: "concatenation", project: "student" },
  { combine: "concatenation", project: "teacher" },
  { combine: "concatenation", project: "none" },
  { combine: "attention", project: "student" },
  { combine: "attention", project: "none" },
  { combine: "concatenation", project: "student", normalize: "layers" },
  { combine: "concatenation", project: "teacher", normalize: "layers" },
  { combine: "attention", project: "student", normalize: "layers" },
];

/** One layer of an encoder; several of a decoder, some of them twice. */
const MAPS = [
  { stack: "encoder", M: [[2]] },
  { stack: "decoder", M: [[1, 2], [3, 1, 2]] },
] as const;

for (const manner of MANNERS) {
  const { combine, project, normalize } = manner;
  for (const { stack, M } of MAPS) {
    const map = M.map((layers) => [...layers]);
    const studentWidth = project === "none" ? 3 : 4;
    // Without projection the widths must agree: each student layer is as wide as what is combined for it.
    const widths = map.map((layers) =>
      project === "none" && combine === "concatenation"
        ? layers.length * 3
        : studentWidth
    );
    const shapes = projectionShapes(
      Distillation.parse({ beta: 1, ...manner, [stack]: map }),
      { student: studentWidth, teacher: 3 },
    );
    const teacherNames = [1, 2, 3].map((layer) => `teacher${layer}`);
    const inputs = Object.fromEntries([
      ...widths.map((width, j) => [`student${j}`, drawn(10 + j, 4, width)]),
      ...teacherNames.map((name, i) => [name, drawn(20 + i, 4, 3)]),
      ...Object.entries(shapes).map(([name, shape], i) => [
        name,
        drawn(30 + i, ...shape),
      ]),
      ["weights", WEIGHTS],
    ]);

    Deno.test(
      `combined ${stack} layers ${
        JSON.stringify(map)
      } by ${combine}, projection ${project}${
        normalize ? ", layers normalised" : ""
      }: the loss and its gradient agree with plain numbers`,
      () =>
        assertAgrees(
          inputs,
          ["weights", ...teacherNames],
          (t) =>
            layerLoss(t, {
              stack,
              M: map,
              h_S: map.map((_, j) => t[`student${j}`]),
              h_T: (layer: number) => t[`teacher${layer}`],
              weights: t.weights,
            }, manner),
          (n) => {
            const maps = project === "none" ? [] : map.map((_, j) => ({
              weight: n.matrix(`projection.${stack}.${j}.weight`),
              bias: n.vector(`projection.${stack}.${j}.bias`),
            }));
            return plain.combinedLayers(
              map,
              map.map((_, j) => n.matrix(`student${j}`)),
              teacherNames.map(n.matrix),
              n.vector("weights"),
              project === "student" ? maps : [],
              project === "teacher" ? maps : [],
              manner,
            );
          },
        ),
    );
  }
}

Deno.test("projections have the shapes of what they join, and there are none without projection", () => {
  const widths = { student: 4, teacher: 6 };
  const of = (
    project: Distillation["project"],
    combine: Distillation["combine"] = "concatenation",
  ) =>
    projectionShapes(
      Distillation.parse({
        project,
        combine,
        encoder: [[1, 2]],
        decoder: [[3], [1, 2, 3]],
      }),
      widths,
    );
  const byAttention = of("student", "attention");
  assertEquals(byAttention["projection.decoder.1.weight"], [4, 6]);
  assertEquals(of("none"), {});
  assertEquals(of("student"), {
    "projection.encoder.0.weight": [4, 12],
    "projection.encoder.0.bias": [12],
    "projection.decoder.0.weight": [4, 6],
    "projection.decoder.0.bias": [6],
    "projection.decoder.1.weight": [4, 18],
    "projection.decoder.1.bias": [18],
  });
  assertEquals(of("teacher"), {
    "projection.encoder.0.weight": [12, 4],
    "projection.encoder.0.bias": [4],
    "projection.decoder.0.weight": [6, 4],
    "projection.decoder.0.bias": [4],
    "projection.decoder.1.weight": [18, 4],
    "projection.decoder.1.bias": [4],
  });
});
