/**
 * Chooses the neurons of a feed-forward block that can be left out, and refits the map behind them (optimal brain surgeon,
 * Hassibi and Stork 1993, with whole neurons as in ZipLM, Kurtic et al. 2023).
 */

import { inputError } from "../../base/input_error.ts";

/** The outer map of a block, y = h W + b, and what is known of the activations h that it reads. */
export interface OuterMap {
  /** (h, 1)^T (h, 1), summed over tokens, up to a factor: [neurons + 1, neurons + 1]. */
  readonly gram: Float64Array;
  /** W [neurons, d]. */
  readonly weight: Float32Array;
  /** b [d]. */
  readonly bias: Float32Array;
}

export interface KeptNeurons {
  /** Their numbers, from 0, ascending. */
  readonly neurons: readonly number[];
  /** The refitted map, [neurons, d] and [d]. */
  readonly weight: Float32Array<ArrayBuffer>;
  readonly bias: Float32Array<ArrayBuffer>;
}

/** Added to the diagonal of the Gram matrix, as a share of its mean: neurons that never fire leave it singular. */
const RIDGE = 1e-3;

/**
 * Leaves out, one after the other, the neuron without which the squared error of y is least, where the map of all others is
 * the least-squares one each time.
 *
 * @param count how many neurons are kept
 * @throws An input error where a number is not finite.
 */
export function keptNeurons(
  { gram, weight, bias }: OuterMap,
  count: number,
): KeptNeurons {
  const d = bias.length, neurons = weight.length / d;
  // The constant 1 is one more neuron, which stays.
  const rows = neurons + 1, columns = rows + d;
  const system = normalEquations(gram, [...rowsOf(weight, d), bias]);
  for (let pivot = 0; pivot < rows; pivot++) sweep(system, columns, pivot);
  const kept = new Set(Array.from({ length: neurons }, (_, j) => j));
  /** By how much the error grows without a neuron: the square of its row of W over its element of the inverse. */
  const error = (j: number) => {
    const at = j * columns;
    let sum = 0;
    for (let c = at + rows; c < at + columns; c++) sum += system[c] ** 2;
    return sum / system[at + j];
  };
  while (kept.size > count) {
    let least = Infinity, next = -1;
    for (const j of kept) {
      const grown = error(j);
      if (grown < least) [least, next] = [grown, j];
    }
    if (next < 0) {
      throw inputError(
        "Cannot prune a feed-forward block: expected weights and activations that are finite numbers, found others; train or import the model again.",
      );
    }
    sweep(system, columns, next);
    kept.delete(next);
  }
  const solution = (j: number) =>
    Float32Array.from(system.subarray(j * columns + rows, (j + 1) * columns));
  const refitted = new Float32Array(count * d);
  [...kept].forEach((j, i) => refitted.set(solution(j), i * d));
  return { neurons: [...kept], weight: refitted, bias: solution(neurons) };
}

function rowsOf(matrix: Float32Array, d: number): Float32Array[] {
  return Array.from(
    { length: matrix.length / d },
    (_, j) => matrix.subarray(j * d, (j + 1) * d),
  );
}

/** G and G W side by side, [n, n + d], with the ridge in both. */
function normalEquations(
  gram: Float64Array,
  map: readonly Float32Array[],
): Float64Array {
  const n = map.length, d = map[0].length, columns = n + d;
  let trace = 0;
  for (let j = 0; j < n; j++) trace += gram[j * n + j];
  const system = new Float64Array(n * columns);
  for (let i = 0; i < n; i++) {
    const row = system.subarray(i * columns, (i + 1) * columns);
    row.set(gram.subarray(i * n, (i + 1) * n));
    row[i] += RIDGE * trace / n;
    for (let j = 0; j < n; j++) {
      const factor = row[j];
      if (factor === 0) continue;
      for (let c = 0; c < d; c++) row[n + c] += factor * map[j][c];
    }
  }
  return system;
}

/**
 * Solves a system for one more of its unknowns, in place, or for one less where it was solved for that already (the sweep
 * operator, Goodnight 1979). Where it is solved for all, G has become its inverse and G W has become W.
 */
function sweep(system: Float64Array, columns: number, pivot: number): void {
  const start = pivot * columns;
  const own = system.subarray(start, start + columns);
  const scale = 1 / own[pivot];
  for (let at = 0; at < system.length; at += columns) {
    if (at === start) continue;
    const factor = system[at + pivot] * scale;
    if (factor === 0) continue;
    for (let c = 0; c < columns; c++) system[at + c] -= factor * own[c];
    system[at + pivot] = -factor;
  }
  for (let c = 0; c < columns; c++) own[c] *= scale;
  own[pivot] = scale;
}
