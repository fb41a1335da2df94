/** A batch as inputs of a program: a row a token, and where the heads of its tokens lie among those of their sentences. */
import type { Model } from "../../schemas/experiment/model.ts";
import type {
  HostTensor,
  HostTensors,
  Spec,
  Tensor,
  Tensors,
} from "../tensor/program.ts";
import type { Batch } from "../text/subwords/batches.ts";
import { type Arrangement, packed } from "./arrangement.ts";
import { MASKED } from "./layers.ts";

export type SideName = "source" | "target";

const SIDES = ["source", "target"] as const;

/** The symbolic size of what has a row a token of a side. */
export const rowsSymbol = (side: SideName) => `${side}Rows`;

/** The input that hides the source's padding from attention. */
const PADDING = "source padding";

type Heads = Pick<Model, "heads">;

/**
 * The inputs of a batch: for each side the id of each row, its position in its sentence, and the places of its heads
 * (`Places`). Targets begin with the begin id.
 */
export function batchInputs({ heads }: Heads): Record<string, Spec> {
  const int32 = (...shape: (number | string)[]): Spec => ({
    shape,
    dtype: "int32",
  });
  const sides = SIDES.flatMap((side) =>
    Object.entries({
      [side]: int32(rowsSymbol(side)),
      [`${side} positions`]: int32(rowsSymbol(side)),
      [`${side} split`]: int32("batch", heads, side),
      [`${side} join`]: int32(rowsSymbol(side), heads),
    })
  );
  return {
    ...Object.fromEntries(sides),
    [PADDING]: { shape: ["batch", 1, 1, "source"], dtype: "float32" },
  };
}

/** The input that has the id that each target row is to say; sentences end with the end id. */
export const labelInputs: Readonly<Record<string, Spec>> = {
  labels: { shape: [rowsSymbol("target")], dtype: "int32" },
};

/** A batch as the inputs of `batchInputs` and `labelInputs`. */
export function batchTensors(batch: Batch, { heads }: Heads): HostTensors {
  const { source, target, labels, sourceLengths, targetLengths } = batch;
  const sourceSide = sidePacking(sourceLengths, batch.sourceLength);
  const targetSide = sidePacking(targetLengths, batch.targetLength);
  return {
    ...sideTensors("source", source, sourceSide, heads),
    ...sideTensors("target", target, targetSide, heads),
    labels: vector(idsOf(labels, targetSide)),
    [PADDING]: hiddenPadding(sourceLengths, batch.sourceLength),
  };
}

/** What is added to the scores of sentences of some positions, [batch, 1, 1, time]: it hides the padding after them. */
export function hiddenPadding(
  lengths: ArrayLike<number>,
  time: number,
): HostTensor {
  const batch = lengths.length;
  const data = new Float32Array(batch * time);
  for (let row = 0; row < batch; row++) {
    data.fill(MASKED, row * time + lengths[row], (row + 1) * time);
  }
  return { shape: [batch, 1, 1, time], data };
}

/** A row for each token, sentence after sentence; then the rows of padding, where the rectangle has padding. */
interface Packing {
  readonly time: number;
  /** Of each row the place in the rectangle [batch, time]; of padding's rows one of its places. */
  readonly places: Int32Array<ArrayBuffer>;
  /** Of each place in the rectangle the row; of padding the last one. */
  readonly rows: Int32Array<ArrayBuffer>;
}

/**
 * Rows are filled up to a multiple of this where there is padding, which is in nearly all batches: OpenVINO prepares its
 * products anew for each size that it has not met.
 */
const MULTIPLE = 32;

/** Rows that a side of a batch takes; where there is padding it has at least one. */
export function packedRows(lengths: Int32Array, time: number): number {
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  return tokens === lengths.length * time
    ? tokens
    : Math.ceil((tokens + 1) / MULTIPLE) * MULTIPLE;
}

function sidePacking(lengths: Int32Array, time: number): Packing {
  const count = packedRows(lengths, time);
  const places = new Int32Array(count);
  const rows = new Int32Array(lengths.length * time).fill(count - 1);
  let row = 0;
  lengths.forEach((length, sentence) => {
    const first = sentence * time;
    for (let place = first; place < first + length; place++) {
      rows[place] = row;
      places[row++] = place;
    }
    if (length < time) places.fill(first + length, row);
  });
  return { time, places, rows };
}

/** The ids of the rows, out of a rectangle. */
const idsOf = (rectangle: Int32Array, { places }: Packing) =>
  places.map((place) => rectangle[place]);

function sideTensors(
  side: SideName,
  ids: Int32Array,
  packing: Packing,
  heads: number,
): HostTensors {
  const { time, places, rows } = packing;
  const batch = rows.length / time;
  const split = new Int32Array(batch * heads * time);
  const join = new Int32Array(places.length * heads);
  for (let head = 0; head < heads; head++) {
    for (let place = 0; place < rows.length; place++) {
      const above = Math.floor(place / time) * (heads - 1) + head;
      split[place + above * time] = rows[place] * heads + head;
    }
    for (let row = 0; row < places.length; row++) {
      const above = Math.floor(places[row] / time) * (heads - 1) + head;
      join[row * heads + head] = places[row] + above * time;
    }
  }
  return {
    [side]: vector(idsOf(ids, packing)),
    [`${side} positions`]: vector(places.map((place) => place % time)),
    [`${side} split`]: { shape: [batch, heads, time], data: split },
    [`${side} join`]: { shape: [places.length, heads], data: join },
  };
}

const vector = (data: Int32Array<ArrayBuffer>): HostTensor => ({
  shape: [data.length],
  data,
});

/** A side of a batch as a program sees it. */
export interface Side {
  /** [rows]. */
  readonly ids: Tensor;
  /** Of each row in its sentence, from 0, [rows]. */
  readonly positions: Tensor;
  /** Tokens of the longest sentence. */
  readonly time: number;
  readonly arrangement: Arrangement;
}

/** A side, of the inputs of a program. */
export function sideOf(inputs: Tensors, side: SideName): Side {
  const split = inputs[`${side} split`];
  return {
    ids: inputs[side],
    positions: inputs[`${side} positions`],
    time: split.shape[2] ?? 0,
    arrangement: packed({ split, join: inputs[`${side} join`] }),
  };
}

/** What hides the source's padding, [batch, 1, 1, source]: added to the scores of attention. */
export const paddingBias = (inputs: Tensors): Tensor => inputs[PADDING];
