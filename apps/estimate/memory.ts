/** Bytes of memory that a stage's process takes at most, from the sizes of its models, batches and corpus; `training_memory.ts` has that of a training. */
import type { Signals } from "../../schemas/experiment/distillation.ts";
import { Runtime } from "../../schemas/experiment/runtime.ts";
import { BATCH_HYPOTHESES } from "../../nmt/decoding/beam_search.ts";
import { searchWorkers } from "../../nmt/decoding/search_workers.ts";
import { PRUNING_BATCH_TOKENS } from "../../nmt/distillation/pruning.ts";
import { STATES_BATCH_TOKENS } from "../../nmt/states/forward_pass.ts";
import {
  parametersOf,
  type SizedModel,
} from "../../nmt/transformer/parameters.ts";
import { type CorpusSize, PAIR_NUMBERS } from "./arithmetic.ts";

/** A process of Deno without models. */
export const PROCESS = 80e6;

/** What tfjs and a runtime add to it. */
export const runtimeBytes = ({ name }: Runtime) =>
  name === "openvino" ? 200e6 : 105e6;
const RUNTIME = runtimeBytes(Runtime.parse({}));

export const FLOAT = 4;

/** Bytes a pair while batches are ordered: lengths, sort keys, indices. */
const ORDERED = 48;

/** The tokens of a corpus, and the order of an epoch's batches. */
export function tokensMemory(
  { pairs, sourceTokens, targetTokens }: CorpusSize,
): number {
  return 4 * (sourceTokens + targetTokens + PAIR_NUMBERS * pairs) +
    ORDERED * pairs;
}

/** Bytes a parameter of a model that a runtime has laid out: as read, as written for the runtime, and twice in it. */
const LAID_OUT = 14;

/** Floats a feature of what a recurrent unit of a decoder's layer sums up in passes, of memory that is kept between runs. */
const RECURRENCE = 120;

/** Times that OpenVINO keeps the intermediate results of a layer. */
const KEPT_BY_OPENVINO = 4;

/** A recording: the process, and the teacher's forward pass. */
export function recordingMemory(
  teacher: SizedModel,
  signals: Signals,
  runtime: Runtime = Runtime.parse({}),
): number {
  return PROCESS + runtimeBytes(runtime) + passBytes(teacher, signals, runtime);
}

/** A forward pass of a teacher: its weights, a layer's intermediate results, and the outputs of a batch. */
export function passBytes(
  teacher: SizedModel,
  { encoder, decoder }: Signals,
  runtime: Runtime,
): number {
  const { width, feedForward, autoregression, decoderLayers } = teacher.model;
  const outputs = 2 * width * (encoder.length + decoder.length + 1);
  const recurrence = autoregression === "ssru"
    ? RECURRENCE * decoderLayers * width
    : 0;
  const kept = runtime.name === "openvino" ? KEPT_BY_OPENVINO : 1;
  return LAID_OUT * parametersOf(teacher) +
    kept * FLOAT * STATES_BATCH_TOKENS *
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

/** What OpenVINO keeps for steps of so many shapes as a beam search has: some bytes, and times what a search takes. */
const SHAPES = { bytes: 0.85e9, times: 5 };

/** What a worker takes besides a search: tfjs, ONNX Runtime, and the model as it was sent. */
const WORKER = 120e6;

/**
 * A beam search: for each of its workers the model in three programs, the scores of a batch's hypotheses, and their keys
 * and values.
 */
export function searchMemory(
  sized: SizedModel,
  { name, provider }: Runtime,
  threads = navigator.hardwareConcurrency,
): number {
  const search = searchBytes(sized);
  if (name === "openvino") {
    return PROCESS + RUNTIME + SHAPES.times * search + SHAPES.bytes;
  }
  const workers = name === "onnx" && provider === "cpu"
    ? searchWorkers(sized, threads)
    : 1;
  return PROCESS + RUNTIME + workers * search +
    (workers > 1 ? workers * WORKER : 0);
}

/** What the search of a batch takes. */
export function searchBytes(
  sized: SizedModel,
  bytesAParameter = SEARCHED,
): number {
  const { model: { width, decoderLayers, autoregression }, vocabulary } = sized;
  const cache = autoregression === "ssru"
    ? 0
    : 2 * CACHED * decoderLayers * width;
  return bytesAParameter * parametersOf(sized) +
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
