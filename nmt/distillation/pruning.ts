/** Narrows the feed-forward blocks of a model to the neurons that matter most for some text. */
import type { Model } from "../../schemas/experiment/model.ts";
import { PAD } from "../../schemas/experiment/vocabulary.ts";
import type { Program, Runtime, Tensor } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import { batchOrder, makeBatch } from "../text/subwords/batches.ts";
import type { Tokens } from "../text/subwords/tokens.ts";
import {
  fromSlot,
  slots,
  slotSpecs,
  slotTensors,
} from "../training/step_inputs.ts";
import { batchInputs, batchTensors } from "../transformer/batch_inputs.ts";
import type { SavedModel } from "../transformer/checkpoint.ts";
import { noDropout, product } from "../transformer/layers.ts";
import { parameterShapes } from "../transformer/parameters.ts";
import { decode, encode, withOne } from "../transformer/transformer.ts";
import { keptNeurons } from "./optimal_brain_surgeon.ts";
import { positionWeights } from "./output_loss.ts";

export interface PruningJob {
  readonly runtime: Runtime;
  readonly threads?: number;
  readonly saved: SavedModel;
  /** Text on which neurons prove what they are needed for. */
  readonly tokens: Tokens;
  /** Neurons of each block that are kept. */
  readonly feedForward: number;
  readonly seed: number;
  report(
    progress: {
      readonly done: number;
      readonly total: number;
      readonly unit: string;
    },
  ): void;
}

/** Target tokens that are looked at, at most: some forty for each neuron of a block of 1,536. */
export const PRUNING_TOKENS = 65_536;
export const PRUNING_BATCH_TOKENS = 2048;

/** The model with narrower feed-forward blocks, whose outer maps are refitted. Its blocks have two maps each. */
export async function withNarrowerBlocks(job: PruningJob): Promise<SavedModel> {
  const { saved, feedForward } = job;
  const { width, feedForward: neurons } = saved.model;
  const blocks = blocksOf(saved.model);
  const grams = await gramMatrices(job, blocks.map(outerMap));
  const weights = { ...saved.weights };
  blocks.forEach((block, i) => {
    job.report({ done: i, total: blocks.length, unit: "blocks" });
    const outer = outerMap(block), inner = `${block}.inner`;
    const kept = keptNeurons({
      gram: grams[outer],
      weight: weights[`${outer}.weight`],
      bias: weights[`${outer}.bias`],
    }, feedForward);
    weights[`${outer}.weight`] = kept.weight;
    weights[`${outer}.bias`] = kept.bias;
    for (const [name, rows] of [["weight", width], ["bias", 1]] as const) {
      const before = weights[`${inner}.${name}`];
      weights[`${inner}.${name}`] = Float32Array.from(
        { length: rows * feedForward },
        (_, at) =>
          before[
            Math.floor(at / feedForward) * neurons +
            kept.neurons[at % feedForward]
          ],
      );
    }
  });
  return { ...saved, model: { ...saved.model, feedForward }, weights };
}

function blocksOf(model: Model): string[] {
  return (["encoder", "decoder"] as const).flatMap((stack) =>
    Array.from(
      { length: model[`${stack}Layers`] },
      (_, layer) => `${stack}.${layer}.feedForward`,
    )
  );
}

const outerMap = (block: string) => `${block}.outer`;

/**
 * (h, 1)^T (h, 1) of each outer map's activations h, by its name: the mean over the tokens of a batch, summed over the
 * batches of a sample.
 */
export async function gramMatrices(
  { runtime, threads, saved, tokens, seed, report }: PruningJob,
  maps: readonly string[],
): Promise<Record<string, Float64Array>> {
  const { model, vocabulary, weights } = saved;
  const program = gramProgram(model, vocabulary, maps);
  const shapes = parameterShapes(model, vocabulary);
  const constants = slotTensors(shapes, slots.weight, weights);
  const executable = await runtime.compile(program, { constants, threads });
  const size = model.feedForward + 1;
  const sums = Object.fromEntries(
    maps.map((name) => [name, new Float64Array(size ** 2)]),
  );
  // The same memory for each batch: the runtime's own would be much by the time that it is collected.
  const grams = Object.fromEntries(
    maps.map((name) => [
      name,
      { shape: [size, size], data: new Float32Array(size ** 2) },
    ]),
  );
  const total = Math.min(PRUNING_TOKENS, tokens.target.ids.length);
  let done = 0;
  for (const pairs of batchOrder(tokens, PRUNING_BATCH_TOKENS, seed, 0)) {
    if (done >= total) break;
    const batch = makeBatch(tokens, pairs);
    await executable.run(batchTensors(batch, model), grams);
    for (const [name, sum] of Object.entries(sums)) {
      const { data } = grams[name];
      for (let i = 0; i < sum.length; i++) sum[i] += data[i];
    }
    done = Math.min(total, done + batch.targetTokens);
    report({ done, total, unit: "tokens" });
  }
  await executable.dispose();
  return sums;
}

function gramProgram(
  model: Model,
  vocabulary: number,
  maps: readonly string[],
): Program {
  const shapes = parameterShapes(model, vocabulary);
  return {
    name: "gram matrices",
    inputs: {
      ...batchInputs(model),
      ...slotSpecs(shapes, slots.weight),
    },
    outputTypes: Object.fromEntries(
      maps.map((name) => [name, "float32"]),
    ),
    build: (inputs) => {
      const parameters = fromSlot(shapes, slots.weight, inputs);
      const grams: Record<string, Tensor> = {};
      const observe = (ids: Tensor) => {
        const weights = tf.reshape(positionWeights(ids, PAD), [-1, 1]);
        return (map: string, activations: Tensor) => {
          const h = withOne(activations);
          grams[map] = product(tf.mul(h, weights), h, true);
        };
      };
      const { source, target } = inputs;
      const encoded = encode(
        model,
        parameters,
        inputs,
        noDropout,
        observe(source),
      );
      decode(model, parameters, inputs, encoded, noDropout, observe(target));
      return grams;
    },
  };
}
