/** Translates lines of text with a model, in order. */
import { inputError } from "../../base/input_error.ts";
import type { Runtime } from "../../schemas/experiment/runtime.ts";
import { loadRuntime } from "../tensor/runtime.ts";
import { readShortlist, type Shortlist } from "../shortlist/shortlist.ts";
import { loadSubwords, type Subwords } from "../text/subwords/subwords.ts";
import { loadModel, type SavedModel } from "../transformer/checkpoint.ts";
import {
  type Hypothesis,
  MAXIMUM_LENGTH,
  type TranslateOptions,
  type Translator,
} from "./beam_search.ts";
import { createParallelTranslator } from "./parallel_translator.ts";

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
  return await translated(translator, subwords, sources, lines, options);
}

type Sources = Awaited<ReturnType<Subwords["encode"]>>;

/**
 * The subwords of the sentences of each line, for the lines before the first one with a sentence that is too long, and the
 * error about that one.
 */
export async function encodeLines(
  subwords: Subwords,
  lines: readonly (readonly string[])[],
  firstLine = 1,
): Promise<
  { readonly translatable: readonly Sources[]; readonly refused?: Error }
> {
  const sources = await subwords.encode(
    lines.flat().map((text) => text.trim()),
  );
  let end = 0;
  const encoded = lines.map(({ length }) => sources.slice(end, end += length));
  const isTooLong = ({ length }: Int32Array) => length > MAXIMUM_LENGTH;
  const index = encoded.findIndex((line) => line.some(isTooLong));
  if (index < 0) return { translatable: encoded };
  return {
    translatable: encoded.slice(0, index),
    refused: inputError(
      `Cannot translate line ${firstLine + index}: expected at most ` +
        `${MAXIMUM_LENGTH} subwords, found ${
          encoded[index].find(isTooLong)?.length
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
  const { translatable, refused } = await encodeLines(
    subwords,
    lines.map((line) => [line]),
    options.firstLine,
  );
  if (refused !== undefined) throw refused;
  return translatable.flat();
}

async function translated(
  translator: Translator,
  subwords: Subwords,
  sources: Sources,
  lines: readonly string[],
  options: LineOptions,
): Promise<string[]> {
  return await decodeLines(
    subwords,
    await translator.translate(sources, options),
    lines,
  );
}

/** The text of each hypothesis of a line, as one line. */
export async function decodeLines(
  subwords: Subwords,
  hypotheses: readonly Pick<Hypothesis, "ids">[],
  lines: readonly string[],
): Promise<string[]> {
  const ids = hypotheses.map(({ ids }) => ids);
  const texts = await subwords.decode(ids, lines);
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
  /** Whether placeholders are masked. */
  readonly masks: boolean;
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
    const lines = await translated(
      translator,
      subwords,
      sources,
      job.sources,
      job.options,
    );
    const seconds = (performance.now() - start - preparing) / 1000;
    const masks = subwords.placeholders !== undefined;
    return { saved, lines, masks, seconds };
  } finally {
    await translator.dispose();
  }
}

/** The short-list in a file, if there is one. */
export function shortlistOf(
  { vocabulary }: SavedModel,
  path: string | undefined,
): Shortlist | undefined {
  return path === undefined ? undefined : readShortlist(path, vocabulary);
}
