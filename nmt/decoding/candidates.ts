/** The candidates of a short-list as inputs of a decoder step: their part of the output matrix, made once a batch. */
import type { Model } from "../../schemas/experiment/model.ts";
import { embeddingNames } from "../transformer/parameters.ts";
import {
  type Dim,
  elements,
  type HostTensor,
  type HostTensors,
  type Spec,
} from "../tensor/program.ts";
import type { Shortlist } from "../shortlist/shortlist.ts";
import { candidateFinder } from "../shortlist/own_candidates.ts";
import { GENERATOR, type Precision } from "./precision.ts";

/** Names of the inputs. */
export const CANDIDATE = {
  ids: "candidate.ids",
  own: "candidate.own",
  hidden: "candidate.hidden",
  weight: "candidate.weight",
  scale: "candidate.scale",
  bias: "candidate.bias",
} as const;

/**
 * The inputs of a step over candidates, those of all sentences: `ids` [candidates]; `own` and `hidden` [batch, own], which of
 * them are a sentence's own; in place of the output matrix `weight`, [candidates, d] or in int8 [d, candidates] with `scale`
 * [candidates]; and `bias` [candidates] of a model that has one.
 */
export function candidateSpecs(
  { model, precision }: {
    readonly model: Model;
    readonly precision: Precision;
  },
  batch: Dim,
): Record<string, Spec> {
  const vector: Spec = { shape: ["candidates"], dtype: "float32" };
  return {
    [CANDIDATE.ids]: { shape: ["candidates"], dtype: "int32" },
    [CANDIDATE.own]: { shape: [batch, "own"], dtype: "int32" },
    [CANDIDATE.hidden]: { shape: [batch, "own"], dtype: "float32" },
    [CANDIDATE.weight]: precision === "int8"
      ? { shape: [model.width, "candidates"], dtype: "int8" }
      : { shape: ["candidates", model.width], dtype: "float32" },
    ...precision === "int8" ? { [CANDIDATE.scale]: vector } : {},
    ...model.outputBias ? { [CANDIDATE.bias]: vector } : {},
  };
}

/** The inputs for some sentences. */
export interface Chosen {
  /** Those with a row for each sentence. */
  readonly rows: HostTensors;
  /** The others. */
  readonly shared: HostTensors;
}

/** Makes these inputs for sentences of source ids; `own` has `least` places or more. */
export type Choose = (
  sentences: readonly Int32Array[],
  least: number,
) => Chosen;

/** What chooses the candidates for a model with the constants `weights`. */
export function chooser(
  model: Model,
  weights: HostTensors,
  shortlist: Shortlist,
): Choose {
  const codes = weights[GENERATOR.weight]?.data;
  const matrix = (ids: Int32Array): HostTensors =>
    codes instanceof Uint8Array
      ? {
        [CANDIDATE.weight]: columns(codes, model.width, ids),
        [CANDIDATE.scale]: rows(weights[GENERATOR.scale], ids),
      }
      : {
        [CANDIDATE.weight]: rows(weights[embeddingNames(model).output], ids),
      };
  const find = candidateFinder(shortlist);
  return (sentences, least) => {
    const { ids, own, hidden } = find(sentences, least);
    return {
      rows: { [CANDIDATE.own]: own, [CANDIDATE.hidden]: hidden },
      shared: {
        [CANDIDATE.ids]: { shape: [ids.length], data: ids },
        ...matrix(ids),
        ...model.outputBias
          ? { [CANDIDATE.bias]: rows(weights["output.bias"], ids) }
          : {},
      },
    };
  };
}

/** Rows of a tensor of floats, [all, ...]. */
function rows({ shape, data }: HostTensor, ids: Int32Array): HostTensor {
  if (!(data instanceof Float32Array)) {
    throw new Error(`Cannot choose rows of a ${data.constructor.name}`);
  }
  const size = elements(shape.slice(1));
  const chosen = new Float32Array(ids.length * size);
  for (let row = 0, to = 0; row < ids.length; row++) {
    const from = ids[row] * size;
    for (let i = 0; i < size; i++) chosen[to++] = data[from + i];
  }
  return { shape: shape.with(0, ids.length), data: chosen };
}

/** Columns of a matrix of codes [count, all]. */
function columns(
  matrix: Uint8Array,
  count: number,
  ids: Int32Array,
): HostTensor {
  const all = matrix.length / count;
  const chosen = new Int8Array(count * ids.length);
  for (let row = 0; row < count; row++) {
    const from = matrix.subarray(row * all, (row + 1) * all);
    const to = chosen.subarray(row * ids.length, (row + 1) * ids.length);
    for (let i = 0; i < ids.length; i++) to[i] = from[ids[i]];
  }
  return { shape: [count, ids.length], data: chosen };
}
