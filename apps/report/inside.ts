/** Runs a model on sentence pairs and records the output of each layer and each attention. */
import type { SavedModel } from "../../nmt/transformer/checkpoint.ts";
import { slots } from "../../nmt/training/step_inputs.ts";
import {
  batchTensors,
  type SideName,
} from "../../nmt/transformer/batch_inputs.ts";
import { parameterShapes } from "../../nmt/transformer/parameters.ts";
import {
  type Attention,
  ATTENTIONS,
  mapName,
  stateName,
} from "../../nmt/states/teacher_signals.ts";
import { statesProgram } from "../../nmt/states/states_program.ts";
import type {
  HostTensor,
  HostTensors,
  Runtime,
} from "../../nmt/tensor/program.ts";
import { Signals } from "../../schemas/experiment/distillation.ts";
import type { Batch } from "../../nmt/text/subwords/batches.ts";
import { lengthOf, type Tokens } from "../../nmt/text/subwords/tokens.ts";

/** Where the queries of a pair looked, mean over the heads: a row a query, and it adds up to one. */
export interface AttentionMap {
  readonly queries: number;
  readonly keys: number;
  /** [queries, keys]. */
  readonly shares: Float32Array;
}

export interface Inside {
  /** The layers' outputs at some of the tokens of the stack's side of the batch, [tokens, d]; lowest layer first. */
  states(
    stack: "encoder" | "decoder",
    tokens: readonly number[],
  ): Float32Array[];
  /** The maps of one row of the batch, lowest layer first. */
  maps(attention: Attention, row: number): AttentionMap[];
}

/** Runs a model without dropout, the decoder on the references. */
export async function lookInside(
  runtime: Runtime,
  { model, vocabulary, weights }: SavedModel,
  tokens: Tokens,
  batch: Batch,
): Promise<Inside> {
  const layers = {
    encoder: upTo(model.encoderLayers),
    decoder: upTo(model.decoderLayers),
  };
  const signals = Signals.parse({
    ...layers,
    encoderAttention: layers.encoder,
    decoderAttention: layers.decoder,
  });
  const constants = Object.fromEntries(
    Object.entries(parameterShapes(model, vocabulary)).map((
      [name, shape],
    ) => [slots.weight + name, { shape, data: weights[name] }]),
  );
  const executable = await runtime.compile(
    statesProgram(model, vocabulary, signals),
    { constants },
  );
  const outputs = await executable.run(batchTensors(batch, model));
  await executable.dispose();
  const positionsOf = (side: SideName, row: number) =>
    lengthOf(tokens[side], batch.pairs[row]) + 1;
  return {
    states: (stack, tokens) =>
      layers[stack].map((layer) =>
        rowsOf(outputs[stateName(stack, layer)], tokens)
      ),
    maps: (attention, row) =>
      layers[attention.stack].map((layer) =>
        mapOf(outputs, mapName(attention, layer), {
          row,
          queries: positionsOf(attention.rows, row),
          keys: positionsOf(attention.columns, row),
        })
      ),
  };
}

/** Where a decoder looks on the source: what readers mean by attention in translation. */
export const CROSS = ATTENTIONS.filter(({ kind }) => kind === "cross");

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

function rowsOf(
  { shape: [, width], data }: HostTensor,
  tokens: readonly number[],
): Float32Array {
  const rows = new Float32Array(tokens.length * width);
  tokens.forEach((token, i) => {
    rows.set(data.subarray(token * width, (token + 1) * width), i * width);
  });
  return rows;
}

function mapOf(
  outputs: HostTensors,
  name: string,
  { row, queries, keys }: {
    readonly row: number;
    readonly queries: number;
    readonly keys: number;
  },
): AttentionMap {
  const { shape: [, allQueries, allKeys], data } = outputs[name];
  const shares = new Float32Array(queries * keys);
  for (let query = 0; query < queries; query++) {
    const start = (row * allQueries + query) * allKeys;
    shares.set(data.subarray(start, start + keys), query * keys);
  }
  return { queries, keys, shares };
}
