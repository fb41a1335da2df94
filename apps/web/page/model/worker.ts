/** A Web Worker that holds one model and answers with translations, attention and alternatives. */
/// <reference lib="deno.worker" />
import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import { bytesOf } from "../checked_file.ts";
import { createSubwords, type Subwords } from "./subwords.ts";
import type {
  Alternative,
  Answer,
  Opening,
  Question,
  Translation,
} from "./translation.ts";
import { joinAttention, type Word, wordsOf } from "../view/words.ts";

interface Model {
  readonly opening: Opening;
  readonly session: InferenceSession;
  readonly subwords: Subwords;
}

/** Ids that every model has: bytes. */
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
      ? await translate(model, question.translate, question.beam)
      : await alternatives(model, question.alternatives, question.beam);
    return { id, result };
  } catch (error) {
    return {
      id,
      error: error instanceof Error ? error.message : String(error),
    };
  }
}

async function open(opening: Opening): Promise<Model> {
  const { graph, tokenizer, runtime, threads } = opening;
  env.logLevel = "error";
  env.wasm.numThreads = threads;
  env.wasm.wasmPaths = {
    mjs: new URL("ort-wasm-simd-threaded.js", runtime).href,
    wasm: new URL("ort-wasm-simd-threaded.wasm", runtime).href,
  };
  const [bytes, json] = await Promise.all([graph, tokenizer].map(bytesOf));
  const subwords = createSubwords(JSON.parse(new TextDecoder().decode(json)));
  const session = await InferenceSession.create(bytes, {
    executionProviders: ["wasm"],
  });
  const model = { opening, session, subwords };
  // What runs first is compiled while it runs, which takes longer than a sentence.
  await run(model, WARM_UP, opening.beam, 1);
  return model;
}

async function translate(
  model: Model,
  text: string,
  beam: number,
): Promise<Translation> {
  const { opening: { languages, padding }, subwords } = model;
  const begin = performance.now();
  const source = encode(model, text);
  const { translation, attention, score } = await run(model, source, beam, 1);
  const ids = Array.from(translation.data as BigInt64Array, Number)
    .filter((id) => id !== padding);
  const found = subwords.decode(ids);
  const milliseconds = performance.now() - begin;

  const from = wordsOf(text, languages.source);
  const to = wordsOf(found, languages.target);
  const joined = joinAttention(
    attention.data as Float32Array,
    attention.dims[2],
    { words: to.words.length, wordOf: to.wordOf(subwords.lengths(ids)) },
    {
      words: from.words.length,
      wordOf: from.wordOf(subwords.lengths(source)),
    },
  );
  return {
    words: withGaps(found, to.words),
    sourceWords: from.words,
    attention: joined,
    score: Number(score.data[0]),
    milliseconds,
  };
}

async function alternatives(
  model: Model,
  text: string,
  beam: number,
): Promise<Alternative[]> {
  const { opening: { padding }, subwords } = model;
  const source = encode(model, text);
  const { alternatives, scores } = await run(model, source, beam, beam);
  const [, rows, width] = alternatives.dims;
  const ids = Array.from(alternatives.data as BigInt64Array, Number);
  return Array.from({ length: rows }, (_, row) => ({
    text: asLine(subwords.decode(
      ids.slice(row * width, (row + 1) * width).filter((id) => id !== padding),
    )),
    score: Number(scores.data[row]),
  })).filter(({ score }) => Number.isFinite(score));
}

function encode({ opening, subwords }: Model, text: string): number[] {
  const ids = subwords.encode(text);
  if (ids.length > opening.maximumLength) {
    throw new Error(
      `Cannot translate a sentence of ${ids.length} subwords; expected at most ${opening.maximumLength}, so split it.`,
    );
  }
  return ids;
}

/** A translation by the graph, as docs/how-to/export.md tells of its inputs and outputs. */
function run(
  { opening, session }: Model,
  source: readonly number[],
  beam: number,
  count: number,
): Promise<InferenceSession.OnnxValueMapType> {
  const integers = (values: readonly number[], shape: readonly number[]) =>
    new Tensor("int64", BigInt64Array.from(values, BigInt), shape);
  const ended = [...source, opening.end];
  return session.run({
    source: integers(ended, [1, ended.length]),
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
