/** The loss of attention maps against hand-worked numbers, plain loops and finite differences. */
import { attentionLoss } from "../../../nmt/distillation/attention_loss.ts";
import { tf } from "../../../nmt/tensor/tfjs.ts";
import { f32 } from "../tensor/values.ts";
import { assertAgrees, assertLoss, drawn } from "../fixtures/agreement.ts";
import * as plain from "../fixtures/plain.ts";

/** One sentence of two positions, which two heads look from: at one position each, then both at both. */
const heads = [[[1, 0], [0.5, 0.5]], [[0, 1], [0.5, 0.5]]];

Deno.test("attention maps of hand-worked looks: the mean of the heads against where the teacher looks, by the query's weight", async () => {
  const inputs = {
    student: f32(heads.flat()), // [heads * queries, keys]
    teacher: f32([[0.25, 0.75], [1, 0]]),
    weights: f32([0.4, 0.6]),
  };
  await assertLoss(
    inputs,
    (t) =>
      attentionLoss({
        student: tf.reshape(t.student, [1, 2, 2, 2]),
        teacher: tf.reshape(t.teacher, [1, 2, 2]),
        weights: tf.reshape(t.weights, [1, 2, 1]),
      }),
    0.4 * 2 * 0.25 ** 2 + 0.6 * 2 * 0.5 ** 2,
  );
});

Deno.test("attention maps and their gradient agree with plain numbers", () => {
  const [batch, count, queries, keys] = [2, 3, 2, 4];
  return assertAgrees(
    {
      student: drawn(1, batch * count * queries, keys),
      teacher: drawn(2, batch * queries, keys),
      weights: f32([0.5, 0.25, 0.25, 0]),
    },
    ["teacher", "weights"],
    (t) =>
      attentionLoss({
        student: tf.reshape(t.student, [batch, count, queries, keys]),
        teacher: tf.reshape(t.teacher, [batch, queries, keys]),
        weights: tf.reshape(t.weights, [batch, queries, 1]),
      }),
    (n) =>
      plain.attentionMap(
        plain.split(plain.split(n.matrix("student"), queries), count),
        plain.split(n.matrix("teacher"), queries),
        plain.split(n.vector("weights"), queries),
      ),
  );
});
