/** A random teacher, a small corpus and what is recorded of it, for the tests of states and of their shards. */
import { assertEquals } from "@std/assert";
import { initialWeights, parameterShapes } from "../../model/parameters.ts";
import { recordStates } from "../../model/states.ts";
import { Distillation } from "../../schemas/distillation.ts";
import { Model } from "../../schemas/model.ts";
import { random, shuffle } from "../../schemas/random.ts";
import { loadRuntime } from "../../tensor/runtime.ts";
import { makeBatch } from "../../text/batches.ts";
import { packSide, type Tokens } from "../../text/tokens.ts";

export const VOCABULARY = 23;
export const model = Model.parse({
  encoderLayers: 3,
  decoderLayers: 2,
  width: 8,
  feedForward: 12,
  heads: 2,
  dropout: 0.5,
});
export const shapes = parameterShapes(model, VOCABULARY);
const next = random("states");
export const weights = Object.fromEntries(
  Object.entries(initialWeights(shapes, 1)).map((
    [name, values],
  ) => [name, values.map((value) => value + next() - 0.5)]),
);
export const teacher = { model, vocabulary: VOCABULARY, weights };
const LAYERS = {
  encoder: [1, 3],
  decoder: [2],
  attention: { encoder: [2], decoder: [1, 2] },
};
export const distillation = Distillation.parse({
  alpha: 0.2,
  beta: 0.5,
  encoder: [[3, 1], [3]],
  decoder: [[2]],
  attention: { encoder: [2, 2], decoder: [1] },
});

/** Pairs of random sentences, some of them empty; enough for three shards. */
export function corpus(pairs: number): Tokens {
  const side = (of: string) => {
    const next = random(`corpus ${of}`);
    const sentence = () =>
      Int32Array.from(
        { length: Math.floor(next() * 6) },
        () => 3 + Math.floor(next() * (VOCABULARY - 3)),
      );
    return packSide(Array.from({ length: pairs }, sentence));
  };
  return { source: side("source"), target: side("target"), pairs };
}
export const tokens = corpus(4200);

/** Records the corpus into a folder; gives the pairs that were reported, one after the other. */
export async function record(
  folder: string,
  layers = LAYERS,
): Promise<number[]> {
  const reported: number[] = [];
  await recordStates({
    runtime: await loadRuntime(),
    threads: 1,
    teacher,
    tokens,
    layers,
    folder,
    report: ({ pairs, of }) => {
      assertEquals(of, tokens.pairs);
      reported.push(pairs);
    },
  });
  return reported;
}

/** Where the corpus is recorded, in three shards. */
export const folder = Deno.makeTempDirSync();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
export const reported = await record(folder);

/** Batches in no order: across shards, at their edges, one pair alone, one pair twice. */
export const BATCHES = [
  [4199, 0, 2048, 2047, 4095, 4096],
  [77],
  [5, 3000, 5],
  shuffle(
    Array.from({ length: tokens.pairs }, (_, pair) => pair),
    random("order"),
  ).slice(0, 60),
].map((pairs) => makeBatch(tokens, Int32Array.from(pairs)));
