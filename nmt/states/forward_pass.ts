/** The teacher's forward pass over pairs of a corpus: each pair's matrix of each signal. */
import type { Signals } from "../../schemas/experiment/distillation.ts";
import { elements, type HostTensor, type Runtime } from "../tensor/program.ts";
import {
  type Batch,
  batchesByLength,
  makeBatch,
} from "../text/subwords/batches.ts";
import type { Tokens } from "../text/subwords/tokens.ts";
import type { SavedModel } from "../transformer/checkpoint.ts";
import { parameterShapes } from "../transformer/parameters.ts";
import { batchTensors } from "../transformer/batch_inputs.ts";
import { slots, slotTensors } from "../training/step_inputs.ts";
import { type Buffers, buffersOf } from "./teacher_inputs.ts";
import { withoutPadding } from "./padding.ts";
import {
  type BatchLayout,
  batchLayout,
  type Blocks,
  blocksOf,
  TYPES,
} from "./pair_blocks.ts";
import { statesProgram } from "./states_program.ts";
import { teacherSignals } from "./teacher_signals.ts";

/** Tokens of a side of a batch, padding included: half as many are a tenth slower on captions, twice as many take 0.2 GB more. */
export const STATES_BATCH_TOKENS = 2048;

export interface ForwardPassJob {
  readonly runtime: Runtime;
  readonly threads?: number;
  readonly teacher: SavedModel;
  readonly tokens: Tokens;
  readonly signals: Signals;
}

export type Numbers = Float16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

export interface ForwardPass {
  readonly signals: readonly Blocks[];
  /** Calls `take` with the matrix of each signal of `pairs[index]`, for each index, in any order; valid during the call. */
  run(
    pairs: ArrayLike<number>,
    take: (signal: Blocks, index: number, matrix: Numbers) => void,
  ): Promise<void>;
  dispose(): Promise<void>;
}

/** Compiles the teacher's forward pass. */
export async function forwardPass(
  { runtime, threads, teacher, tokens, signals: wanted }: ForwardPassJob,
): Promise<ForwardPass> {
  const { model, vocabulary, weights } = teacher;
  const shapes = parameterShapes(model, vocabulary);
  const constants = slotTensors(shapes, slots.weight, weights);
  const program = statesProgram(model, vocabulary, wanted);
  const executable = await runtime.compile(program, { constants, threads });
  const signals = teacherSignals(wanted, model.width)
    .map((each) => blocksOf(each, tokens));
  const buffers = buffersOf(signals);
  return {
    signals,
    run: async (pairs, take) => {
      for (
        const indices of batchesByLength(
          tokens,
          pairs,
          STATES_BATCH_TOKENS,
        )
      ) {
        const batch = makeBatch(
          tokens,
          Int32Array.from(indices, (index) => pairs[index]),
        );
        const outputs = outputsOf(buffers, signals, batch);
        await executable.run(batchTensors(batch, model), outputs);
        for (const each of signals) {
          const { data, starts, width } = outputs[each.name];
          indices.forEach((index, row) => {
            const { rows, columns } = each.shape(pairs[index]);
            const matrix = data.subarray(starts[row], starts[row + 1]);
            withoutPadding(matrix, { rows, columns, width });
            take(each, index, matrix.subarray(0, rows * columns));
          });
        }
      }
    },
    dispose: () => executable.dispose(),
  };
}

/** The tensors that take the outputs of a batch. */
function outputsOf(
  buffers: Buffers,
  signals: readonly Blocks[],
  batch: Batch,
): Record<string, HostTensor & BatchLayout & { readonly data: Numbers }> {
  return Object.fromEntries(signals.map((each) => {
    const layout = batchLayout(each, batch);
    const { bytes, array } = TYPES[each.dtype];
    const size = elements(layout.shape);
    const { buffer } = buffers[each.name](size * bytes);
    return [each.name, { ...layout, data: new array(buffer, 0, size) }];
  }));
}
