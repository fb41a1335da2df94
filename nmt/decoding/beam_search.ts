/** Batched beam search over sentences of ids, sorted by length; finished sentences leave the batch. */
import { inputError } from "../../base/input_error.ts";
import { EOS } from "../../schemas/experiment/vocabulary.ts";
import {
  type CompileOptions,
  elements,
  type Executable,
  type HostTensor,
  type HostTensors,
  type Runtime,
} from "../tensor/program.ts";
import {
  batchesByLength,
  choices,
  firstAncestors,
  firstState,
  nextAncestors,
  nextState,
  take,
} from "./beams.ts";
import { encodeBatch, positionsAtOnce } from "./encode_batch.ts";
import type { SingleSentenceSearch } from "./single_sentence.ts";
import type { SavedModel } from "../transformer/checkpoint.ts";
import {
  cacheNames,
  cellNames,
  encoderProgram,
  MAXIMUM_BEAM,
  own,
  stepProgram,
} from "./decoder_step.ts";
import { type Choose, chooser } from "./candidates.ts";
import { choiceSize, type Decoder, next } from "./decoder_parts.ts";
import {
  type Hypothesis,
  type SearchOptions,
  searchSentence,
} from "./hypotheses.ts";
import { growingArray } from "../growing_array.ts";
import type { Shortlist } from "../shortlist/shortlist.ts";
import { MAXIMUM_POSITIONS } from "../transformer/layers.ts";
import { type Precision, weightConstants, weightSpecs } from "./precision.ts";

export type { Hypothesis };

/** Most ids of a source sentence or a hypothesis, without the end of sentence. */
export const MAXIMUM_LENGTH = MAXIMUM_POSITIONS - 1;

export interface TranslateOptions {
  /** Hypotheses of a sentence, less those that have ended; 1 is greedy search. */
  readonly beam: number;
  /** Exponent of the length that a hypothesis's score is divided by. */
  readonly lengthPenalty: number;
  /** Most ids of a hypothesis; by default twice the source's and 20 more. */
  readonly maximumLength?: number;
  /** How many of the best hypotheses of each sentence are wanted, at most the beam; by default one. */
  readonly count?: number;
  /** Called with the number of translated sentences so far. */
  readonly report?: (done: number) => void;
}

/** Searches share memory: a call is made after the one before has ended. */
export interface Translator {
  /**
   * The best hypothesis found for each sentence of source ids (without end of sentence), in order; that of an empty
   * sentence is empty.
   *
   * @throws An input error for a sentence of more than `MAXIMUM_LENGTH` ids or a beam out of range, before anything is
   * translated.
   */
  translate(
    sentences: readonly Int32Array[],
    options: TranslateOptions,
  ): Promise<Hypothesis[]>;
  dispose(): Promise<void>;
}

/** Hypotheses of a batch: enough for efficient matrix products, few enough for the CPU's caches. */
export const BATCH_HYPOTHESES = 640;
/** The same with a short-list: the more sentences, the more candidates. */
const SHORTLISTED_HYPOTHESES = 64;
/** Number of special ids, which no hypothesis holds: padding, begin and end of sentence. */
const SPECIALS = EOS + 1;
/** A batch shrinks once at most this fraction of its sentences is unfinished. */
const SHRINK = 0.6;

type Growing = (length: number) => Float32Array<ArrayBuffer>;

interface Programs {
  readonly saved: SavedModel;
  /** The padding and the encoder's outputs of the sentences of a batch. */
  encode(sources: readonly Int32Array[]): Promise<HostTensors>;
  /** Chooses the candidates of a batch, where there is a short-list. */
  readonly choose?: Choose;
  /** The decoder step from `beam` to `kept` hypotheses, compiled on first use. */
  step(beam: number, kept: number): Promise<Executable>;
  /** The search of a single sentence, on runtimes that have one. */
  readonly singleSentence?: SingleSentenceSearch;
  /** The buffer of each part of the KV cache, used again by the next batch. */
  readonly cache: readonly Growing[];
  /** Two buffers of each recurrent unit's state: one is read while the other is written. */
  readonly cells: readonly (readonly [Growing, Growing])[];
}

export interface TranslatorOptions {
  readonly threads?: number;
  /** Precision of the matrix products; `int8` is smaller and faster, with nearly equal translations. */
  readonly precision?: Precision;
  /** Ids are chosen among each sentence's candidates, in place of all ids: faster, and nearly as good. */
  readonly shortlist?: Shortlist;
}

/** Compiles the decoding programs of a model. */
export async function createTranslator(
  runtime: Runtime,
  saved: SavedModel,
  { threads, precision = "float32", shortlist }: TranslatorOptions = {},
): Promise<Translator> {
  const { model, vocabulary } = saved;
  const isShortlisted = shortlist !== undefined;
  const decoder = { model, vocabulary, precision, isShortlisted };
  const weights = weightConstants(saved, precision);
  const specs = weightSpecs(decoder);
  const constants = Object.fromEntries(
    Object.entries(weights).filter(([name]) => name in specs),
  );
  const options = { constants, threads };
  const most = positionsAtOnce(runtime);
  const encoder = await runtime.compile(encoderProgram(decoder), options);
  const steps = new Map<string, Promise<Executable>>();
  const programs: Programs = {
    saved,
    encode: (sources) => encodeBatch(encoder, model, sources, most),
    choose: shortlist && chooser(model, weights, shortlist),
    step: (beam, kept) => {
      const key = `${beam} to ${kept}`;
      const made = steps.get(key) ??
        runtime.compile(stepProgram(decoder, beam, kept), options);
      steps.set(key, made);
      return made;
    },
    singleSentence: await singleSentenceSearch(runtime, decoder, options),
    cache: cacheNames(model).map(() => growingArray(Float32Array)),
    cells: cellNames(model).map(() => [
      growingArray(Float32Array),
      growingArray(Float32Array),
    ]),
  };
  return {
    translate: (sentences, options) => translate(programs, sentences, options),
    dispose: async () => {
      await encoder.dispose();
      await programs.singleSentence?.dispose();
      for (const step of steps.values()) await (await step).dispose();
    },
  };
}

/** Only ONNX Runtime on the CPU has it; it is not loaded for other runtimes. */
async function singleSentenceSearch(
  { identity: { name, provider } }: Runtime,
  decoder: Decoder,
  options: CompileOptions,
): Promise<SingleSentenceSearch | undefined> {
  if (name !== "onnx" || provider !== "cpu") return undefined;
  const { createSingleSentenceSearch } = await import("./single_sentence.ts");
  return createSingleSentenceSearch(decoder, options);
}

async function translate(
  programs: Programs,
  sentences: readonly Int32Array[],
  options: TranslateOptions,
): Promise<Hypothesis[]> {
  const isShortlisted = programs.choose !== undefined;
  return await inBatches(sentences, options, isShortlisted, async (batches) => {
    for (const { sources, done } of batches) {
      done(await searchBatch(programs, sources, options));
    }
  });
}

/** A batch to be searched, and what takes its hypotheses. */
export interface Batch {
  readonly sources: readonly Int32Array[];
  done(found: readonly Hypothesis[]): void;
}

/**
 * The best hypothesis of each sentence, in order, from batches that `search` goes through.
 *
 * @throws What `Translator.translate` throws, before anything is searched.
 */
export async function inBatches(
  sentences: readonly Int32Array[],
  { beam, report }: TranslateOptions,
  isShortlisted: boolean,
  search: (batches: readonly Batch[]) => Promise<void>,
): Promise<Hypothesis[]> {
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
  const most = isShortlisted ? SHORTLISTED_HYPOTHESES : BATCH_HYPOTHESES;
  const batches = batchesByLength(sentences, Math.floor(most / beam));
  let done = sentences.length - batches.flat().length;
  await search(batches.map((batch) => ({
    sources: batch.map((index) => sentences[index]),
    done: (found) => {
      batch.forEach((index, row) => hypotheses[index] = found[row]);
      report?.(done += batch.length);
    },
  })));
  return hypotheses;
}

/** Most ids of the hypothesis of a source of so many ids, where the search ends it even if the model does not. */
export function searchLimit(
  length: number,
  { maximumLength }: Pick<TranslateOptions, "maximumLength">,
): number {
  return Math.min(maximumLength ?? 2 * length + 20, MAXIMUM_LENGTH);
}

/** The best hypotheses of the sentences of a batch. */
async function searchBatch(
  programs: Programs,
  sources: readonly Int32Array[],
  given: TranslateOptions,
): Promise<Hypothesis[]> {
  const { beam: kept, lengthPenalty, count } = given;
  const { saved: { model, vocabulary }, cache, cells } = programs;
  const names = cacheNames(model);
  const cellsOf = (rows: number, buffer: number): HostTensor[] =>
    cells.map((buffers) => ({
      shape: [rows, model.width],
      data: buffers[buffer % 2](rows * model.width),
    }));
  const options = sources.map(({ length }): SearchOptions => ({
    beam: kept,
    lengthPenalty,
    maximumLength: searchLimit(length, given),
    count,
  }));
  const enough = choiceSize(vocabulary, kept);
  const candidates = programs.choose?.(sources, enough);
  let encoded = { ...await programs.encode(sources), ...candidates?.rows };
  // In one run the search goes on only until the best is found.
  if (sources.length === 1 && (count ?? 1) === 1) {
    const found = await programs.singleSentence?.search(
      { ...encoded, ...candidates?.shared },
      options[0],
    );
    if (found !== undefined) return [found];
  }
  const searches = options.map(searchSentence);
  let rows = [...searches.keys()]; // Which search each row of the batch belongs to.
  // A small vocabulary has fewer continuations of the empty hypothesis than a beam needs: start with impossible ones then.
  let beam = vocabulary >= kept + SPECIALS ? 1 : kept;
  let state = firstState(rows.length, beam);
  let places = [...rows.keys()]; // The places in the batch of the sentences that go on.
  // Only a cache is shared by hypotheses; recurrent units have states of their own.
  let ancestors = names.length > 0
    ? firstAncestors(rows.length, beam)
    : undefined;
  let states = cellsOf(rows.length, 0);
  for (const { data } of states) data.fill(0);
  let before = 0; // Slots of the cache that are filled.
  for (let position = 0;; position++) {
    const step = await programs.step(beam, kept);
    const batch = rows.length;
    const slots = before + beam;
    const size = model.width / model.heads;
    const inputs: Record<string, HostTensor> = {
      ...state,
      ...ancestors && { ancestors },
      ...encoded,
      ...candidates?.shared,
      position: { shape: [1], data: Int32Array.of(position) },
    };
    // Preallocated outputs spare the runtime a copy of each.
    const into = choices(places.length, beam, kept);
    names.forEach((name, i) => {
      const shape = [slots, batch, model.heads, size];
      const data = cache[i](elements(shape));
      inputs[name] = { shape, data };
      into[own(name)] = {
        shape: [beam * batch, model.width],
        data: data.subarray(before * batch * model.width),
      };
    });
    const after = cellsOf(elements(state.token.shape), position + 1);
    cellNames(model).forEach((name, i) => {
      inputs[name] = states[i];
      into[next(name)] = after[i];
    });
    states = after;
    const results = await step.run(inputs, into);
    const part = (name: string, row: number, count: number) =>
      results[name].data.subarray(row * count, (row + 1) * count);
    const going = places.map((place, row) => ({
      place,
      row,
      living: searches[rows[place]].advance({
        tokens: part(next("token"), row, kept),
        scores: part(next("score"), row, kept),
        parents: part("parent", row, kept),
        ended: part("ended", row, beam),
      }),
    })).filter(({ living }) => living > 0);
    if (going.length === 0) return searches.map((search) => search.best());
    const leave = going.length <= SHRINK * batch;
    const batchAfter = leave ? going.length : batch;
    const continued = going.map(({ place, row, living }, order) => ({
      before: place,
      row,
      living,
      place: leave ? order : place,
    }));
    state = nextState(state, results, batchAfter, continued, kept);
    ancestors = ancestors &&
      nextAncestors(ancestors, results, batchAfter, continued, kept);
    places = continued.map(({ place }) => place);
    if (leave) {
      const stay = going.map(({ place }) => place);
      for (const name of names) take(inputs[name], 1, stay);
      encoded = Object.fromEntries(
        Object.entries(encoded).map(([name, tensor]) => [
          name,
          take(tensor, 0, stay),
        ]),
      );
      rows = stay.map((place) => rows[place]);
    }
    before = slots;
    beam = kept;
  }
}
