/** Translates lines with a model file or an exported model; prints translations, and their scores and alternatives if asked. */
import { checkBeam } from "../../apps/beam.ts";
import { findModel, readExport } from "../../apps/models.ts";
import { markingOf } from "../../apps/source_language.ts";
import { sentencesOf } from "../../apps/web/page/model/text.ts";
import { inputError, parse } from "../../base/input_error.ts";
import type { Translator } from "../../nmt/decoding/beam_search.ts";
import { createParallelTranslator } from "../../nmt/decoding/parallel_translator.ts";
import { checkVocabulary, shortlistOf } from "../../nmt/decoding/translate.ts";
import { loadRuntime } from "../../nmt/tensor/runtime.ts";
import {
  loadSubwords,
  type Subwords,
} from "../../nmt/text/subwords/subwords.ts";
import { loadModel } from "../../nmt/transformer/checkpoint.ts";
import { Evaluation } from "../../schemas/experiment/evaluation.ts";
import { Runtime } from "../../schemas/experiment/runtime.ts";
import type { Console } from "../console/console.ts";
import { EXIT } from "../exit.ts";
import { artifactFolder } from "../experiment.ts";
import { printModels } from "../models.ts";
import { type Scored, translateStream } from "./translation_stream.ts";

export interface TranslationOptions {
  /** A node, a model file or the folder of an exported model. */
  readonly model?: string;
  readonly tokenizer?: string;
  /** The language of the text. */
  readonly from?: string;
  readonly artifacts?: string;
  readonly beam?: number;
  readonly lengthPenalty?: number;
  readonly int8: boolean;
  readonly shortlist: boolean;
  readonly runtime: string;
  readonly provider: string;
  /** Lines are split into sentences. */
  readonly split: boolean;
  /** How many translations of a line are printed. */
  readonly nBest?: number;
  readonly scores: boolean;
}

/** A model, and the search that it is for. */
interface Opened {
  readonly translator: Translator;
  readonly subwords: Subwords;
  readonly beam: number;
  readonly lengthPenalty: number;
  /** Of the text, where the model says it. */
  readonly language?: string;
}

/** Prints the translations of lines as they are done. */
export async function runTranslation(
  console: Console,
  lines: AsyncIterable<string>,
  options: TranslationOptions,
): Promise<number> {
  const { nBest, scores, split } = options;
  if (split && (scores || nBest !== undefined)) {
    throw inputError(
      `Cannot use ${
        scores ? "--scores" : "--n-best"
      } with --split: they are of a whole line, and its sentences are translated one by one; leave one of them out.`,
    );
  }
  // No wider beam can be advised.
  if (nBest !== undefined) checkBeam(nBest, `print the ${nBest} best`);
  const { translator, subwords, beam, lengthPenalty, language: own } =
    await open(console, options);
  let number = 0;
  try {
    const { mark, language = "und" } = markingOf(
      subwords.languages,
      options.from,
      own,
      "--from",
    );
    if (nBest !== undefined && nBest > beam) {
      throw inputError(
        `Cannot print the ${nBest} best of a beam of ${beam}: expected at most as many; give --beam ${nBest}.`,
      );
    }
    await translateStream({
      ...{ translator, subwords, lines, beam, lengthPenalty, count: nBest },
      mark,
      split: split
        ? (line) => sentencesOf(line, language).flat().map(({ text }) => text)
        : undefined,
      write: (sentences) => {
        number++;
        const lost = sentences.flatMap(([best]) => best.lost);
        if (lost.length > 0) {
          console.err(
            `Line ${number}: its translation lacks ${lost.join(", ")}.\n`,
          );
        }
        return console.out(
          nBest === undefined && !scores
            ? `${sentences.map(([{ text }]) => text).join(" ")}\n`
            : sentences.flat().map((best) => row(best, number, options))
              .join(""),
        );
      },
    });
  } finally {
    await translator.dispose();
  }
  return EXIT.done;
}

/** The columns of a translation; its text is the last, as it may have tabs. */
function row(
  { text, score }: Scored,
  number: number,
  { nBest, scores }: TranslationOptions,
): string {
  return [
    ...nBest === undefined ? [] : [number],
    ...scores ? [score.toFixed(4)] : [],
    text,
  ].join("\t") + "\n";
}

async function open(
  console: Console,
  options: TranslationOptions,
): Promise<Opened> {
  const { model, artifacts, int8 } = options;
  const runtime = parse(
    Runtime,
    { name: options.runtime, provider: options.provider },
    "--runtime, --provider",
  );
  const isPlain = runtime.name === "onnx" && runtime.provider === "cpu";
  if (int8 && !isPlain) {
    throw inputError(
      `Cannot use --int8 with runtime ${runtime.name} on ${runtime.provider}: only onnx on cpu has 8-bit matrix products; leave one of them out.`,
    );
  }
  const { note, ...files } = findModel(artifactFolder(artifacts), options);
  printModels(console, artifacts, model, note);
  if ("folder" in files) {
    return await openExport(files.folder, isPlain, options);
  }
  const saved = loadModel(files.modelPath, `the model "${files.modelPath}"`);
  const subwords = await loadSubwords(files.tokenizerPath);
  checkVocabulary(saved, subwords);
  const translator = createParallelTranslator(
    await loadRuntime(runtime),
    saved,
    {
      precision: int8 ? "int8" : "float32",
      shortlist: options.shortlist
        ? shortlistOf(saved, files.shortlistPath)
        : undefined,
    },
  );
  const search = searchOf(options, files.search ?? Evaluation.parse({}));
  return { translator, subwords, ...search };
}

/** Opens the graph of an exported model, which decides more than a model file does. */
async function openExport(
  folder: string,
  isPlain: boolean,
  options: TranslationOptions,
): Promise<Opened> {
  const config = readExport(folder);
  const fixed = {
    "--tokenizer": options.tokenizer !== undefined,
    "--no-shortlist": !options.shortlist,
    "--runtime or --provider": !isPlain,
    "--length-penalty":
      (options.lengthPenalty ?? config.lengthPenalty) !== config.lengthPenalty,
  };
  for (const [name, isGiven] of Object.entries(fixed)) {
    if (!isGiven) continue;
    throw inputError(
      `Cannot use ${name} with the exported model "${folder}": its graph is made for its own; leave it out, or name a node.`,
    );
  }
  const search = searchOf(options, config);
  // Not loaded for other runtimes.
  const { loadModel } = await import("../../apps/exported_model.ts");
  const precision = options.int8 ? "int8" : "fp32";
  const { translator, subwords } = await loadModel(folder, { precision });
  return { translator, subwords, ...search, language: config.languages.source };
}

/** The search that is asked for, by default the model's own. */
function searchOf(
  { beam, lengthPenalty }: TranslationOptions,
  own: Pick<Evaluation, "beam" | "lengthPenalty">,
): Pick<Evaluation, "beam" | "lengthPenalty"> {
  const search = {
    beam: beam ?? own.beam,
    lengthPenalty: lengthPenalty ?? own.lengthPenalty,
  };
  checkBeam(search.beam);
  return search;
}
