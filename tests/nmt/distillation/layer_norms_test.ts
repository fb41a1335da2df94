/** Norms of the teacher's layers against hand-worked states: over real positions, of the layers that are read. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  layerNormLines,
  layerNorms,
} from "../../../nmt/distillation/layer_norms.ts";
import { packSide } from "../../../nmt/text/subwords/tokens.ts";
import { Distillation } from "../../../schemas/experiment/distillation.ts";
import { f32 } from "../tensor/values.ts";

/** Two pairs: sources of one and two positions with their end, targets of two and one. */
const tokens = {
  source: packSide([Int32Array.of(), Int32Array.of(5)]),
  target: packSide([Int32Array.of(6), Int32Array.of()]),
  pairs: 2,
};

/** [tokens, d] of some states, with 99 at padding, which is to count for nothing. */
const state = (...tokens: [number, number][]) => f32([...tokens, [99, 99]]);
const signals = {
  "teacher encoder.1": state([3, 4], [6, 8], [0, 0.5]),
  "teacher encoder.2": state([0, 5], [0, 0], [0.5, 0]),
  "teacher decoder.4": state([1, 0], [0, 2], [0, 6]),
};

Deno.test("norms are means over the positions that are not padding, and shares are those of the squares that are combined", async () => {
  const distillation = Distillation.parse({
    beta: 0.5,
    encoder: [[1, 2], [2]],
    decoder: [[4]],
  });
  const found = await layerNorms(distillation, tokens, { read: () => signals });
  const [encoder, decoder] = found;
  assertEquals(found.map(({ stack }) => stack), ["encoder", "decoder"]);
  assertEquals([...encoder.norms.keys()], [1, 2]);
  assertAlmostEquals(encoder.norms.get(1) ?? NaN, (5 + 10 + 0.5) / 3, 1e-6);
  assertAlmostEquals(encoder.norms.get(2) ?? NaN, (5 + 0 + 0.5) / 3, 1e-6);
  const [[first, second]] = encoder.shares;
  assertAlmostEquals(first, (0.5 + 1 + 0.5) / 3, 1e-6);
  assertAlmostEquals(second, (0.5 + 0 + 0.5) / 3, 1e-6);
  assertAlmostEquals(decoder.norms.get(4) ?? NaN, 3, 1e-6);
  assertEquals(layerNormLines(found), [
    "norms of the teacher's encoder layers: 1 5.17, 2 1.83; shares of |C_j|²: [1,2] 67 % 33 %",
    "norms of the teacher's decoder layers: 4 3.00",
  ]);
});

Deno.test("nothing is read where no layer is weighed", async () => {
  const unread = { read: () => ({}) };
  for (const part of [{ alpha: 0.5 }, { encoder: [[1, 2]] }]) {
    const found = await layerNorms(Distillation.parse(part), tokens, unread);
    assertEquals(found, []);
  }
});
