/** Dropout masks: decided by seed and step, of the right share, and other ones at each place. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { dropoutMasks } from "../../../nmt/training/dropout_masks.ts";
import { dropoutInputs } from "../../../nmt/transformer/transformer.ts";
import { Model } from "../../../schemas/experiment/model.ts";
import type { HostTensors } from "../../../nmt/tensor/program.ts";

const model = (dropout: number) =>
  Model.parse({
    encoderLayers: 2,
    decoderLayers: 2,
    width: 32,
    heads: 2,
    dropout,
  });
const SIZES = { sourceRows: 99, targetRows: 63 };

/** A copy, since masks are valid until the next draw. */
const draw = (
  drawn: ReturnType<typeof dropoutMasks>,
  step: number,
  sizes = SIZES,
): HostTensors =>
  Object.fromEntries(
    Object.entries(drawn.draw(step, sizes)).map((
      [name, { shape, data }],
    ) => [name, { shape, data: data.slice() }]),
  );
const of = (seed: number, dropout = 0.1) =>
  dropoutMasks(dropoutInputs(model(dropout)), dropout, seed);

Deno.test("there is a mask for the embedding and every residual branch, of the shape of what it drops", () => {
  const drawn = draw(of(1), 1);
  assertEquals(
    Object.keys(drawn).sort(),
    Object.keys(dropoutInputs(model(0.1))).sort(),
  );
  assertEquals(Object.keys(drawn).length, 1 + 2 * 2 + 1 + 2 * 3);
  assertEquals(drawn["dropout encoder.1.self"].shape, [99, 32]);
  assertEquals(drawn["dropout decoder.0.cross"].shape, [63, 32]);
  assertEquals(drawn["dropout decoder.0.cross"].data.length, 63 * 32);
  assertEquals(draw(of(1, 0), 1), {}, "and none without dropout");
});

Deno.test("seed and step alone decide the masks: a training that goes on draws what it would have drawn", () => {
  const first = of(7);
  const inTurn = [1, 2, 3].map((step) => draw(first, step));
  const other = of(7);
  draw(other, 3, { sourceRows: 3000, targetRows: 3500 });
  assertEquals([3, 1, 2].map((step) => draw(other, step)), [
    inTurn[2],
    inTurn[0],
    inTurn[1],
  ]);
  assertNotEquals(inTurn[0], inTurn[1]);
  assertNotEquals(draw(of(8), 1), inTurn[0]);
  assertNotEquals(draw(of(7 + 2 ** 32), 1), inTurn[0]);
});

for (
  const [p, rounded] of [[0.1, 26 / 256], [0.5, 0.5], [0.3, 77 / 256], [
    0.9,
    230 / 256,
  ]]
) {
  Deno.test(`of ${p} a share of ${rounded} is dropped within three standard deviations, the rest is scaled up`, () => {
    const sizes = { sourceRows: 800, targetRows: 800 };
    const drawn = Object.values(draw(of(3, p), 5, sizes)).map(({ data }) =>
      data
    );
    for (const data of drawn) {
      const dropped = Array.from<number>(data).filter((value) =>
        value === 0
      ).length;
      const deviation = Math.sqrt(rounded * (1 - rounded) / data.length);
      assert(
        Math.abs(dropped / data.length - rounded) < 3 * deviation,
        `${dropped} of ${data.length}`,
      );
      assertEquals(
        new Set<number>(data),
        new Set([0, Math.fround(1 / (1 - rounded))]),
      );
    }
  });
}

Deno.test("no two places and no two steps share a mask, also where a place takes more than its distance to the next", () => {
  for (
    const sizes of [SIZES, { sourceRows: 2, targetRows: 2 }, {
      sourceRows: 1280,
      targetRows: 1280,
    }]
  ) {
    const drawn = of(11, 0.5);
    const all = [1, 2].flatMap((step) =>
      Object.values(draw(drawn, step, sizes)).map(({ data }) => data.toString())
    );
    assertEquals(new Set(all).size, all.length);
  }
});
