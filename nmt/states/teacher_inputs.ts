/** The teacher's inputs of a student's step: for a batch, a tensor a signal, in memory that is used again. */
import { elements, type HostTensor } from "../tensor/program.ts";
import type { Batch } from "../text/subwords/batches.ts";
import { growingArray } from "../growing_array.ts";
import { withPadding } from "./padding.ts";
import { batchLayout, type Blocks, TYPES } from "./pair_blocks.ts";
import { signalInput } from "./teacher_signals.ts";

/** The buffer of each signal by name, used again by the next batch: asking the system for it costs more than its use. */
export type Buffers = Readonly<
  Record<string, (bytes: number) => Uint8Array<ArrayBuffer>>
>;

/** A buffer for each signal. */
export const buffersOf = (signals: readonly Blocks[]): Buffers =>
  Object.fromEntries(
    signals.map(({ name }) => [name, growingArray(Uint8Array)]),
  );

/** The inputs of a batch, and how the matrix of each row is put into them. */
export interface TeacherInputs {
  /** By the names of `signalInput`. */
  readonly tensors: Readonly<Record<string, HostTensor>>;
  /** Lets `fill` write the bytes of a row's own matrix of a signal, and adds the padding, which is 0. */
  fill(signal: Blocks, row: number, fill: (into: Uint8Array) => void): void;
}

/** A function that lays out the inputs of a batch; they are valid until the layout after the next one. */
export function teacherInputs(
  signals: readonly Blocks[],
): (batch: Batch) => TeacherInputs {
  // Two of each: a batch may be read ahead while a step runs on the one before.
  const inTurn = [buffersOf(signals), buffersOf(signals)];
  return (batch) => {
    inTurn.reverse();
    const [buffers] = inTurn;
    const layouts = Object.fromEntries(
      signals.map((each) => [each.name, batchLayout(each, batch)]),
    );
    const tensors = Object.fromEntries(signals.map((each) => {
      const { shape, starts } = layouts[each.name];
      const { bytes, array } = TYPES[each.dtype];
      const size = elements(shape);
      const { buffer } = buffers[each.name](size * bytes);
      const data = new array(buffer, 0, size);
      data.fill(0, starts[batch.rows]);
      return [signalInput(each.name), { shape, data }];
    }));
    return {
      tensors,
      fill: (signal, row, fill) => {
        const { data: { buffer } } = tensors[signalInput(signal.name)];
        const { starts, width } = layouts[signal.name];
        const { rows, columns } = signal.shape(batch.pairs[row]);
        const { bytes } = TYPES[signal.dtype];
        const size = (starts[row + 1] - starts[row]) * bytes;
        const matrix = new Uint8Array(buffer, starts[row] * bytes, size);
        fill(matrix.subarray(0, rows * columns * bytes));
        withPadding(matrix, {
          rows,
          columns: columns * bytes,
          width: width * bytes,
        });
      },
    };
  };
}
