/** Parameters: their number, the size of a student relative to its teacher, and their initial values. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
} from "@std/assert";
import {
  initialWeights,
  parameterShapes,
  parametersOf,
} from "../../../nmt/transformer/parameters.ts";
import { projectionShapes } from "../../../nmt/distillation/layer_loss.ts";
import { Distillation } from "../../../schemas/experiment/distillation.ts";
import { Model, StudentModel } from "../../../schemas/experiment/model.ts";

/** The count by formula: embedding, layers with their norms and biases, two final norms. */
function formula(
  encoder: number,
  decoder: number,
  d: number,
  ff: number,
  vocabulary: number,
): number {
  const attention = 4 * d * d + 4 * d;
  const block = 2 * d * ff + ff + d;
  const norm = 2 * d;
  return vocabulary * d + encoder * (attention + block + 2 * norm) +
    decoder * (2 * attention + block + 3 * norm) + 2 * norm;
}

const count = (model: Model, vocabulary: number) =>
  parametersOf({ model, vocabulary });

Deno.test("parameters are counted by the formula of depth, widths and vocabulary, whatever the heads", () => {
  for (
    const [encoderLayers, decoderLayers, width, feedForward, vocabulary] of [
      [1, 1, 2, 1, 3],
      [6, 6, 512, 2048, 15_000],
      [3, 1, 20, 30, 700],
      [2, 5, 64, 8, 1],
    ]
  ) {
    for (const heads of [1, 2]) {
      const model = Model.parse({
        encoderLayers,
        decoderLayers,
        width,
        feedForward,
        heads,
      });
      assertEquals(
        count(model, vocabulary),
        formula(encoderLayers, decoderLayers, width, feedForward, vocabulary),
      );
    }
  }
});

Deno.test("the paper's teacher has 51.8 million parameters and its student 43 percent of them", () => {
  const teacher = count(Model.parse({}), 15_000);
  const student = count(StudentModel.parse({}), 15_000);
  assertEquals(teacher, 15_000 * 512 + 168 * 512 ** 2 + 196 * 512);
  assertEquals(Math.round(teacher / 1e5), 518);
  assertEquals(Math.round(100 * student / teacher), 43);
});

Deno.test("a student of 2 + 2 layers has at most half of the parameters of 6 + 6 where the vocabulary is at most 56 d + 60", () => {
  for (const width of [64, 128, 256, 512]) {
    const share = (vocabulary: number) => {
      const sizes = { width, feedForward: 4 * width };
      return count(StudentModel.parse(sizes), vocabulary) /
        count(Model.parse(sizes), vocabulary);
    };
    assertEquals(share(56 * width + 60), 0.5);
    assert(share(56 * width + 61) > 0.5);
    assert(share(8 * width) < 0.4);
  }
});

const model = Model.parse({
  encoderLayers: 2,
  decoderLayers: 2,
  width: 48,
  feedForward: 96,
  heads: 4,
});
const shapes = {
  ...parameterShapes(model, 500),
  ...projectionShapes(Distillation.parse({ encoder: [[1, 2], [3]] }), {
    student: 48,
    teacher: 80,
  }),
};
const initial = initialWeights(shapes, 5);

Deno.test("a tensor's initial values depend on the seed and its name, not on which other tensors there are", () => {
  for (const [name, shape] of Object.entries(shapes)) {
    assertEquals(
      initialWeights({ [name]: shape }, 5)[name],
      initial[name],
      name,
    );
    assertEquals(initial[name].length, shape.reduce((a, b) => a * b, 1));
  }
  const drawn = Object.entries(initial).filter(([name]) =>
    name === "embedding" || name.endsWith(".weight")
  );
  for (const [name, values] of drawn) {
    assertNotEquals(initialWeights(shapes, 6)[name], values, name);
  }
  assertEquals(
    new Set(drawn.map(([, values]) => values.slice(0, 8).toString())).size,
    drawn.length,
  );
});

Deno.test("linear maps are uniform within the bound of Glorot, each of those that lie side by side as if alone", () => {
  const bounds = {
    "encoder.0.self.queryKeyValue.weight": 6 / (48 + 48),
    "decoder.1.cross.keyValue.weight": 6 / (48 + 48),
    "decoder.1.cross.query.weight": 6 / (48 + 48),
    "encoder.1.self.output.weight": 6 / (48 + 48),
    "encoder.0.feedForward.inner.weight": 6 / (48 + 96),
    "decoder.0.feedForward.outer.weight": 6 / (96 + 48),
    "projection.encoder.0.weight": 6 / (48 + 160),
    "projection.encoder.1.weight": 6 / (48 + 80),
  };
  for (const [name, squared] of Object.entries(bounds)) {
    const values = Array.from<number>(initial[name]);
    const largest = Math.max(...values.map(Math.abs));
    assert(
      largest <= Math.sqrt(squared) && largest > 0.99 * Math.sqrt(squared),
      `${name}: ${largest}`,
    );
    const mean = values.reduce((a, b) => a + b) / values.length;
    const variance = values.reduce((a, b) => a + b * b, 0) / values.length;
    assertAlmostEquals(mean, 0, 3 * Math.sqrt(squared / 3 / values.length));
    assertAlmostEquals(variance, squared / 3, 0.05 * squared / 3, name);
  }
});

Deno.test("the embedding is normal with deviation 1 / sqrt(d), norms begin as the identity, biases at zero", () => {
  const values = Array.from<number>(initial.embedding);
  const within = (deviations: number) =>
    values.filter((value) => Math.abs(value) < deviations * 48 ** -0.5).length /
    values.length;
  assertAlmostEquals(within(1), 0.6827, 0.01);
  assertAlmostEquals(within(2), 0.9545, 0.005);
  for (const [name, each] of Object.entries(initial)) {
    if (name.endsWith(".gain")) assertEquals(new Set(each), new Set([1]), name);
    if (name.endsWith(".bias")) assertEquals(new Set(each), new Set([0]), name);
  }
});
