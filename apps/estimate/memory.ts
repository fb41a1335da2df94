/** Bytes of memory that a stage's process takes at most, from the sizes of its models, batches and corpus. */
import {
  type RecordedLayers,
  recordedLayers,
} from "../../schemas/experiment/distillation.ts";
import type { Model } from "../../schemas/experiment/model.ts";
import { searchWorkers } from "../../nmt/decoding/search_workers.ts";
import { projectionShapes } from "../../nmt/distillation/layer_loss.ts";
import { isLarge } from "../../nmt/training/training_step.ts";
import {
  parameterCount,
  parametersOf,
  type SizedModel,
} from "../../nmt/transformer/parameters.ts";
import type { TrainingWork } from "./arithmetic.ts";

/** A process of Deno without models, and what tfjs and ONNX Runtime add to it. */
export const PROCESS = 80e6;
const RUNTIME = 105e6;

const FLOAT = 4;

/** Positions of a long sentence: an attention map has so many numbers a position and head. */
const LENGTH = 50;

/** Bytes a parameter while it is trained: twice the weights, two moments, the gradient, the initial value. */
const TRAINED = 24;

/** The same when training ends: checkpoints are read and averaged, and what they replace is not collected yet. */
const AVERAGED = 60;

/** Matrices [rows, V] at one time: logits, probabilities and errors, with soft targets the teacher's too and differences. */
const LOGITS = 2, SOFT_TARGETS = 5;

/** Tokens of a validation batch at least, of which there are logits and probabilities. */
const VALIDATION_TOKENS = 4096;

/** Memory of the process over that of its tensors: where each one's is freed, and where a run's is kept for the next. */
const FREED = 1.1, KEPT = 1.4;

/** Floats a feature of a teacher's state: float16 of two batches, float32, combined, normalised. */
const STATE = 4;

/** What a position of each stack's layer keeps for the backward pass, in floats. */
function layerFloats(model: Model): { encoder: number; decoder: number } {
  const { width, heads, feedForward, feedForwardDepth } = model;
  const attention = 6 * width + heads * LENGTH;
  const kept = model.activation === "swish" ? 2 : 1;
  const block = 3 * width + kept * (feedForwardDepth - 1) * feedForward;
  return { encoder: attention + block, decoder: 2 * attention + block };
}

/**
 * A training: the process, 24 bytes a parameter, the teacher's weights, and the largest of three: a step, whose batch has
 * for each of `batchTokens` positions what the layers keep, two matrices of the vocabulary's size (five with soft
 * targets) and the teacher's states; a validation of 4,096 tokens or more; and the average of the checkpoints at the end.
 * A small program keeps the memory of step and validation. It assumes that a batch is full on both sides and sentences
 * have 50 positions. Within 15 % of what was measured of `tiny`, `quick`, tiny11's and OPUS-MT's sizes.
 */
export function trainingMemory(work: TrainingWork): number {
  const { model, vocabulary, training, distillation, teacher } = work;
  const parameters = parametersOf(work) +
    (distillation && teacher
      ? parameterCount(
        projectionShapes(distillation, {
          student: model.width,
          teacher: teacher.model.width,
        }),
      )
      : 0);
  const isSoft = teacher !== undefined && (distillation?.alpha ?? 0) > 0;
  const ofTeacher = teacher === undefined ? 0 : FLOAT * parametersOf(teacher) +
    (isSoft ? 2 * FLOAT * vocabulary * (teacher.model.width + 1) : 0);
  const layers = layerFloats(model);
  const recorded = distillation && recordedLayers([distillation]);
  const states = teacher === undefined || recorded === undefined
    ? 0
    : STATE * teacher.model.width *
      (recorded.encoder.length + recorded.decoder.length);
  const { batchTokens } = training;
  const step = FLOAT * batchTokens * (
    (isSoft ? SOFT_TARGETS : LOGITS) * vocabulary + states +
    model.encoderLayers * layers.encoder + model.decoderLayers * layers.decoder
  );
  const validation = FLOAT * Math.max(batchTokens, VALIDATION_TOKENS) *
    (2 * vocabulary + layers.encoder);
  const always = PROCESS + RUNTIME + ofTeacher;
  if (!isLarge(work)) {
    return always + TRAINED * parameters + KEPT * (step + validation);
  }
  return always + Math.max(
    TRAINED * parameters + FREED * step,
    AVERAGED * parameters + FREED * validation,
  );
}

/** Bytes a parameter of a model that a runtime has laid out: as read, as written for the runtime, and twice in it. */
const LAID_OUT = 14;

/** Positions of a batch whose states are recorded. */
const RECORDED_TOKENS = 1024;

/** Floats a feature of what a recurrent unit of a decoder's layer sums up in passes, of memory that is kept between runs. */
const RECURRENCE = 120;

/** A recording: the teacher, a layer's intermediate results, and the outputs of a batch of 1,024 positions. */
export function recordingMemory(
  teacher: SizedModel,
  { encoder, decoder }: RecordedLayers,
): number {
  const { width, feedForward, autoregression, decoderLayers } = teacher.model;
  const outputs = 2 * width * (encoder.length + decoder.length + 1);
  const recurrence = autoregression === "ssru"
    ? RECURRENCE * decoderLayers * width
    : 0;
  return PROCESS + RUNTIME + LAID_OUT * parametersOf(teacher) +
    FLOAT * RECORDED_TOKENS *
      (12 * width + feedForward + outputs + recurrence);
}

/** Bytes a pair of neurons: their element of a Gram matrix, summed in double precision, and from the runtime. */
const NEURON_PAIR = 24;

/** Positions of a batch whose activations are looked at, and matrices [positions, neurons] of each block. */
const PRUNED_TOKENS = 2048, ACTIVATIONS = 4;

/** A teacher that is pruned: its weights, and for each block its activations and a matrix of all pairs of neurons. */
export function pruningMemory(teacher: SizedModel): number {
  const { encoderLayers, decoderLayers, feedForward } = teacher.model;
  const block = NEURON_PAIR * feedForward ** 2 +
    FLOAT * ACTIVATIONS * PRUNED_TOKENS * feedForward;
  return PROCESS + RUNTIME + LAID_OUT * parametersOf(teacher) +
    (encoderLayers + decoderLayers) * block;
}

/** Hypotheses of a batch, and matrices of the vocabulary's size that choose among them. */
const HYPOTHESES = 640, SCORES = 4;

/** Bytes a parameter of the programs of a search: encoder, steps, single sentences. */
const SEARCHED = 28;

/** Positions of a hypothesis in the KV cache. */
const CACHED = 20;

/** What a worker takes besides a search: tfjs, ONNX Runtime, and the model as it was sent. */
const WORKER = 120e6;

/**
 * A beam search: for each of its workers the model in three programs, the scores of 640 hypotheses, and their keys and
 * values.
 */
export function searchMemory(
  sized: SizedModel,
  threads = navigator.hardwareConcurrency,
): number {
  const workers = searchWorkers(sized, threads);
  const { model: { width, decoderLayers, autoregression }, vocabulary } = sized;
  const cache = autoregression === "ssru"
    ? 0
    : 2 * CACHED * decoderLayers * width;
  const search = SEARCHED * parametersOf(sized) +
    FLOAT * HYPOTHESES * (SCORES * vocabulary + cache);
  return PROCESS + RUNTIME + workers * search +
    (workers > 1 ? workers * WORKER : 0);
}

/** Bytes a parameter of an export: the model as it is, in 8 bits, and as graphs that are run. */
const EXPORTED = 42;

/** An export, which translates the test set with what it wrote. */
export function exportMemory(sized: SizedModel): number {
  return PROCESS + RUNTIME + EXPORTED * parametersOf(sized);
}

/** Bytes a subword of an imported vocabulary, as text and as parsed. */
const SUBWORD = 2000;

/** Arrays of the file, ours made of them, and some that are transposed on the way. */
const IMPORTED = 10;

/** An import of a public model. */
export function importMemory(sized: SizedModel): number {
  return PROCESS + IMPORTED * parametersOf(sized) +
    SUBWORD * sized.vocabulary;
}

/** A teacher whose vocabulary is trimmed to so many subwords: its weights, and the new embeddings. */
export function trimmingMemory(teacher: SizedModel, size: number): number {
  const { model, vocabulary } = teacher;
  const embeddings = parametersOf({ model, vocabulary: size }) -
    parametersOf({ model, vocabulary: 0 });
  return PROCESS + FLOAT * (parametersOf(teacher) + embeddings) +
    SUBWORD * vocabulary;
}

/** A download, with a package that is unpacked. */
export const FETCHING = 150e6;

/** Cleaning and splitting pairs, and cutting them into subwords; fitted to 16,000 to 1,000,000 pairs. */
export const corpusMemory = (pairs: number) => 115e6 + 150 * pairs;
export const tokenizingMemory = (pairs: number, vocabulary: number) =>
  190e6 + 170 * pairs + 3000 * vocabulary;
