/** Named arrays of numbers as a model file has them. */
import type { Refuse } from "../../base/input_file.ts";

/** Values in row-major order. */
export interface NamedArray {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer> | Int8Array<ArrayBuffer>;
}

export type NamedArrays = ReadonlyMap<string, NamedArray>;

/** Marian's name for the configuration, which lies among the weights as text. */
export const CONFIGURATION = "special:model.yml";

/** Fails unless each value is a number. */
export function checkFinite(
  name: string,
  values: Float32Array,
  refuse: Refuse,
): void {
  // A sum of numbers times zero is zero, of anything else it is not.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * 0;
  if (sum === 0) return;
  const at = values.findIndex((value) => !Number.isFinite(value));
  throw refuse(
    `expected numbers in "${name}", found ${values[at]} at position ${at}`,
  );
}
