/** Sharded states: records the teacher's signals of a corpus once, and reads them back a batch at a time. */
import { isFile } from "../../base/stat.ts";
import type {
  Distillation,
  RecordedLayers,
} from "../../schemas/experiment/distillation.ts";
import type { Model } from "../../schemas/experiment/model.ts";
import {
  elements,
  type HostTensor,
  type HostTensors,
  type Runtime,
} from "../tensor/program.ts";
import { type Batch, makeBatch } from "../text/subwords/batches.ts";
import { sentenceIdsOf, type Tokens } from "../text/subwords/tokens.ts";
import type { SavedModel } from "../transformer/checkpoint.ts";
import { TEACHER_EMBEDDING } from "../distillation/loss.ts";
import { batchTensors, slots, slotTensors } from "../training/step_inputs.ts";
import { growingArray } from "../growing_array.ts";
import { openFiles } from "./open_files.ts";
import {
  type Blocks,
  blocksOf,
  matricesOf,
  paddedShape,
  positions,
  SENTENCES,
  TYPES,
} from "./pair_blocks.ts";
import { withoutPadding, withPadding } from "./padding.ts";
import { embeddingNames, parameterShapes } from "../transformer/parameters.ts";
import { signalInput, signalsRead, teacherSignals } from "./teacher_signals.ts";
import { checkedShard, SHARD_PAIRS, shardPath } from "./checked_shard.ts";
import { createShard } from "./shards.ts";
import { statesProgram } from "./states_program.ts";

/** Tokens of a side of a batch, padding included: few enough for intermediate results to stay in the CPU's cache. */
const BATCH_TOKENS = 1024;

export interface RecordingJob {
  readonly runtime: Runtime;
  readonly threads?: number;
  readonly teacher: SavedModel;
  readonly tokens: Tokens;
  readonly layers: RecordedLayers;
  readonly folder: string;
  report(progress: { readonly pairs: number; readonly of: number }): void;
}

/**
 * Records the teacher's signals of every pair into `folder`: one safetensors file for each 2,048 pairs, with the states
 * `encoder.I`, `decoder.I` [tokens, d] of float16 and `final` [tokens, d] of float32. Tokens of a sentence lie together,
 * sentences in the order of the corpus; so do the attention maps `encoder.I.self`, `decoder.I.self` and
 * `decoder.I.cross` [queries * keys of each pair, 1] of float16. `source.sentences` and `target.sentences` [pairs, 2] of
 * int32 are the ids of the sentences. Shards that are there already are kept.
 *
 * @throws An input error for a shard that is there already and damaged or of other sentences.
 */
export async function recordStates(job: RecordingJob): Promise<void> {
  const { teacher: { model, vocabulary, weights }, tokens, folder } = job;
  const shapes = parameterShapes(model, vocabulary);
  const constants = slotTensors(shapes, slots.weight, weights);
  const program = statesProgram(model, vocabulary, job.layers);
  const executable = await job.runtime.compile(program, {
    constants,
    threads: job.threads,
  });
  const tensors = teacherSignals(job.layers, model.width)
    .map((each) => blocksOf(each, tokens));
  const buffers = buffersOf(tensors);
  const shards = Math.ceil(tokens.pairs / SHARD_PAIRS);
  /** Syncing a shard to the disk takes time; the next one is computed meanwhile. */
  let finishing = Promise.resolve();
  for (let shard = 0; shard < shards; shard++) {
    const first = shard * SHARD_PAIRS;
    const end = Math.min(first + SHARD_PAIRS, tokens.pairs);
    const path = shardPath(folder, shard);
    let finish = () => Promise.resolve();
    if (isFile(path)) {
      checkedShard(
        path,
        shard,
        tensors,
        tokens,
        `remove "${path}", and run again`,
      );
    } else {
      const writer = createShard(path, matricesOf(tensors, first, end));
      for (const { name, side } of SENTENCES) {
        writer.write(name, 0, sentenceIdsOf(tokens[side], first, end));
      }
      for (const pairs of batchesByLength(tokens, first, end)) {
        const batch = makeBatch(tokens, pairs);
        const { source, target } = batchTensors(batch);
        const outputs = outputsOf(buffers, tensors, batch);
        await executable.run({ source, target }, outputs);
        for (const each of tensors) {
          const { name, rowsBefore } = each;
          const { shape: [, time, width], data } = outputs[name];
          pairs.forEach((pair, row) => {
            const { rows, columns } = each.shape(pair);
            const start = row * time * width;
            const matrix = data.subarray(start, start + time * width);
            withoutPadding(matrix, { rows, columns, width });
            writer.write(
              name,
              rowsBefore(pair) - rowsBefore(first),
              matrix.subarray(0, rows * columns),
            );
          });
        }
      }
      finish = writer.finish;
    }
    await finishing;
    finishing = finish().then(() =>
      job.report({ pairs: end, of: tokens.pairs })
    );
  }
  await finishing;
  await executable.dispose();
}

type Numbers = Float16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/** The buffer of each tensor by name, used again by the next batch: asking the system for it costs more than its use. */
type Buffers = Readonly<
  Record<string, (bytes: number) => Uint8Array<ArrayBuffer>>
>;

const buffersOf = (tensors: readonly Blocks[]): Buffers =>
  Object.fromEntries(
    tensors.map(({ name }) => [name, growingArray(Uint8Array)]),
  );

/** The tensors that take the outputs of a batch. */
function outputsOf(
  buffers: Buffers,
  tensors: readonly Blocks[],
  batch: Batch,
): Record<string, HostTensor & { readonly data: Numbers }> {
  return Object.fromEntries(tensors.map((each) => {
    const shape = paddedShape(each, batch);
    const { bytes, array } = TYPES[each.dtype];
    const size = elements(shape);
    const { buffer } = buffers[each.name](size * bytes);
    return [each.name, { shape, data: new array(buffer, 0, size) }];
  }));
}

/** Pairs first to end, sorted by length and cut into batches: padding costs time and leaves no trace. */
function batchesByLength(
  tokens: Tokens,
  first: number,
  end: number,
): Int32Array[] {
  const length = (pair: number) =>
    Math.max(positions(tokens.source, pair), positions(tokens.target, pair));
  const pairs = Array.from({ length: end - first }, (_, i) => first + i).sort((
    a,
    b,
  ) => length(a) - length(b) || a - b);
  const batches: Int32Array[] = [];
  let batch: number[] = [];
  for (const pair of pairs) {
    if (batch.length > 0 && length(pair) * (batch.length + 1) > BATCH_TOKENS) {
      batches.push(Int32Array.from(batch));
      batch = [];
    }
    batch.push(pair);
  }
  if (batch.length > 0) batches.push(Int32Array.from(batch));
  return batches;
}

/** Recorded signals, read by position: memory holds a batch and not the corpus. */
export interface States {
  /**
   * The teacher's inputs of a step (`teacherInputs`) for a batch of the corpus that was recorded, 0 at padding; valid
   * until the read after the next one.
   */
  read(batch: Batch): HostTensors;
  close(): void;
}

const AGAIN =
  `record the states again with "deno task pipeline --only states --force"`;

/**
 * Opens the recorded signals of a distillation. The sentence ids of every pair are compared with those of its shard, so
 * that no state is read for another sentence.
 *
 * @throws An input error for a shard that is missing, corrupt, of other sentences or width, or without a layer.
 */
export function openStates(
  folder: string,
  tokens: Tokens,
  teacher: Model,
  distillation: Distillation,
): States {
  const wanted = signalsRead(distillation, teacher.width)
    .map((each) => blocksOf(each, tokens));
  const shards = Array.from(
    { length: Math.ceil(tokens.pairs / SHARD_PAIRS) },
    (_, shard) =>
      checkedShard(shardPath(folder, shard), shard, wanted, tokens, AGAIN),
  );
  const files = openFiles();
  const readBlock = (
    { name, width, rowsBefore, dtype }: Blocks,
    pair: number,
    into: Uint8Array,
  ) => {
    const { path, positions, first } = shards[Math.floor(pair / SHARD_PAIRS)];
    const row = rowsBefore(pair) - rowsBefore(first);
    const position = positions[name] + row * width * TYPES[dtype].bytes;
    files.read(path, position, into, `the states of pair ${pair}`);
  };
  // Two of each: a batch may be read ahead while a step runs on the one before.
  const inTurn = [buffersOf(wanted), buffersOf(wanted)];
  return {
    read: (batch) => {
      inTurn.reverse();
      const [buffers] = inTurn;
      const inputs: Record<string, HostTensor> = {};
      for (const each of wanted) {
        const shape = paddedShape(each, batch);
        const [, time, width] = shape;
        const { bytes, array } = TYPES[each.dtype];
        const all = buffers[each.name](elements(shape) * bytes);
        batch.pairs.forEach((pair, row) => {
          const { rows, columns } = each.shape(pair);
          const start = row * time * width * bytes;
          const matrix = all.subarray(start, start + time * width * bytes);
          readBlock(each, pair, matrix.subarray(0, rows * columns * bytes));
          withPadding(matrix, {
            rows,
            columns: columns * bytes,
            width: width * bytes,
          });
        });
        const data = new array(all.buffer, 0, elements(shape));
        inputs[signalInput(each.name)] = { shape, data };
      }
      return inputs;
    },
    close: files.close,
  };
}

/** The teacher's signals: those that a distillation reads at every step, and those that never change. */
export interface TeacherSignals extends States {
  /** The teacher's output matrix, from which soft targets are recomputed. */
  readonly constants: HostTensors;
}

/** Opens the signals of a teacher that were recorded of these tokens into `folder`. */
export function openTeacherSignals(
  saved: SavedModel,
  folder: string,
  tokens: Tokens,
  distillation: Distillation,
): TeacherSignals {
  return {
    ...openStates(folder, tokens, saved.model, distillation),
    constants: distillation.alpha > 0
      ? { [TEACHER_EMBEDDING]: outputMatrix(saved) }
      : {},
  };
}

/** The output matrix [vocabulary, d], with the bias of the logits, if any, as a last column. */
function outputMatrix({ weights, model, vocabulary }: SavedModel): HostTensor {
  const { width } = model;
  const matrix = weights[embeddingNames(model).output];
  if (!model.outputBias) return { shape: [vocabulary, width], data: matrix };
  const data = new Float32Array(vocabulary * (width + 1));
  for (let id = 0; id < vocabulary; id++) {
    data.set(matrix.subarray(id * width, (id + 1) * width), id * (width + 1));
    data[id * (width + 1) + width] = weights["output.bias"][id];
  }
  return { shape: [vocabulary, width + 1], data };
}
