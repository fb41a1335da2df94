/** Sharded states: records the teacher's signals of a corpus once, and reads them back a batch at a time. */
import { format } from "@std/fmt/bytes";
import { freeBytes } from "../../base/disk_space.ts";
import { inputError } from "../../base/input_error.ts";
import { isFile } from "../../base/stat.ts";
import type {
  Distillation,
  SignalKind,
} from "../../schemas/experiment/distillation.ts";
import type { Model } from "../../schemas/experiment/model.ts";
import type { HostTensor, HostTensors } from "../tensor/program.ts";
import type { Batch } from "../text/subwords/batches.ts";
import { sentenceIdsOf, type Tokens } from "../text/subwords/tokens.ts";
import type { SavedModel } from "../transformer/checkpoint.ts";
import { TEACHER_EMBEDDING } from "../distillation/loss.ts";
import { teacherInputs } from "./teacher_inputs.ts";
import { openFiles } from "./open_files.ts";
import {
  type Blocks,
  blocksOf,
  matricesOf,
  SENTENCES,
  TYPES,
} from "./pair_blocks.ts";
import { embeddingNames } from "../transformer/parameters.ts";
import { signalsRead } from "./teacher_signals.ts";
import { checkedShard, SHARD_PAIRS, shardPath } from "./checked_shard.ts";
import { forwardPass, type ForwardPassJob } from "./forward_pass.ts";
import { createShard, matrixBytes } from "./shards.ts";

export interface RecordingJob extends ForwardPassJob {
  readonly folder: string;
  report(progress: { readonly pairs: number; readonly of: number }): void;
}

/**
 * Records signals of a teacher of every pair into `folder`: one safetensors file for each 2,048 pairs, with the states
 * `encoder.I`, `decoder.I` [tokens, d] of float16 and `final` [tokens, d] of float32. Tokens of a sentence lie together,
 * sentences in the order of the corpus; so do the attention maps `encoder.I.self`, `decoder.I.self` and
 * `decoder.I.cross` [queries * keys of each pair, 1] of float16. `source.sentences` and `target.sentences` [pairs, 2] of
 * int32 are the ids of the sentences. Shards that are there already are kept.
 *
 * @throws An input error for a shard that is there already and damaged or of other sentences, and where the disk has no
 * room for those that are not there.
 */
export async function recordStates(job: RecordingJob): Promise<void> {
  const { tokens, folder } = job;
  const pass = await forwardPass(job);
  const shards = shardsOf(tokens, folder);
  checkRoom(
    folder,
    shards.filter(({ path }) => !isFile(path)).flatMap(({ first, end }) =>
      Object.values(matricesOf(pass.signals, first, end)).map(matrixBytes)
    ).reduce((sum, bytes) => sum + bytes, 0),
  );
  /** Syncing a shard to the disk takes time; the next one is computed meanwhile. */
  let finishing = Promise.resolve();
  for (const [shard, { path, first, end }] of shards.entries()) {
    let finish = () => Promise.resolve();
    if (isFile(path)) {
      const remedy = `remove "${path}", and run again`;
      checkedShard(path, shard, pass.signals, tokens, remedy);
    } else {
      const writer = createShard(path, matricesOf(pass.signals, first, end));
      for (const { name, side } of SENTENCES) {
        writer.write(name, 0, sentenceIdsOf(tokens[side], first, end));
      }
      const pairs = Array.from({ length: end - first }, (_, i) => first + i);
      await pass.run(pairs, ({ name, rowsBefore }, index, matrix) => {
        const row = rowsBefore(pairs[index]) - rowsBefore(first);
        writer.write(name, row, matrix);
      });
      finish = writer.finish;
    }
    await finishing;
    finishing = finish().then(() =>
      job.report({ pairs: end, of: tokens.pairs })
    );
    // It is awaited after the next shard; until then nobody would hear of its failure.
    finishing.catch(() => {});
  }
  await finishing;
  await pass.dispose();
}

/** The shards of a corpus: each with its pairs, from first to end. */
function shardsOf({ pairs }: Tokens, folder: string) {
  return Array.from({ length: Math.ceil(pairs / SHARD_PAIRS) }, (_, shard) => {
    const first = shard * SHARD_PAIRS;
    const end = Math.min(first + SHARD_PAIRS, pairs);
    return { path: shardPath(folder, shard), first, end };
  });
}

/** @throws An input error where the disk of a folder has less than some bytes left. */
function checkRoom(folder: string, bytes: number): void {
  const free = freeBytes(folder);
  if (bytes <= free) return;
  throw inputError(
    `Cannot record the teacher's states: they take ${
      format(bytes)
    }, and the disk of "${folder}" has ${
      format(free)
    } left; free some space, lower "corpus.trainLimit", or give each student that learns from them "states": "streamed", ` +
      "which computes them again in every step.",
  );
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
  `record the states again with "deno task pipeline --only 'states*' --force"`;

/** The folder into which the signals of a kind were recorded; several kinds may share it. */
export type FolderOf = (kind: SignalKind) => string;

/**
 * Opens the recorded signals of a distillation. The sentence ids of every pair are compared with those of its shard, so
 * that no state is read for another sentence.
 *
 * @throws An input error for a shard that is missing, corrupt, of other sentences or width, or without a layer.
 */
export function openStates(
  folderOf: FolderOf,
  tokens: Tokens,
  teacher: Model,
  distillation: Distillation,
): States {
  const wanted = signalsRead(distillation, teacher.width)
    .map((each) => blocksOf(each, tokens));
  const recordings = Map.groupBy(wanted, ({ kind }) => folderOf(kind));
  const shardsIn = new Map(
    [...recordings].map(([folder, signals]) => [
      folder,
      shardsOf(tokens, folder).map(({ path }, shard) =>
        checkedShard(path, shard, signals, tokens, AGAIN)
      ),
    ]),
  );
  const files = openFiles();
  const readBlock = (
    { name, kind, width, rowsBefore, dtype }: Blocks,
    pair: number,
    into: Uint8Array,
  ) => {
    const shards = shardsIn.get(folderOf(kind)) ?? [];
    const { path, positions, first } = shards[Math.floor(pair / SHARD_PAIRS)];
    const row = rowsBefore(pair) - rowsBefore(first);
    const position = positions[name] + row * width * TYPES[dtype].bytes;
    files.read(path, position, into, `the states of pair ${pair}`);
  };
  const inputsOf = teacherInputs(wanted);
  return {
    read: (batch) => {
      const { tensors, fill } = inputsOf(batch);
      for (const each of wanted) {
        batch.pairs.forEach((pair, row) =>
          fill(each, row, (into) => readBlock(each, pair, into))
        );
      }
      return tensors;
    },
    close: files.close,
  };
}

/** The teacher's signals: those that a distillation reads at every step, and those that never change. */
export interface TeacherSignals {
  /** The teacher's output matrix, from which soft targets are recomputed. */
  readonly constants: HostTensors;
  /** What `States.read` gives. */
  read(batch: Batch): HostTensors | Promise<HostTensors>;
  close(): void | Promise<void>;
}

/** Opens the signals of a teacher that were recorded of these tokens. */
export function openTeacherSignals(
  saved: SavedModel,
  folderOf: FolderOf,
  tokens: Tokens,
  distillation: Distillation,
): TeacherSignals & States {
  return {
    ...openStates(folderOf, tokens, saved.model, distillation),
    constants: constantsOf(saved, distillation),
  };
}

/** The signals of a teacher that are equal in every step. */
export function constantsOf(
  saved: SavedModel,
  { alpha }: Distillation,
): HostTensors {
  return alpha > 0 ? { [TEACHER_EMBEDDING]: outputMatrix(saved) } : {};
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
