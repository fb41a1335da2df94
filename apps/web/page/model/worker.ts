/** A Web Worker that holds one model and answers with translations, attention and alternatives. */
/// <reference lib="deno.worker" />
import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import { checked } from "../checked_file.ts";
import { batchOf } from "./batch.ts";
import { isUnfamiliar } from "./familiarity.ts";
import { createSubwords, type Subwords } from "./subwords.ts";
import type {
  Alternative,
  Answer,
  Opening,
  Outcome,
  Question,
  Translation,
} from "./translation.ts";
import { joinAttention, type Word, wordsOf } from "../view/words.ts";

interface Model {
  readonly opening: Opening;
  readonly session: InferenceSession;
  readonly subwords: Subwords;
  /** The subwords of the sentences that wait. */
  encoded: ReadonlyMap<string, readonly number[]>;
}

/** A sentence as it was typed, and its subwords. */
interface Sentence {
  readonly text: string;
  readonly ids: readonly number[];
}

/** Ids that every model has. */
const WARM_UP = [3, 4, 5, 6, 7, 8, 9, 10];

let model: Model | undefined;

/** One run at a time: a session cannot be run twice at once. */
let turn = Promise.resolve();
self.onmessage = ({ data }: MessageEvent<Question>) => {
  turn = turn.then(async () => self.postMessage(await answer(data)));
};

async function answer(question: Question): Promise<Answer> {
  const { id } = question;
  try {
    if ("open" in question) {
      model = await open(question.open);
      return { id, result: undefined };
    }
    if (model === undefined) throw new Error("no model was opened");
    const result = "translate" in question
      ? await translate(
        model,
        question.translate,
        question.most,
        question.beam,
      )
      : await alternatives(model, question.alternatives, question.beam);
    return { id, result };
  } catch (error) {
    return { id, error: messageOf(error) };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function open(opening: Opening): Promise<Model> {
  const { graph, tokenizer, runtime, script, threads } = opening;
  const files = await Promise.all([graph, tokenizer, runtime].map(checked));
  const [translate, json, code] = files.map(({ bytes }) => bytes);
  env.logLevel = "error";
  env.wasm.numThreads = threads;
  env.wasm.wasmPaths = { mjs: script };
  env.wasm.wasmBinary = code;
  const subwords = createSubwords(JSON.parse(new TextDecoder().decode(json)));
  const session = await InferenceSession.create(translate, {
    executionProviders: ["wasm"],
  });
  const model = { opening, session, subwords, encoded: new Map() };
  // What runs first is compiled while it runs, which takes longer than a sentence.
  await run(model, [WARM_UP], opening.beam, 1);
  // Then the service worker, which starts once a model is loaded, need not fetch these.
  await Promise.all(files.map(({ kept }) => kept));
  return model;
}

/** Translates the first of what waits and those that are nearest to it in length; one of too many subwords has an error. */
async function translate(
  model: Model,
  waiting: readonly string[],
  most: number,
  beam: number,
): Promise<Map<string, Outcome<Translation>>> {
  const outcomes = new Map<string, Outcome<Translation>>();
  const sentences = waiting.flatMap((text): Sentence[] => {
    try {
      return [{ text, ids: model.encoded.get(text) ?? encode(model, text) }];
    } catch (error) {
      outcomes.set(text, { error: messageOf(error) });
      return [];
    }
  });
  model.encoded = new Map(sentences.map(({ text, ids }) => [text, ids]));
  const batch = batchOf(sentences, ({ ids }) => ids.length, most);
  const translations = await translateBatch(model, batch, beam);
  batch.forEach(({ text }, i) =>
    outcomes.set(text, { result: translations[i] })
  );
  return outcomes;
}

/** Translates sentences in one run of the graph. */
async function translateBatch(
  model: Model,
  sentences: readonly Sentence[],
  beam: number,
): Promise<Translation[]> {
  if (sentences.length === 0) return [];
  const { opening, subwords } = model;
  const { languages, padding, unknown, vocabulary } = opening;
  const begin = performance.now();
  const sources = sentences.map(({ ids }) => ids);
  const { translation, attention, score } = await run(model, sources, beam, 1);
  const [, longest, width] = attention.dims;
  const found = sentences.map((sentence, row) => {
    const ids = idsOf(translation, row, padding);
    return { ids, text: subwords.decode(ids, sentence.text) };
  });
  const milliseconds = (performance.now() - begin) / sentences.length;

  return sentences.map((sentence, row) => {
    const { ids, text } = found[row];
    const from = wordsOf(sentence.text, languages.source);
    const to = wordsOf(text, languages.target);
    const joined = joinAttention(
      (attention.data as Float32Array).subarray(row * longest * width),
      width,
      {
        words: to.words.length,
        wordOf: to.wordOf(subwords.lengths(ids, sentence.text)),
      },
      {
        words: from.words.length,
        wordOf: from.wordOf(subwords.lengths(sentence.ids, sentence.text)),
      },
    );
    return {
      words: withGaps(text, to.words),
      sourceWords: from.words,
      attention: joined,
      isUnfamiliar: isUnfamiliar({
        characters: [...sentence.text].length,
        subwords: sentence.ids.length,
        unknown: sentence.ids.filter((id) => id === unknown).length,
        score: Number(score.data[row]),
        length: ids.length + 1,
      }, vocabulary),
      lost: subwords.lost(sentence.text, text),
      milliseconds,
    };
  });
}

async function alternatives(
  model: Model,
  text: string,
  beam: number,
): Promise<Alternative[]> {
  const { opening: { padding, lengthPenalty }, subwords } = model;
  const source = encode(model, text);
  const { alternatives, scores } = await run(model, [source], beam, beam);
  const [, rows] = alternatives.dims;
  return Array.from({ length: rows }, (_, row) => {
    const ids = idsOf(alternatives, row, padding);
    return {
      text: asLine(subwords.decode(ids, text)),
      score: Number(scores.data[row]) / (ids.length + 1) ** lengthPenalty,
    };
  }).filter(({ score }) => Number.isFinite(score));
}

/** A row of ids of a tensor whose last axis they are, without padding. */
function idsOf({ data, dims }: Tensor, row: number, padding: number): number[] {
  const width = dims[dims.length - 1];
  const ids = data as BigInt64Array;
  return Array.from(ids.subarray(row * width, (row + 1) * width), Number)
    .filter((id) => id !== padding);
}

function encode({ opening, subwords }: Model, text: string): number[] {
  const ids = subwords.encode(text, opening.languages.source);
  if (ids.length > opening.maximumLength) {
    throw new Error(
      `Cannot translate a sentence of ${ids.length} subwords; expected at most ${opening.maximumLength}, so split it.`,
    );
  }
  return ids;
}

/**
 * Translations by the graph, as docs/how-to/export.md tells of its inputs and outputs: sources get their end, then padding up
 * to the longest.
 */
function run(
  { opening: { end, padding }, session }: Model,
  sources: readonly (readonly number[])[],
  beam: number,
  count: number,
): Promise<Record<string, Tensor>> {
  const integers = (values: readonly number[], shape: readonly number[]) =>
    new Tensor("int64", BigInt64Array.from(values, BigInt), shape);
  const width = Math.max(...sources.map(({ length }) => length)) + 1;
  const padded = sources.flatMap((ids) => {
    const rest = Array<number>(width - ids.length - 1).fill(padding);
    return [...ids, end, ...rest];
  });
  return session.run({
    source: integers(padded, [sources.length, width]),
    beam: integers([beam], [1]),
    maximum_length: integers([0], [1]),
    count: integers([count], [1]),
  });
}

/** A translation is one line, as `deno task translate` writes it. */
function asLine(text: string): string {
  return withoutBreaks(text).trim();
}

/** The words of such a line with what is before each. */
function withGaps(
  text: string,
  words: readonly Word[],
): Translation["words"] {
  let end = words.length > 0 ? words[0].start : 0;
  return words.map((word) => {
    const before = withoutBreaks(text.slice(end, word.start));
    end = word.start + word.text.length;
    return { before, text: word.text };
  });
}

function withoutBreaks(text: string): string {
  return text.replace(/[\r\n]+/g, " ");
}
