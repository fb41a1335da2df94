/** Translates text line by line, in order. */
import { inputError } from "../../base/input_error.ts";
import type { Runtime } from "../../schemas/experiment/runtime.ts";
import { loadRuntime } from "../tensor/runtime.ts";
import { readShortlist, type Shortlist } from "../shortlist/shortlist.ts";
import type { Precision } from "./precision.ts";
import { loadSubwords, type Subwords } from "../text/subwords/subwords.ts";
import { loadModel, type SavedModel } from "../transformer/checkpoint.ts";
import {
  MAXIMUM_LENGTH,
  type TranslateOptions,
  type Translator,
} from "./beam_search.ts";
import { createParallelTranslator } from "./parallel_translator.ts";

/** Lines that are translated together at most: enough to sort them into batches of one length. */
const CHUNK_LINES = 1000;
/** How long a line waits for others that come with it, in milliseconds. */
const GATHER_MS = 20;

export interface LineOptions extends TranslateOptions {
  /** How an error counts the first line. */
  readonly firstLine?: number;
}

/**
 * Translates lines. A line of white space gives an empty line.
 *
 * @throws An input error that names a line with too many subwords, before any is translated.
 */
export async function translateLines(
  translator: Translator,
  subwords: Subwords,
  lines: readonly string[],
  options: LineOptions,
): Promise<string[]> {
  const sources = await allEncoded(subwords, lines, options);
  return await translated(translator, subwords, sources, options);
}

type Sources = Awaited<ReturnType<Subwords["encode"]>>;

/** The subwords of the lines before the first one that is too long, and the error about that one. */
async function encoded(
  subwords: Subwords,
  lines: readonly string[],
  { firstLine = 1 }: LineOptions,
): Promise<{ readonly translatable: Sources; readonly refused?: Error }> {
  const sources = await subwords.encode(lines.map((line) => line.trim()));
  const index = sources.findIndex(({ length }) => length > MAXIMUM_LENGTH);
  if (index < 0) return { translatable: sources };
  return {
    translatable: sources.slice(0, index),
    refused: inputError(
      `Cannot translate line ${firstLine + index}: expected at most ` +
        `${MAXIMUM_LENGTH} subwords, found ${
          sources[index].length
        }; split it into sentences.`,
    ),
  };
}

/** The subwords of all lines; throws the error about the first one that is too long. */
async function allEncoded(
  subwords: Subwords,
  lines: readonly string[],
  options: LineOptions,
): Promise<Sources> {
  const { translatable, refused } = await encoded(subwords, lines, options);
  if (refused !== undefined) throw refused;
  return translatable;
}

async function translated(
  translator: Translator,
  subwords: Subwords,
  sources: Sources,
  options: LineOptions,
): Promise<string[]> {
  const hypotheses = await translator.translate(sources, options);
  const texts = await subwords.decode(hypotheses.map(({ ids }) => ids));
  return texts.map((text) => text.replace(/[\r\n]+/g, " ").trim());
}

/**
 * Checks that the subwords fit the model, by their number.
 *
 * @throws An input error where they do not.
 */
export function checkVocabulary(saved: SavedModel, subwords: Subwords): void {
  if (saved.vocabulary === subwords.size) return;
  throw inputError(
    `Cannot translate with this model: it has ${saved.vocabulary} subwords and its tokenizer ${subwords.size}; ` +
      `give the tokenizer that it was trained with.`,
  );
}

/** Sentences to translate with a model and the subwords that it was trained on. */
export interface FileJob {
  readonly runtime: Runtime;
  readonly model: string;
  readonly tokenizer: string;
  /** The file of a short-list, where one is used. */
  readonly shortlist?: string;
  readonly sources: readonly string[];
  readonly options: LineOptions;
}

/** Translates with a model file; how long that took leaves out what making the model ready takes. */
export async function translateWith(job: FileJob): Promise<{
  readonly saved: SavedModel;
  readonly lines: string[];
  readonly seconds: number;
}> {
  const saved = loadModel(job.model, `the model "${job.model}"`);
  const subwords = await loadSubwords(job.tokenizer);
  checkVocabulary(saved, subwords);
  const runtime = await loadRuntime(job.runtime);
  const shortlist = shortlistOf(saved, job.shortlist);
  const translator = createParallelTranslator(runtime, saved, { shortlist });
  try {
    const start = performance.now();
    const sources = await allEncoded(subwords, job.sources, job.options);
    const before = performance.now();
    await translator.prepare(sources, job.options);
    const preparing = performance.now() - before;
    const lines = await translated(translator, subwords, sources, job.options);
    const seconds = (performance.now() - start - preparing) / 1000;
    return { saved, lines, seconds };
  } finally {
    await translator.dispose();
  }
}

/** The short-list in a file, if there is one. */
function shortlistOf(
  { vocabulary }: SavedModel,
  path: string | undefined,
): Shortlist | undefined {
  return path === undefined ? undefined : readShortlist(path, vocabulary);
}

export interface StreamOptions {
  readonly modelPath: string;
  readonly tokenizerPath: string;
  readonly shortlistPath?: string;
  readonly beam: number;
  readonly lengthPenalty: number;
  readonly runtime?: Runtime;
  readonly precision?: Precision;
  readonly lines: AsyncIterable<string>;
  write(line: string): Promise<void> | void;
}

/**
 * Translates a stream of lines as they arrive: what has arrived is translated together, so that a file goes in large
 * batches and a single line is answered at once. All lines before one that cannot be translated are written.
 */
export async function translateStream(options: StreamOptions): Promise<void> {
  const saved = loadModel(
    options.modelPath,
    `the model "${options.modelPath}"`,
  );
  const subwords = await loadSubwords(options.tokenizerPath);
  checkVocabulary(saved, subwords);
  const { precision, shortlistPath } = options;
  const shortlist = shortlistOf(saved, shortlistPath);
  const runtime = await loadRuntime(options.runtime);
  const translator = createParallelTranslator(runtime, saved, {
    precision,
    shortlist,
  });
  try {
    let firstLine = 1;
    for await (const lines of chunksOf(options.lines)) {
      const { beam, lengthPenalty } = options;
      const search = { beam, lengthPenalty, firstLine };
      const { translatable, refused } = await encoded(subwords, lines, search);
      const translations = await translated(
        translator,
        subwords,
        translatable,
        search,
      );
      for (const line of translations) await options.write(line);
      if (refused !== undefined) throw refused;
      firstLine += lines.length;
    }
  } finally {
    await translator.dispose();
  }
}

/** What comes next of some lines. */
type Read =
  | { readonly kind: "line"; readonly line: string }
  | { readonly kind: "end" }
  | { readonly kind: "error"; readonly error: unknown };

/**
 * The lines in groups: those that arrived while the group before was in use, and those that come soon after. An error
 * comes after all lines that were before it.
 */
async function* chunksOf(
  lines: AsyncIterable<string>,
): AsyncGenerator<string[]> {
  const iterator = lines[Symbol.asyncIterator]();
  const advance = (): Promise<Read> =>
    iterator.next().then(
      ({ done, value }) =>
        done ? { kind: "end" } : { kind: "line", line: value },
      (error) => ({ kind: "error", error }),
    );
  let next: Promise<Read> | undefined;
  try {
    while (true) {
      next ??= advance();
      let read: Read | undefined = await next;
      const chunk: string[] = [];
      const pause = Promise.withResolvers<undefined>();
      const timer = setTimeout(() => pause.resolve(undefined), GATHER_MS);
      while (read?.kind === "line") {
        chunk.push(read.line);
        next = undefined;
        if (chunk.length === CHUNK_LINES) break;
        next = advance();
        read = await Promise.race([next, pause.promise]);
      }
      clearTimeout(timer);
      if (chunk.length > 0) yield chunk;
      if (read?.kind === "end") return;
      if (read?.kind === "error") throw read.error;
    }
  } finally {
    // Not awaited: a read that is under way on a terminal may never end.
    void iterator.return?.();
  }
}
