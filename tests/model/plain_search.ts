/** Search as it is defined, with nothing clever: whole sequences through the whole model for every candidate. */
import type { SavedModel } from "../../model/checkpoint.ts";
import { noDropout, product } from "../../model/layers.ts";
import { initialWeights, parameterShapes } from "../../model/parameters.ts";
import { decode, encode } from "../../model/transformer.ts";
import { BOS, EOS } from "../../schemas/vocabulary.ts";
import { Model } from "../../schemas/model.ts";
import { random } from "../../schemas/random.ts";
import type {
  Executable,
  HostTensors,
  Program,
  Runtime,
} from "../../tensor/program.ts";
import { tf } from "../../tensor/tfjs.ts";

/** The first id that is no special one. */
export const FIRST_WORD = 3;

/** A small model of random weights, sharp enough to have preferences. */
export function randomModel(vocabulary: number, seed: number): SavedModel {
  const model = Model.parse({
    encoderLayers: 2,
    decoderLayers: 2,
    width: 16,
    feedForward: 24,
    heads: 2,
    dropout: 0,
  });
  const next = random("perturbation", seed);
  const initial = initialWeights(parameterShapes(model, vocabulary), seed);
  const weights = Object.fromEntries(
    Object.entries(initial).map((
      [name, values],
    ) => [
      name,
      values.map((value) => 1.5 * value + 0.4 * (next() - 0.5)),
    ]),
  );
  return { model, vocabulary, weights };
}

/** Random source sentences of 1 to `longest` words. */
export function randomSources(
  vocabulary: number,
  count: number,
  longest: number,
  seed: number,
): Int32Array[] {
  const next = random("sources", seed);
  return Array.from({ length: count }, () =>
    Int32Array.from(
      { length: 1 + Math.floor(next() * longest) },
      () => FIRST_WORD + Math.floor(next() * (vocabulary - FIRST_WORD)),
    ));
}

/** The weights as inputs of a program. */
export function parameters(
  { model, vocabulary, weights }: SavedModel,
): HostTensors {
  return Object.fromEntries(
    Object.entries(parameterShapes(model, vocabulary)).map((
      [name, shape],
    ) => [name, { shape, data: weights[name] }]),
  );
}

/** log p of the next id after each position of each prefix of one source sentence. */
export interface Scorer {
  /** `prefixes` are ids without BOS, all of one length n; the result is indexed by prefix, position 0 to n, id. */
  score(
    source: Int32Array,
    prefixes: readonly (readonly number[])[],
  ): Promise<number[][][]>;
}

function fullProgram(model: Model, vocabulary: number): Program {
  return {
    name: "full sequence",
    inputs: {
      source: { shape: ["batch", "source"], dtype: "int32" },
      target: { shape: ["batch", "target"], dtype: "int32" },
      ...Object.fromEntries(
        Object.entries(parameterShapes(model, vocabulary)).map((
          [name, shape],
        ) => [name, { shape, dtype: "float32" }]),
      ),
    },
    build: (inputs) => {
      const memory = encode(model, inputs, inputs.source, noDropout);
      const { output } = decode(
        model,
        inputs,
        inputs.target,
        memory,
        noDropout,
      );
      return {
        logp: tf.logSoftmax(product(output, inputs.embedding, false, true)),
      };
    },
  };
}

export async function scorer(
  runtime: Runtime,
  saved: SavedModel,
): Promise<Scorer> {
  const { model, vocabulary } = saved;
  const program: Executable = await runtime.compile(
    fullProgram(model, vocabulary),
    { constants: parameters(saved), threads: 1 },
  );
  return {
    score: async (source, prefixes) => {
      const rows = prefixes.length;
      const time = prefixes[0].length + 1;
      const { logp } = await program.run({
        source: {
          shape: [rows, source.length + 1],
          data: Int32Array.from(prefixes.flatMap(() => [...source, EOS])),
        },
        target: {
          shape: [rows, time],
          data: Int32Array.from(prefixes.flatMap((ids) => [BOS, ...ids])),
        },
      });
      return prefixes.map((_, row) =>
        Array.from({ length: time }, (_, position) => {
          const start = (row * time + position) * vocabulary;
          return Array.from(logp.data.subarray(start, start + vocabulary));
        })
      );
    },
  };
}

export interface Found {
  readonly ids: readonly number[];
  readonly score: number;
  readonly normalised: number;
}

export interface PlainOptions {
  readonly vocabulary: number;
  readonly beam: number;
  readonly lengthPenalty: number;
  readonly maximumLength: number;
}

const finished = (
  ids: readonly number[],
  score: number,
  lengthPenalty: number,
): Found => ({
  ids,
  score,
  normalised: score / Math.pow(ids.length + 1, lengthPenalty),
});

const bestOf = (found: readonly Found[]) =>
  found.toSorted((a, b) => b.normalised - a.normalised)[0];

/** The best of all hypotheses that there are up to the maximum length. */
export async function enumerate(
  { score }: Scorer,
  source: Int32Array,
  { vocabulary, lengthPenalty, maximumLength }: PlainOptions,
): Promise<{ best: Found; count: number }> {
  const found: Found[] = [];
  let prefixes: number[][] = [[]];
  for (let length = 0; length <= maximumLength; length++) {
    const scores = await score(source, prefixes);
    prefixes.forEach((ids, row) => {
      const sum = [...ids, EOS].reduce(
        (sum, id, position) => sum + scores[row][position][id],
        0,
      );
      found.push(finished(ids, sum, lengthPenalty));
    });
    prefixes = prefixes.flatMap((ids) =>
      Array.from(
        { length: vocabulary - FIRST_WORD },
        (_, word) => [...ids, FIRST_WORD + word],
      )
    );
  }
  return { best: bestOf(found), count: found.length };
}

/** Beam search: all continuations of all living hypotheses, sorted. */
export async function plainBeam(
  { score }: Scorer,
  source: Int32Array,
  { vocabulary, beam, lengthPenalty, maximumLength }: PlainOptions,
): Promise<Found> {
  const found: Found[] = [];
  let living: { ids: number[]; score: number }[] = [{ ids: [], score: 0 }];
  for (let length = 0;; length++) {
    const scores = await score(source, living.map(({ ids }) => ids));
    const all = living.flatMap((hypothesis, row) =>
      Array.from({ length: vocabulary }, (_, id) => ({
        ids: [...hypothesis.ids, id],
        score: hypothesis.score + scores[row][length][id],
      }))
    ).filter(({ ids }) => ids[length] >= EOS)
      .sort((a, b) => b.score - a.score);
    const ends = ({ ids }: { ids: number[] }) => ids[length] === EOS;
    const among = length === maximumLength ? all : all.slice(0, beam);
    for (const { ids, score } of among.filter(ends)) {
      found.push(finished(ids.slice(0, -1), score, lengthPenalty));
    }
    living = all.filter((hypothesis) => !ends(hypothesis)).slice(0, beam);
    const attainable = living[0].score /
      Math.pow(maximumLength + 1, lengthPenalty);
    if (
      length === maximumLength || found.length >= beam ||
      found.some(({ normalised }) => normalised >= attainable)
    ) return bestOf(found);
  }
}
