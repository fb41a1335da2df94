/** Translates sentences of ids by beam search: batches of about one length, which sentences leave as they end. */
import { inputError } from "../../base/input_error.ts";
import { EOS } from "../../schemas/experiment/vocabulary.ts";
import {
  type CompileOptions,
  type Executable,
  type HostTensor,
  type HostTensors,
  type Runtime,
} from "../tensor/program.ts";
import {
  choices,
  firstState,
  type Memory,
  memory,
  nextState,
  sourceTensors,
  take,
} from "./beams.ts";
import type { Alone } from "./single_sentence.ts";
import type { SavedModel } from "../transformer/checkpoint.ts";
import {
  cacheNames,
  encoderProgram,
  MAXIMUM_BEAM,
  own,
  stepProgram,
} from "./decoder_step.ts";
import { type Decoder, next } from "./decoder_parts.ts";
import {
  type Hypothesis,
  type SearchOptions,
  searchSentence,
} from "./hypotheses.ts";
import { MAXIMUM_POSITIONS } from "../transformer/layers.ts";
import { type Precision, weightConstants } from "./precision.ts";

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
const BATCH_HYPOTHESES = 640;
/** Ids that no hypothesis holds: padding, begin and end of sentence. */
const SPECIALS = EOS + 1;
/** Source positions of a batch, padding included. */
const BATCH_TOKENS = 4096;
/** A batch is made smaller once no more than this part of its sentences is being translated. */
const SHRINK = 0.6;

interface Programs {
  readonly saved: SavedModel;
  readonly encoder: Executable;
  /** The step from so many hypotheses to so many, made when it is first asked for. */
  step(beam: number, kept: number): Promise<Executable>;
  /** Where the runtime has it, what searches for a single sentence. */
  readonly alone?: Alone;
  /** The memory of each part of the cache; what one batch needed is there for the next. */
  readonly cache: Memory[];
}

export interface TranslatorOptions {
  readonly threads?: number;
  /** Of the matrix products; `int8` is smaller and faster, and translates nearly the same. */
  readonly precision?: Precision;
}

/** Makes a model ready to translate. */
export async function createTranslator(
  runtime: Runtime,
  saved: SavedModel,
  { threads, precision = "float32" }: TranslatorOptions = {},
): Promise<Translator> {
  const { model, vocabulary } = saved;
  const decoder = { model, vocabulary, precision };
  const options = { constants: weightConstants(saved, precision), threads };
  const encoder = await runtime.compile(encoderProgram(decoder), options);
  const steps = new Map<string, Promise<Executable>>();
  const programs: Programs = {
    saved,
    encoder,
    step: (beam, kept) => {
      const key = `${beam} to ${kept}`;
      const made = steps.get(key) ??
        runtime.compile(stepProgram(decoder, beam, kept), options);
      steps.set(key, made);
      return made;
    },
    alone: await aloneOn(runtime, decoder, options),
    cache: cacheNames(model).map(memory),
  };
  return {
    translate: (sentences, options) => translate(programs, sentences, options),
    dispose: async () => {
      await encoder.dispose();
      await programs.alone?.dispose();
      for (const step of steps.values()) await (await step).dispose();
    },
  };
}

/** What only ONNX Runtime on the CPU has, which is not loaded where another runtime is chosen. */
async function aloneOn(
  { identity: { name, provider } }: Runtime,
  decoder: Decoder,
  options: CompileOptions,
): Promise<Alone | undefined> {
  if (name !== "onnx" || provider !== "cpu") return undefined;
  const { createAlone } = await import("./single_sentence.ts");
  return createAlone(decoder, options);
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
    const found = await searchBatch(programs, sources, (length) => ({
      beam,
      lengthPenalty,
      maximumLength: Math.min(
        options.maximumLength ?? 2 * length + 20,
        MAXIMUM_LENGTH,
      ),
    }));
    batch.forEach((index, row) => hypotheses[index] = found[row]);
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

/** The best hypotheses for the sentences of a batch; `limits` says what holds for a sentence of so many ids. */
async function searchBatch(
  programs: Programs,
  sources: readonly Int32Array[],
  limits: (length: number) => SearchOptions,
): Promise<Hypothesis[]> {
  const { saved: { model, vocabulary }, cache } = programs;
  const names = cacheNames(model);
  const { source, padding } = sourceTensors(sources);
  let given: HostTensors = {
    padding,
    ...await programs.encoder.run({ source, padding }),
  };
  const options = sources.map(({ length }) => limits(length));
  if (sources.length === 1) {
    const found = await programs.alone?.search(given, options[0]);
    if (found !== undefined) return [found];
  }
  const searches = options.map(searchSentence);
  const kept = options[0].beam;
  let rows = [...searches.keys()]; // Which search each row of the batch belongs to.
  // All continuations of the empty hypothesis may be too few for a beam, but not those of as many that are impossible.
  let beam = vocabulary >= kept + SPECIALS ? 1 : kept;
  let state = firstState(rows.length, beam);
  let before = 0; // Slots of the cache that are filled.
  for (let position = 0;; position++) {
    const step = await programs.step(beam, kept);
    const batch = rows.length;
    const slots = before + beam;
    const size = model.width / model.heads;
    const inputs: Record<string, HostTensor> = {
      ...state,
      ...given,
      position: { shape: [1], data: Int32Array.of(position) },
    };
    // Every output has a place, which spares the runtime a copy of each.
    const into = choices(state.going.data.length, beam, kept);
    names.forEach((name, i) => {
      const shape = [slots, batch, model.heads, size];
      const all = cache[i].tensor(shape);
      inputs[name] = all;
      into[own(name)] = {
        shape: [beam * batch, model.width],
        data: all.data.subarray(before * batch * model.width),
      };
    });
    const results = await step.run(inputs, into);
    const part = (name: string, row: number, count: number) =>
      results[name].data.subarray(row * count, (row + 1) * count);
    const going = [...state.going.data].map((place, row) => ({ place, row }))
      .filter(({ place, row }) =>
        !searches[rows[place]].advance({
          tokens: part(next("token"), row, kept),
          scores: part(next("score"), row, kept),
          parents: part("parent", row, kept),
          ended: part("ended", row, beam),
        })
      );
    if (going.length === 0) return searches.map((search) => search.best());
    const leave = going.length <= SHRINK * batch;
    state = nextState(
      state.ancestors,
      results,
      leave ? going.length : batch,
      going.map(({ place, row }, order) => ({
        before: place,
        row,
        place: leave ? order : place,
      })),
      kept,
    );
    if (leave) {
      const stay = going.map(({ place }) => place);
      for (const name of names) take(inputs[name], 1, stay);
      given = Object.fromEntries(
        Object.entries(given).map(([name, tensor]) => [
          name,
          take(tensor, name === "padding" ? 0 : 1, stay),
        ]),
      );
      rows = stay.map((place) => rows[place]);
    }
    before = slots;
    beam = kept;
  }
}
