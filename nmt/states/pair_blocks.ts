/** Where the matrices of each pair lie in the sharded states: one pair after the other, without padding. */
import type { Batch } from "../text/subwords/batches.ts";
import { ID_NUMBERS } from "../text/subwords/sentence_ids.ts";
import type { Side, Tokens } from "../text/subwords/tokens.ts";
import { packedRows } from "../transformer/batch_inputs.ts";
import type { Signal } from "./teacher_signals.ts";
import type { Matrix } from "./shards.ts";

/** The types of numbers, as a shard stores them and as memory holds them. */
export const TYPES = {
  float16: { stored: "F16", bytes: 2, array: Float16Array },
  float32: { stored: "F32", bytes: 4, array: Float32Array },
} as const;

/** A recorded tensor as a matrix of stored rows, and where a pair's own matrix lies in it. */
export interface Blocks extends Signal {
  /** Elements of a stored row: a position's features; one number of an attention map. */
  readonly width: number;
  /** Sizes of the pair's own matrix. */
  shape(pair: number): { readonly rows: number; readonly columns: number };
  /** Stored rows of all pairs before a pair. */
  rowsBefore(pair: number): number;
}

/** Positions of a sentence: its subwords and the begin or end of sentence. */
export const positions = (side: Side, pair: number) =>
  side.offsets[pair + 1] - side.offsets[pair] + 1;

/** Where each pair's part of a recorded tensor lies. */
export function blocksOf(recorded: Signal, tokens: Tokens): Blocks {
  const { rows, columns } = recorded;
  const queries = tokens[rows];
  if (typeof columns === "number") {
    return {
      ...recorded,
      width: columns,
      shape: (pair) => ({ rows: positions(queries, pair), columns }),
      rowsBefore: (pair) => queries.offsets[pair] + pair,
    };
  }
  const keys = tokens[columns];
  const before = new Float64Array(tokens.pairs + 1); // beyond 2^32 for a few million pairs
  for (let pair = 0; pair < tokens.pairs; pair++) {
    before[pair + 1] = before[pair] +
      positions(queries, pair) * positions(keys, pair);
  }
  return {
    ...recorded,
    width: 1,
    shape: (pair) => ({
      rows: positions(queries, pair),
      columns: positions(keys, pair),
    }),
    rowsBefore: (pair) => before[pair],
  };
}

/** The sentences that a shard is of: a tensor a side, which holds the id of each pair's sentence. */
export const SENTENCES = [
  { name: "source.sentences", side: "source" },
  { name: "target.sentences", side: "target" },
] as const;

/** What a shard of the pairs from first to end holds. */
export function matricesOf(
  tensors: readonly Blocks[],
  first: number,
  end: number,
): Record<string, Matrix> {
  const recorded = tensors.map(({ name, dtype, width, rowsBefore }) =>
    [name, {
      dtype: TYPES[dtype].stored,
      rows: rowsBefore(end) - rowsBefore(first),
      width,
    }] as const
  );
  const sentences = SENTENCES.map(({ name }) =>
    [name, { dtype: "I32", rows: end - first, width: ID_NUMBERS }] as const
  );
  return Object.fromEntries([...recorded, ...sentences]);
}

/** How a recorded tensor lies in memory for a batch. */
export interface BatchLayout {
  readonly shape: readonly number[];
  /** Elements of a row of a matrix; more than its own where the rows of an attention map are padded. */
  readonly width: number;
  /** Where the matrix of each of the batch's pairs begins, and the end of the last, in elements. */
  readonly starts: ArrayLike<number>;
}

/** States of a batch are a row a token, as `batchTensors` has them; attention maps are padded rectangles. */
export function batchLayout(
  { rows, columns }: Signal,
  batch: Batch,
): BatchLayout {
  const longest = { source: batch.sourceLength, target: batch.targetLength };
  if (typeof columns !== "number") {
    const width = longest[columns], size = longest[rows] * width;
    return {
      shape: [batch.rows, longest[rows], width],
      width,
      starts: Array.from({ length: batch.rows + 1 }, (_, row) => row * size),
    };
  }
  const lengths = rows === "source" ? batch.sourceLengths : batch.targetLengths;
  const starts = new Float64Array(batch.rows + 1);
  lengths.forEach((length, row) =>
    starts[row + 1] = starts[row] + length * columns
  );
  const count = packedRows(lengths, longest[rows]);
  return { shape: [count, columns], width: columns, starts };
}
