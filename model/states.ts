/** The teacher's hidden states of a corpus: recorded once into shards, read back a batch at a time. */
import { inputError } from "../schemas/errors.ts";
import type { Distillation, Model } from "../schemas/model.ts";
import {
  readSafetensorsHeader,
  type StoredRange,
  type StoredTensor,
  writeSafetensors,
} from "../schemas/safetensors.ts";
import type {
  HostTensor,
  HostTensors,
  Program,
  Runtime,
} from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import { type Batch, makeBatch } from "../text/batches.ts";
import type { Side, Tokens } from "../text/tokens.ts";
import { isThere, type SavedModel } from "./checkpoint.ts";
import { noDropout } from "./layers.ts";
import { parameterShapes } from "./parameters.ts";
import {
  batchTensors,
  FINAL_STATE,
  slots,
  stateInput,
  TEACHER_EMBEDDING,
} from "./step.ts";
import { decode, encode } from "./transformer.ts";

/** Which of the teacher's layers are recorded, counted from 1; its final decoder state always is. */
export interface RecordedLayers {
  readonly encoder: readonly number[];
  readonly decoder: readonly number[];
}

/** Pairs a shard holds; a recording that stopped goes on after its last whole shard. */
const SHARD_PAIRS = 2048;
/** Tokens of a batch of the recording, padding included. */
const BATCH_TOKENS = 4096;

const shardPath = (folder: string, shard: number) =>
  `${folder}/${String(shard).padStart(5, "0")}.safetensors`;
const FINAL = "final";

/**
 * The teacher without dropout: layers leave as float16, since they are only compared after normalisation; the final
 * state leaves as float32, so that the soft targets are exactly the teacher's.
 */
function statesProgram(
  model: Model,
  vocabulary: number,
  layers: RecordedLayers,
): Program {
  const shapes = parameterShapes(model, vocabulary);
  const named = (side: "encoder" | "decoder") =>
    layers[side].map((layer) => `${side}.${layer}`);
  return {
    name: "states",
    inputs: {
      source: { shape: ["batch", "source"], dtype: "int32" },
      target: { shape: ["batch", "target"], dtype: "int32" },
      ...Object.fromEntries(
        Object.entries(shapes).map((
          [name, shape],
        ) => [slots.weight + name, { shape, dtype: "float32" }]),
      ),
    },
    outputTypes: Object.fromEntries(
      [...named("encoder"), ...named("decoder")].map((
        name,
      ) => [name, "float16"]),
    ),
    build: (inputs, { batch }) => {
      const parameters = Object.fromEntries(
        Object.keys(shapes).map((name) => [name, inputs[slots.weight + name]]),
      );
      const encoded = encode(model, parameters, inputs.source, noDropout);
      const decoded = decode(
        model,
        parameters,
        inputs.target,
        encoded,
        noDropout,
      );
      const apart = (x: typeof encoded.output) =>
        tf.reshape(x, [batch, (x.shape[0] ?? 0) / batch, model.width]);
      return {
        ...Object.fromEntries(
          layers.encoder.map((
            layer,
          ) => [`encoder.${layer}`, apart(encoded.layers[layer - 1])]),
        ),
        ...Object.fromEntries(
          layers.decoder.map((
            layer,
          ) => [`decoder.${layer}`, apart(decoded.layers[layer - 1])]),
        ),
        [FINAL]: apart(decoded.output),
      };
    },
  };
}

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
  const shards = Math.ceil(tokens.pairs / SHARD_PAIRS);
  for (let shard = 0; shard < shards; shard++) {
    const first = shard * SHARD_PAIRS;
    const end = Math.min(first + SHARD_PAIRS, tokens.pairs);
    const path = shardPath(folder, shard);
    if (!isThere(path)) {
      const store = emptyShard(model, tokens, job.layers, first, end);
      for (const pairs of batchesByLength(tokens, first, end)) {
        const batch = makeBatch(tokens, pairs);
        const { sourceLength, targetLength } = batch;
        const results = await executable.run(batchTensors(batch));
        for (const [name, { data }] of Object.entries(store)) {
          const side = name.startsWith("encoder")
            ? tokens.source
            : tokens.target;
          const time = name.startsWith("encoder") ? sourceLength : targetLength;
          pairs.forEach((pair, row) => {
            const start = row * time * model.width;
            const length = rowsOf(side, pair) * model.width;
            data.set(
              results[name].data.subarray(start, start + length),
              (rowAt(side, pair) - rowAt(side, first)) * model.width,
            );
          });
        }
      }
      writeSafetensors(path, store);
    }
    job.report({ pairs: end, of: tokens.pairs });
  }
  await executable.dispose();
}

function emptyShard(
  model: Model,
  tokens: Tokens,
  layers: RecordedLayers,
  first: number,
  end: number,
): Record<string, StoredTensor> {
  const rows = (side: Side) => rowAt(side, end) - rowAt(side, first);
  const half = (side: Side): StoredTensor => ({
    shape: [rows(side), model.width],
    data: new Float16Array(rows(side) * model.width),
  });
  return {
    ...Object.fromEntries(
      layers.encoder.map((layer) => [`encoder.${layer}`, half(tokens.source)]),
    ),
    ...Object.fromEntries(
      layers.decoder.map((layer) => [`decoder.${layer}`, half(tokens.target)]),
    ),
    [FINAL]: {
      shape: [rows(tokens.target), model.width],
      data: new Float32Array(rows(tokens.target) * model.width),
    },
  };
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
  /** The teacher's inputs of a step (`teacherInputs`) for a batch of the corpus that was recorded. */
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
  return {
    read: (batch) => {
      const inputs: Record<string, HostTensor> = {};
      for (const { name, input, side } of wanted) {
        const time = side === "source"
          ? batch.sourceLength
          : batch.targetLength;
        const size = batch.rows * time * teacher.width;
        const data = name === FINAL
          ? new Float32Array(size)
          : new Float16Array(size);
        const rowBytes = teacher.width * data.BYTES_PER_ELEMENT;
        batch.pairs.forEach((pair, row) => {
          const bytes = rowsOf(tokens[side], pair) * rowBytes;
          readRows(
            name,
            tokens[side],
            pair,
            new Uint8Array(data.buffer, row * time * rowBytes, bytes),
          );
        });
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
