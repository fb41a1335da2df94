/** Translates sentences of ids by beam search: batches of about one length, which sentences leave as they end. */
import { inputError } from "../schemas/errors.ts";
import { BOS, EOS, PAD } from "../schemas/vocabulary.ts";
import {
  elements,
  type Executable,
  type HostTensor,
  type HostTensors,
  type Runtime,
} from "../tensor/program.ts";
import type { SavedModel } from "./checkpoint.ts";
import {
  cacheNames,
  encoderProgram,
  MAXIMUM_BEAM,
  next,
  sourceNames,
  stepProgram,
} from "./decode.ts";
import { type Hypothesis, type Search, searchSentence } from "./hypotheses.ts";
import { MAXIMUM_POSITIONS } from "./layers.ts";
import { parameterShapes } from "./parameters.ts";

export type { Hypothesis };

/** Ids that a source sentence or a hypothesis may have at most, the end of sentence not counted. */
export const MAXIMUM_LENGTH = MAXIMUM_POSITIONS - 1;

export interface TranslateOptions {
  /** Hypotheses kept a sentence; 1 is greedy search. */
  readonly beam: number;
  /** Exponent of the length that a hypothesis's score is divided by. */
  readonly lengthPenalty: number;
  /** Ids of a hypothesis; twice the source's and 20 more unless given. */
  readonly maximumLength?: number;
  /** Called as sentences are done, with their number so far. */
  readonly report?: (done: number) => void;
}

export interface Translator {
  /**
   * The best hypothesis found for each sentence of source ids (without end of sentence), in order; that of an empty
   * sentence is empty. A sentence of more than `MAXIMUM_LENGTH` ids is an input error, before anything is translated.
   */
  translate(
    sentences: readonly Int32Array[],
    options: TranslateOptions,
  ): Promise<Hypothesis[]>;
  dispose(): Promise<void>;
}

/** Hypotheses of a batch: enough for matrix products to be worth their start, few enough for caches of the CPU. */
const BATCH_HYPOTHESES = 320;
/** Source positions of a batch, padding included. */
const BATCH_TOKENS = 4096;
/** A batch is made smaller once no more than this part of its sentences is being translated. */
const SHRINK = 0.75;

interface Programs {
  readonly saved: SavedModel;
  readonly encoder: Executable;
  readonly step: Executable;
}

/** Makes a model ready to translate. */
export async function createTranslator(
  runtime: Runtime,
  saved: SavedModel,
  { threads }: { readonly threads?: number } = {},
): Promise<Translator> {
  const { model, vocabulary, weights } = saved;
  const constants = Object.fromEntries(
    Object.entries(parameterShapes(model, vocabulary)).map((
      [name, shape],
    ) => [name, { shape, data: weights[name] }]),
  );
  const options = { constants, threads };
  const encoder = await runtime.compile(
    encoderProgram(model, vocabulary),
    options,
  );
  const step = await runtime.compile(stepProgram(model, vocabulary), options);
  const programs = { saved, encoder, step };
  return {
    translate: (sentences, options) => translate(programs, sentences, options),
    dispose: async () => {
      await encoder.dispose();
      await step.dispose();
    },
  };
}

async function translate(
  programs: Programs,
  sentences: readonly Int32Array[],
  options: TranslateOptions,
): Promise<Hypothesis[]> {
  const { beam, lengthPenalty, report } = options;
  if (!Number.isInteger(beam) || beam < 1 || beam > MAXIMUM_BEAM) {
    throw inputError(
      `Cannot translate: expected a beam of 1 to ${MAXIMUM_BEAM}, found ${beam}.`,
    );
  }
  const tooLong = sentences.findIndex(({ length }) => length > MAXIMUM_LENGTH);
  if (tooLong >= 0) {
    throw inputError(
      `Cannot translate sentence ${tooLong + 1}: expected at most ` +
        `${MAXIMUM_LENGTH} subwords, found ${sentences[tooLong].length}.`,
    );
  }
  const hypotheses: Hypothesis[] = sentences.map(() => ({
    ids: new Int32Array(0),
    score: 0,
    normalised: 0,
  }));
  const batches = batchesByLength(sentences, beam);
  let done = sentences.length - batches.flat().length;
  for (const batch of batches) {
    const sources = batch.map((index) => sentences[index]);
    const searches = sources.map(({ length }) =>
      searchSentence({
        beam,
        lengthPenalty,
        maximumLength: Math.min(
          options.maximumLength ?? 2 * length + 20,
          MAXIMUM_LENGTH,
        ),
      })
    );
    await searchBatch(programs, sources, searches, beam);
    batch.forEach((index, row) => hypotheses[index] = searches[row].best());
    report?.(done += batch.length);
  }
  return hypotheses;
}

/** Indices of the sentences that are not empty, longest first, cut into batches. */
function batchesByLength(
  sentences: readonly Int32Array[],
  beam: number,
): number[][] {
  const length = (index: number) => sentences[index].length;
  const order = [...sentences.keys()].filter((index) => length(index) > 0)
    .sort((a, b) => length(b) - length(a) || a - b);
  const batches: number[][] = [];
  for (let start = 0; start < order.length;) {
    const rows = Math.min(
      Math.floor(BATCH_HYPOTHESES / beam),
      Math.floor(BATCH_TOKENS / (length(order[start]) + 1)),
    );
    batches.push(order.slice(start, start += Math.max(1, rows)));
  }
  return batches;
}

/** Runs the searches of a batch to their ends. */
async function searchBatch(
  { saved: { model }, encoder, step }: Programs,
  sources: readonly Int32Array[],
  searches: readonly Search[],
  beam: number,
): Promise<void> {
  const size = model.width / model.heads;
  let source = await encoder.run({ source: sourceTensor(sources) });
  let rows = [...searches.keys()]; // Which search each row of the batch belongs to.
  let over = rows.map(() => false);
  let state = firstState(rows.length, beam);
  let cache: HostTensors = Object.fromEntries(
    cacheNames(model).map((name) => [name, {
      shape: [rows.length, model.heads, 0, beam, size],
      data: new Float32Array(0),
    }]),
  );
  for (let position = 0;; position++) {
    const results = await step.run({
      ...state,
      ...source,
      ...cache,
      position: { shape: [1], data: Int32Array.of(position) },
    });
    const part = (name: string, row: number) =>
      results[name].data.subarray(row * beam, (row + 1) * beam);
    rows.forEach((search, row) => {
      over[row] ||= searches[search].advance({
        tokens: part(next("token"), row),
        scores: part(next("score"), row),
        parents: part("parent", row),
        ended: part("ended", row),
      });
    });
    const going = [...rows.keys()].filter((row) => !over[row]);
    if (going.length === 0) return;
    const kept = going.length <= SHRINK * rows.length
      ? going
      : [...rows.keys()];
    const origin = kept.flatMap((row) =>
      Array.from(part("parent", row), (parent) => row * beam + parent)
    );
    const { shape: [batch, , positions], data } = results[next("history")];
    state = {
      token: take(results[next("token")], kept),
      score: take(results[next("score")], kept),
      origin: { shape: [kept.length, beam], data: Int32Array.from(origin) },
      history: { shape: [batch * beam, positions, beam], data },
    };
    cache = takeAll(results, cacheNames(model), kept, next);
    source = takeAll(source, sourceNames(model), kept);
    rows = kept.map((row) => rows[row]);
    over = kept.map((row) => over[row]);
  }
}

/** [batch, source]: each sentence, EOS, then PAD. */
function sourceTensor(sources: readonly Int32Array[]): HostTensor {
  const time = Math.max(...sources.map(({ length }) => length)) + 1;
  const data = new Int32Array(sources.length * time).fill(PAD);
  sources.forEach((ids, row) => {
    data.set(ids, row * time);
    data[row * time + ids.length] = EOS;
  });
  return { shape: [sources.length, time], data };
}

/** Each sentence has one hypothesis, the empty one. */
function firstState(batch: number, beam: number): HostTensors {
  const shape = [batch, beam];
  const count = batch * beam;
  return {
    token: { shape, data: new Int32Array(count).fill(BOS) },
    score: {
      shape,
      data: Float32Array.from(
        { length: count },
        (_, i) => i % beam === 0 ? 0 : -Infinity,
      ),
    },
    origin: { shape, data: Int32Array.from({ length: count }, (_, i) => i) },
    history: { shape: [count, 0, beam], data: new Float32Array(0) },
  };
}

function takeAll(
  tensors: HostTensors,
  names: readonly string[],
  rows: readonly number[],
  from = (name: string) => name,
): HostTensors {
  return Object.fromEntries(
    names.map((name) => [name, take(tensors[from(name)], rows)]),
  );
}

/** Some rows of a tensor, ascending; the tensor itself where these are all. */
function take(tensor: HostTensor, rows: readonly number[]): HostTensor {
  const [count, ...rest] = tensor.shape;
  if (rows.length === count) return tensor;
  const stride = elements(rest);
  const data = tensor.data.slice(0, rows.length * stride);
  rows.forEach((row, place) => {
    data.set(
      tensor.data.subarray(row * stride, (row + 1) * stride),
      place * stride,
    );
  });
  return { shape: [rows.length, ...rest], data };
}
