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
import { candidatesOf, type Shortlist } from "../shortlist/shortlist.ts";
import { GENERATOR, type Precision } from "./precision.ts";

/** Names of the inputs. */
export const CANDIDATE = {
  ids: "candidate.ids",
  hidden: "candidate.hidden",
  weight: "candidate.weight",
  scale: "candidate.scale",
  bias: "candidate.bias",
} as const;

/**
 * The inputs of a step over candidates: `ids` [candidates]; `hidden` [batch, candidates], -Infinity for what is not a
 * candidate of a sentence; in place of the output matrix `weight`, [candidates, d] or in int8 [d, candidates] with `scale`
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
    [CANDIDATE.hidden]: { shape: [batch, "candidates"], dtype: "float32" },
    [CANDIDATE.weight]: precision === "int8"
      ? { shape: [model.width, "candidates"], dtype: "uint8" }
      : { shape: ["candidates", model.width], dtype: "float32" },
    ...precision === "int8" ? { [CANDIDATE.scale]: vector } : {},
    ...model.outputBias ? { [CANDIDATE.bias]: vector } : {},
  };
}

/** Makes these inputs for sentences of source ids; there are `least` candidates or more. */
export type Choose = (
  sentences: readonly Int32Array[],
  least: number,
) => HostTensors;

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
  return (sentences, least) => {
    const { ids, hidden } = candidatesOf(shortlist, sentences, least);
    return {
      [CANDIDATE.ids]: { shape: [ids.length], data: ids },
      [CANDIDATE.hidden]: {
        shape: [sentences.length, ids.length],
        data: hidden,
      },
      ...matrix(ids),
      ...model.outputBias
        ? { [CANDIDATE.bias]: rows(weights["output.bias"], ids) }
        : {},
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
  ids.forEach((id, row) =>
    chosen.set(data.subarray(id * size, (id + 1) * size), row * size)
  );
  return { shape: shape.with(0, ids.length), data: chosen };
}

/** Columns of a matrix [count, all]. */
function columns(
  matrix: Uint8Array,
  count: number,
  ids: Int32Array,
): HostTensor {
  const all = matrix.length / count;
  const chosen = new Uint8Array(count * ids.length);
  for (let row = 0, at = 0; row < count; row++) {
    for (const id of ids) chosen[at++] = matrix[row * all + id];
  }
  return { shape: [count, ids.length], data: chosen };
}
