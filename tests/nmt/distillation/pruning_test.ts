/** Narrower feed-forward blocks: a model whose neurons are there twice is the same with half of them. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  gramMatrices,
  withNarrowerBlocks,
} from "../../../nmt/distillation/pruning.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { batchTensors } from "../../../nmt/transformer/batch_inputs.ts";
import { batchOrder, makeBatch } from "../../../nmt/text/subwords/batches.ts";
import {
  packSide,
  sentence,
  type Tokens,
} from "../../../nmt/text/subwords/tokens.ts";
import { slots, slotTensors } from "../../../nmt/training/step_inputs.ts";
import { validationProgram } from "../../../nmt/training/training_step.ts";
import type { SavedModel } from "../../../nmt/transformer/checkpoint.ts";
import {
  initialWeights,
  parameterShapes,
} from "../../../nmt/transformer/parameters.ts";
import { Training } from "../../../schemas/experiment/model.ts";
import { teacherModel } from "../fixtures/model.ts";
import { sentences, VOCABULARY } from "../fixtures/reversal.ts";

const runtime = await loadRuntime();
const HALF = teacherModel.feedForward / 2;
const shapes = parameterShapes(teacherModel, VOCABULARY);
const tokens = sentences(1, 200);

/** A model in whose blocks the second half of the neurons fires as the first does. */
function redundantModel(): SavedModel {
  const weights = initialWeights(shapes, 5);
  for (const [name, values] of Object.entries(weights)) {
    if (!name.includes("feedForward.inner")) continue;
    for (let at = 0; at < values.length; at++) {
      const neuron = at % teacherModel.feedForward;
      if (neuron >= HALF) values[at] = values[at - HALF];
    }
  }
  return { model: teacherModel, vocabulary: VOCABULARY, weights };
}

async function nll({ model, vocabulary, weights }: SavedModel) {
  const training = Training.parse({});
  const program = validationProgram({ model, vocabulary, training });
  const own = parameterShapes(model, vocabulary);
  const executable = await runtime.compile(program, {
    constants: slotTensors(own, slots.weight, weights),
  });
  const test = sentences(2, 40);
  const [pairs] = batchOrder(test, 4096, 0, 0);
  const { nll } = await executable.run(
    batchTensors(makeBatch(test, pairs), model),
  );
  await executable.dispose();
  return Number(nll.data[0]);
}

const pruned = (saved: SavedModel, feedForward: number, seed = 1) =>
  withNarrowerBlocks({
    ...{ runtime, threads: 1, saved, tokens, feedForward, seed },
    report: () => {},
  });

Deno.test("a model with every neuron twice says the same with half of them, and less well with fewer", async () => {
  const saved = redundantModel();
  const half = await pruned(saved, HALF);
  assertEquals(half.model, { ...teacherModel, feedForward: HALF });
  const halfShapes = parameterShapes(half.model, VOCABULARY);
  for (const [name, [...shape]] of Object.entries(halfShapes)) {
    const count = shape.reduce((product, size) => product * size, 1);
    assertEquals(half.weights[name].length, count, name);
  }
  const [whole, same, less] = [
    await nll(saved),
    await nll(half),
    await nll(await pruned(saved, 2)),
  ];
  const [near, far] = [Math.abs(same - whole), Math.abs(less - whole)];
  assert(near < 0.001 && far > 10 * near, `${near}, ${far}`);
});

Deno.test("padding does not count: a batch has the mean over the tokens of its sentences, each by itself", async () => {
  const grams = (tokens: Tokens) =>
    gramMatrices(
      {
        ...{ runtime, threads: 1, saved: redundantModel(), tokens, seed: 1 },
        ...{ feedForward: HALF, report: () => {} },
      },
      ["encoder.1.feedForward.outer", "decoder.2.feedForward.outer"],
    );
  const { source, target, pairs } = sentences(3, 5);
  const single = (pair: number): Tokens => ({
    source: packSide([sentence(source, pair)]),
    target: packSide([sentence(target, pair)]),
    pairs: 1,
  });
  const lengths = Array.from(
    { length: pairs },
    (_, pair) => sentence(source, pair).length + 1,
  );
  assert(new Set(lengths).size > 1, "there is padding");
  const count = lengths.reduce((sum, length) => sum + length, 0);
  const together = await grams({ source, target, pairs });
  const alone = await Promise.all(
    lengths.map((_, pair) => grams(single(pair))),
  );
  for (const [map, gram] of Object.entries(together)) {
    gram.forEach((found, i) => {
      const expected = lengths.reduce(
        (sum, length, pair) => sum + length * alone[pair][map][i] / count,
        0,
      );
      assertAlmostEquals(found, expected, 1e-5, `${map} ${i}`);
    });
  }
});

Deno.test("blocks of 1,536 neurons can be looked at, though 1,537 is a multiple of a prime that may stand for a size", async () => {
  const model = { ...teacherModel, feedForward: 1536 };
  const weights = initialWeights(parameterShapes(model, VOCABULARY), 5);
  const map = "encoder.1.feedForward.outer";
  const grams = await gramMatrices({
    ...{ runtime, threads: 1, tokens: sentences(3, 5), seed: 1 },
    saved: { model, vocabulary: VOCABULARY, weights },
    ...{ feedForward: HALF, report: () => {} },
  }, [map]);
  assertEquals(grams[map].length, 1537 ** 2);
});

Deno.test("the same seed gives the same bits", async () => {
  const saved = redundantModel();
  assertEquals(await pruned(saved, 5), await pruned(saved, 5));
});
