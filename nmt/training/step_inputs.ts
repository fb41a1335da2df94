/** How batches, parameters and moments enter a program. */
import type { HostTensors, Spec, Tensor, Tensors } from "../tensor/program.ts";
import type { Batch } from "../text/subwords/batches.ts";
import type { Shapes } from "../transformer/parameters.ts";

/** Source and target ids of a batch: `target` begins with the begin id, `labels` end with the end id. */
export const batchInputs: Readonly<Record<string, Spec>> = {
  source: { shape: ["batch", "source"], dtype: "int32" },
  target: { shape: ["batch", "target"], dtype: "int32" },
  labels: { shape: ["batch", "target"], dtype: "int32" },
};

/** A batch as the inputs of `batchInputs`. */
export function batchTensors(batch: Batch): HostTensors {
  const { rows, sourceLength, targetLength } = batch;
  return {
    source: {
      shape: [rows, sourceLength],
      data: batch.source as Int32Array<ArrayBuffer>,
    },
    target: {
      shape: [rows, targetLength],
      data: batch.target as Int32Array<ArrayBuffer>,
    },
    labels: {
      shape: [rows, targetLength],
      data: batch.labels as Int32Array<ArrayBuffer>,
    },
  };
}

/** Names under which a program takes and gives a parameter and its moments. */
export const slots = {
  weight: "weight ",
  first: "first ",
  second: "second ",
} as const;

/** What the name of a parameter or moment that a step gives begins with: it takes the rest of the name. */
export const NEXT = "next ";

/** Parameters or moments as the inputs of a slot. */
export const weightInputs = (
  shapes: Shapes,
  slot: string,
): Record<string, Spec> =>
  Object.fromEntries(
    Object.entries(shapes).map((
      [name, shape],
    ) => [slot + name, { shape, dtype: "float32" } as const]),
  );

/** The parameters or moments of a slot among the inputs of a program. */
export const fromSlot = (
  shapes: Shapes,
  slot: string,
  inputs: Tensors,
): Record<string, Tensor> =>
  Object.fromEntries(
    Object.keys(shapes).map((name) => [name, inputs[slot + name]]),
  );
