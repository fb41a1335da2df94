/** The teacher's hidden states of a corpus: recorded once into shards, read back a batch at a time. */
import { inputError } from "../schemas/errors.ts";
import type { Distillation } from "../schemas/distillation.ts";
import type { Model } from "../schemas/model.ts";
import {
  readSafetensorsHeader,
  type StoredRange,
} from "../schemas/safetensors.ts";
import {
  elements,
  type HostTensor,
  type HostTensors,
  type Runtime,
} from "../tensor/program.ts";
import { type Batch, makeBatch } from "../text/batches.ts";
import type { Side, Tokens } from "../text/tokens.ts";
import { isThere, type SavedModel } from "./checkpoint.ts";
import { parameterShapes } from "./parameters.ts";
import { type Memory, reusedMemory } from "./memory.ts";
import { createShard, type Matrix } from "./shards.ts";
import { FINAL, type RecordedLayers, statesProgram } from "./states_program.ts";
import { FINAL_STATE, stateInput, TEACHER_EMBEDDING } from "./distillation.ts";
import { batchTensors, slots } from "./inputs.ts";

/** Pairs a shard holds; a recording that stopped goes on after its last whole shard. */
const SHARD_PAIRS = 2048;
/** Tokens of a side of a batch of the recording, padding included: what is between two products stays in the cache. */
const BATCH_TOKENS = 1024;

const shardPath = (folder: string, shard: number) =>
  `${folder}/${String(shard).padStart(5, "0")}.safetensors`;

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
 * Records the states of every pair into `folder`: one safetensors file for each 2,048 pairs, with the tensors
 * `encoder.I`, `decoder.I` [tokens, d] of float16 and `final` [tokens, d] of float32. Tokens of a sentence lie together,
 * sentences in the order of the corpus. Shards that are there already are kept.
 */
export async function recordStates(job: RecordingJob): Promise<void> {
  const { teacher: { model, vocabulary, weights }, tokens, folder } = job;
  const shapes = parameterShapes(model, vocabulary);
  const constants = Object.fromEntries(
    Object.entries(shapes).map((
      [name, shape],
    ) => [slots.weight + name, { shape, data: weights[name] }]),
  );
  const program = statesProgram(model, vocabulary, job.layers);
  const executable = await job.runtime.compile(program, {
    constants,
    threads: job.threads,
  });
  const memory = reusedMemory();
  const shards = Math.ceil(tokens.pairs / SHARD_PAIRS);
  /** The disk takes its time to have a shard for good; the next one is computed meanwhile. */
  let finishing = Promise.resolve();
  for (let shard = 0; shard < shards; shard++) {
    const first = shard * SHARD_PAIRS;
    const end = Math.min(first + SHARD_PAIRS, tokens.pairs);
    const path = shardPath(folder, shard);
    let finish = () => Promise.resolve();
    if (!isThere(path)) {
      const matrices = matricesOf(model, tokens, job.layers, first, end);
      const writer = createShard(path, matrices);
      for (const pairs of batchesByLength(tokens, first, end)) {
        const batch = makeBatch(tokens, pairs);
        const { source, target } = batchTensors(batch);
        const outputs = outputsOf(memory, matrices, batch);
        await executable.run({ source, target }, outputs);
        for (const [name, { data, shape }] of Object.entries(outputs)) {
          const side = tokens[sideOf(name)];
          if (!(data instanceof Float16Array || data instanceof Float32Array)) {
            throw new Error(`Unexpected type of ${name}`);
          }
          pairs.forEach((pair, row) => {
            const start = row * shape[1] * model.width;
            writer.write(
              name,
              rowAt(side, pair) - rowAt(side, first),
              data.subarray(start, start + rowsOf(side, pair) * model.width),
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

/** Which side's tokens are the rows of a tensor of a shard. */
const sideOf = (name: string) =>
  name.startsWith("encoder") ? "source" : "target";

function matricesOf(
  model: Model,
  tokens: Tokens,
  layers: RecordedLayers,
  first: number,
  end: number,
): Record<string, Matrix> {
  const matrix = (side: Side, dtype: Matrix["dtype"]): Matrix => ({
    dtype,
    rows: rowAt(side, end) - rowAt(side, first),
    width: model.width,
  });
  return {
    ...Object.fromEntries(
      layers.encoder.map((
        layer,
      ) => [`encoder.${layer}`, matrix(tokens.source, "F16")]),
    ),
    ...Object.fromEntries(
      layers.decoder.map((
        layer,
      ) => [`decoder.${layer}`, matrix(tokens.target, "F16")]),
    ),
    [FINAL]: matrix(tokens.target, "F32"),
  };
}

/** The tensors that take the states of a batch, over memory that is used again for the next batch. */
function outputsOf(
  memory: Memory,
  matrices: Readonly<Record<string, Matrix>>,
  batch: Batch,
): HostTensors {
  return Object.fromEntries(
    Object.entries(matrices).map(([name, { dtype, width }]) => {
      const time = sideOf(name) === "source"
        ? batch.sourceLength
        : batch.targetLength;
      const shape = [batch.rows, time, width];
      const size = elements(shape);
      const { buffer } = memory.take(name, size * (dtype === "F16" ? 2 : 4));
      const data = dtype === "F16"
        ? new Float16Array(buffer, 0, size)
        : new Float32Array(buffer, 0, size);
      return [name, { shape, data }];
    }),
  );
}

/** Positions of a sentence: its subwords and the begin or end of sentence. */
const rowsOf = (side: Side, pair: number) =>
  side.offsets[pair + 1] - side.offsets[pair] + 1;
/** Positions of all sentences before a pair. */
const rowAt = (side: Side, pair: number) => side.offsets[pair] + pair;

/** Pairs first to end, sorted by length and cut into batches: padding costs time and leaves no trace. */
function batchesByLength(
  tokens: Tokens,
  first: number,
  end: number,
): Int32Array[] {
  const length = (pair: number) =>
    Math.max(rowsOf(tokens.source, pair), rowsOf(tokens.target, pair));
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

/** Reads the states of any batch by position, so that memory holds a batch and not the corpus. */
export interface States {
  /**
   * The teacher's inputs of a step (`teacherInputs`) for a batch of the corpus that was recorded, valid until the read
   * after the next one.
   */
  read(batch: Batch): HostTensors;
  close(): void;
}

/**
 * Opens recorded states for a distillation. Fails as an input error on a shard that is missing, corrupt, of another
 * corpus or of another width, and on a layer that was not recorded.
 */
export function openStates(
  folder: string,
  tokens: Tokens,
  teacher: Model,
  distillation: Distillation,
): States {
  const wanted: { name: string; input: string; side: "source" | "target" }[] =
    [];
  if (distillation.beta > 0) {
    for (
      const [stack, side] of [["encoder", "source"], [
        "decoder",
        "target",
      ]] as const
    ) {
      for (const layer of new Set(distillation[stack].flat())) {
        wanted.push({
          name: `${stack}.${layer}`,
          input: stateInput(stack, layer),
          side,
        });
      }
    }
  }
  if (distillation.alpha > 0) {
    wanted.push({ name: FINAL, input: FINAL_STATE, side: "target" });
  }
  const shards = Array.from(
    { length: Math.ceil(tokens.pairs / SHARD_PAIRS) },
    (_, shard) => {
      const path = shardPath(folder, shard);
      const what = `states shard ${shard}`;
      const { ranges } = readSafetensorsHeader(path, what);
      const first = shard * SHARD_PAIRS;
      const end = Math.min(first + SHARD_PAIRS, tokens.pairs);
      for (const { name, side } of wanted) {
        const rows = rowAt(tokens[side], end) - rowAt(tokens[side], first);
        const found = ranges[name];
        const dtype = name === FINAL ? "F32" : "F16";
        if (
          found?.shape.join() !== `${rows},${teacher.width}` ||
          found.dtype !== dtype
        ) {
          throw inputError(
            `Cannot use ${what}: expected tensor "${name}" of ${dtype} [${rows},${teacher.width}], found ${
              found === undefined
                ? `only ${Object.keys(ranges).join(", ")}`
                : `${found.dtype} [${found.shape}]`
            }; record the states again with "deno task pipeline --only states --force".`,
          );
        }
      }
      return { path, ranges, first };
    },
  ).map((shard) => ({ ...shard, file: Deno.openSync(shard.path) })); // once all are sound, or they would stay open
  const readRows = (
    name: string,
    side: Side,
    pair: number,
    into: Uint8Array,
  ) => {
    const { file, ranges, first } = shards[Math.floor(pair / SHARD_PAIRS)];
    const range: StoredRange = ranges[name];
    const rowBytes = range.bytes / range.shape[0];
    file.seekSync(
      range.position + (rowAt(side, pair) - rowAt(side, first)) * rowBytes,
      Deno.SeekMode.Start,
    );
    for (let read = 0; read < into.length;) {
      const count = file.readSync(into.subarray(read));
      if (count === null) {
        throw inputError(
          `Cannot read the states of pair ${pair}: their shard ended early.`,
        );
      }
      read += count;
    }
  };
  // Two of each: a batch may be read ahead while a step runs on the one before.
  const memories = [reusedMemory(), reusedMemory()];
  return {
    read: (batch) => {
      memories.reverse();
      const [memory] = memories;
      const inputs: Record<string, HostTensor> = {};
      for (const { name, input, side } of wanted) {
        const time = side === "source"
          ? batch.sourceLength
          : batch.targetLength;
        const size = batch.rows * time * teacher.width;
        const rowBytes = teacher.width * (name === FINAL ? 4 : 2);
        const bytes = memory.take(name, batch.rows * time * rowBytes);
        batch.pairs.forEach((pair, row) => {
          const start = row * time * rowBytes;
          const padding = start + rowsOf(tokens[side], pair) * rowBytes;
          readRows(
            name,
            tokens[side],
            pair,
            bytes.subarray(start, padding),
          );
          bytes.fill(0, padding, start + time * rowBytes);
        });
        const data = name === FINAL
          ? new Float32Array(bytes.buffer, 0, size)
          : new Float16Array(bytes.buffer, 0, size);
        inputs[input] = { shape: [batch.rows, time, teacher.width], data };
      }
      return inputs;
    },
    close: () => shards.forEach(({ file }) => file.close()),
  };
}

/** What a distillation reads of its teacher at every step, and what of it never changes. */
export interface Lessons extends States {
  /** The teacher's embedding, from which soft targets are recomputed. */
  readonly constants: HostTensors;
}

/** The lessons of a teacher whose states of these tokens were recorded in `folder`. */
export function lessonsOf(
  { weights, model, vocabulary }: SavedModel,
  folder: string,
  tokens: Tokens,
  distillation: Distillation,
): Lessons {
  const embedding = {
    shape: [vocabulary, model.width],
    data: weights.embedding,
  };
  return {
    ...openStates(folder, tokens, model, distillation),
    constants: distillation.alpha > 0 ? { [TEACHER_EMBEDDING]: embedding } : {},
  };
}
