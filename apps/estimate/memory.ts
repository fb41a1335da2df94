/** Bytes of memory that a stage's process takes at most, from the sizes of its models, batches and corpus. */
import {
  type RecordedLayers,
  recordedLayers,
} from "../../schemas/experiment/distillation.ts";
import type { Model } from "../../schemas/experiment/model.ts";
import { Runtime } from "../../schemas/experiment/runtime.ts";
import { BATCH_HYPOTHESES } from "../../nmt/decoding/beam_search.ts";
import { searchWorkers } from "../../nmt/decoding/search_workers.ts";
import { projectionShapes } from "../../nmt/distillation/layer_loss.ts";
import { PRUNING_BATCH_TOKENS } from "../../nmt/distillation/pruning.ts";
import { STATES_BATCH_TOKENS } from "../../nmt/states/forward_pass.ts";
import { isLarge } from "../../nmt/training/training_step.ts";
import { VALIDATION_TOKENS } from "../../nmt/training/validation.ts";
import {
  parameterCount,
  parametersOf,
  type SizedModel,
} from "../../nmt/transformer/parameters.ts";
import {
  type CorpusSize,
  isStreamed,
  PAIR_NUMBERS,
  type TrainingWork,
} from "./arithmetic.ts";

/** A process of Deno without models. */
export const PROCESS = 80e6;

/** What tfjs and a runtime add to it. */
const runtimeBytes = ({ name }: Runtime) => name === "openvino" ? 200e6 : 105e6;
const RUNTIME = runtimeBytes(Runtime.parse({}));

const FLOAT = 4;

/** Positions of a long sentence: an attention map has so many numbers a position and head. */
const LENGTH = 50;

/** Bytes a parameter while it is trained: twice the weights, two moments, the gradient, the initial value. */
const TRAINED = 24;

/** The same when training ends: checkpoints are read and averaged, and what they replace is not collected yet. */
const AVERAGED = 60;

/** Matrices [rows, V] at one time: logits, probabilities and errors, with soft targets the teacher's too and differences. */
const LOGITS = 2, SOFT_TARGETS = 5;

/** Memory of the process over that of its tensors: where each one's is freed, and where a run's is kept for the next. */
const FREED = 1.1, KEPT = 1.4;

/** OpenVINO keeps so many times what ONNX Runtime keeps, of large tensors too. */
const OPENVINO = 2;

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

/** Bytes a pair while batches are ordered: lengths, sort keys, indices. */
const ORDERED = 48;

/** The tokens of a corpus, and the order of an epoch's batches. */
export function tokensMemory(
  { pairs, sourceTokens, targetTokens }: CorpusSize,
): number {
  return 4 * (sourceTokens + targetTokens + PAIR_NUMBERS * pairs) +
    ORDERED * pairs;
}

/**
 * A training: the process, the tokens, 24 bytes a parameter, the teacher's weights, and the largest of three: a step, whose
 * batch has for each of `batchTokens` positions what the layers keep, two matrices of the vocabulary's size (five with soft
 * targets) and the teacher's states; a validation, with the search of its translations; and the average of the checkpoints
 * at the end. A small program keeps the memory of step and validation. It assumes that a batch is full on both sides and
 * sentences have 50 positions. Within 15 % of what was measured of `tiny`, `quick`, tiny11's and OPUS-MT's sizes.
 */
export function trainingMemory(work: TrainingWork): number {
  const { training, train, distillation, teacher, runtime } = work;
  const search = training.selection === "bleu" ? searchBytes(work) : 0;
  const streamed = teacher !== undefined && distillation !== undefined &&
      isStreamed(distillation)
    ? passBytes(teacher, recordedLayers([distillation]))
    : 0;
  const isOpenVino = runtime.name === "openvino";
  const always = PROCESS + runtimeBytes(runtime) + streamed +
    (train === undefined ? 0 : tokensMemory(train)) + teacherBytes(work);
  const parameters = trainedParameters(work);
  const validation = validationBytes(work);
  const step = stepBytes(work);
  if (isOpenVino || !isLarge(work)) {
    const kept = isOpenVino ? OPENVINO * KEPT : KEPT;
    return always + TRAINED * parameters + kept * (step + validation) + search;
  }
  return always + Math.max(
    TRAINED * parameters + FREED * step,
    AVERAGED * parameters + Math.max(FREED * validation, search),
  );
}

/** Parameters of a model and of the projections that are trained with it. */
function trainedParameters(work: TrainingWork): number {
  const { model, distillation, teacher } = work;
  const projections = distillation && teacher
    ? parameterCount(
      projectionShapes(distillation, {
        student: model.width,
        teacher: teacher.model.width,
      }),
    )
    : 0;
  return parametersOf(work) + projections;
}

const isSoft = ({ teacher, distillation }: TrainingWork) =>
  teacher !== undefined && (distillation?.alpha ?? 0) > 0;

/** The weights of a teacher, and its output matrix as a constant of the step. */
function teacherBytes(work: TrainingWork): number {
  const { vocabulary, teacher } = work;
  if (teacher === undefined) return 0;
  return FLOAT * parametersOf(teacher) +
    (isSoft(work) ? 2 * FLOAT * vocabulary * (teacher.model.width + 1) : 0);
}

/** What a batch takes in a step. */
function stepBytes(work: TrainingWork): number {
  const { model, vocabulary, training, distillation, teacher } = work;
  const layers = layerFloats(model);
  const recorded = distillation && recordedLayers([distillation]);
  const states = teacher === undefined || recorded === undefined
    ? 0
    : STATE * teacher.model.width *
      (recorded.encoder.length + recorded.decoder.length);
  return FLOAT * training.batchTokens * (
    (isSoft(work) ? SOFT_TARGETS : LOGITS) * vocabulary + states +
    model.encoderLayers * layers.encoder + model.decoderLayers * layers.decoder
  );
}

/** What a batch takes whose likelihood is computed. */
function validationBytes(
  { model, vocabulary, training: { batchTokens } }: TrainingWork,
): number {
  return FLOAT * Math.max(batchTokens, VALIDATION_TOKENS) *
    (2 * vocabulary + layerFloats(model).encoder);
}

/** Bytes a parameter of a model that a runtime has laid out: as read, as written for the runtime, and twice in it. */
const LAID_OUT = 14;

/** Floats a feature of what a recurrent unit of a decoder's layer sums up in passes, of memory that is kept between runs. */
const RECURRENCE = 120;

/** A recording: the process, and the teacher's forward pass. */
export function recordingMemory(
  teacher: SizedModel,
  layers: RecordedLayers,
  runtime: Runtime = Runtime.parse({}),
): number {
  return PROCESS + runtimeBytes(runtime) + passBytes(teacher, layers);
}

/** A forward pass of a teacher: its weights, a layer's intermediate results, and the outputs of a batch. */
function passBytes(
  teacher: SizedModel,
  { encoder, decoder }: RecordedLayers,
): number {
  const { width, feedForward, autoregression, decoderLayers } = teacher.model;
  const outputs = 2 * width * (encoder.length + decoder.length + 1);
  const recurrence = autoregression === "ssru"
    ? RECURRENCE * decoderLayers * width
    : 0;
  return LAID_OUT * parametersOf(teacher) +
    FLOAT * STATES_BATCH_TOKENS *
      (12 * width + feedForward + outputs + recurrence);
}

/** Bytes a pair of neurons: their element of a Gram matrix, summed in double precision, and from the runtime. */
const NEURON_PAIR = 24;

/** Matrices [positions, neurons] of each block. */
const ACTIVATIONS = 4;

/** A teacher that is pruned: its weights, and for each block its activations and a matrix of all pairs of neurons. */
export function pruningMemory(teacher: SizedModel): number {
  const { encoderLayers, decoderLayers, feedForward } = teacher.model;
  const block = NEURON_PAIR * feedForward ** 2 +
    FLOAT * ACTIVATIONS * PRUNING_BATCH_TOKENS * feedForward;
  return PROCESS + RUNTIME + LAID_OUT * parametersOf(teacher) +
    (encoderLayers + decoderLayers) * block;
}

/** Matrices [hypotheses, V] that choose among the hypotheses of a batch. */
const SCORES = 4;

/** Bytes a parameter of the programs of a search: encoder, steps, single sentences. */
const SEARCHED = 28;

/** Positions of a hypothesis in the KV cache. */
const CACHED = 20;

/** What a worker takes besides a search: tfjs, ONNX Runtime, and the model as it was sent. */
const WORKER = 120e6;

/**
 * A beam search: for each of its workers the model in three programs, the scores of a batch's hypotheses, and their keys
 * and values.
 */
export function searchMemory(
  sized: SizedModel,
  threads = navigator.hardwareConcurrency,
): number {
  const workers = searchWorkers(sized, threads);
  return PROCESS + RUNTIME + workers * searchBytes(sized) +
    (workers > 1 ? workers * WORKER : 0);
}

/** What the search of a batch takes. */
function searchBytes(sized: SizedModel): number {
  const { model: { width, decoderLayers, autoregression }, vocabulary } = sized;
  const cache = autoregression === "ssru"
    ? 0
    : 2 * CACHED * decoderLayers * width;
  return SEARCHED * parametersOf(sized) +
    FLOAT * BATCH_HYPOTHESES * (SCORES * vocabulary + cache);
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

/** Bytes of the different words of n pairs, which the trainer of subwords holds: a power of n, by Heaps' law. */
const DIFFERENT_WORDS = 264e3, HEAPS = 0.54;

/** Cleaning and splitting pairs, and cutting them into subwords; fitted to 4,000 to 1,000,000 different pairs. */
export const corpusMemory = (pairs: number) => 115e6 + 150 * pairs;
export const tokenizingMemory = (pairs: number, vocabulary: number) =>
  150e6 + DIFFERENT_WORDS * pairs ** HEAPS + 3000 * vocabulary;
