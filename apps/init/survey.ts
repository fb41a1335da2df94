/** Surveys a user's corpus before a run, with the pipeline's own readers, cleaning, split and subwords. */
import { join } from "@std/path";
import { inputError, isInputError } from "../../base/input_error.ts";
import { Corpus } from "../../schemas/experiment/data.ts";
import { clean, TEXT_NOTATION } from "../../nmt/text/corpus/cleaning.ts";
import {
  type CorpusReport,
  writeCorpus,
} from "../../nmt/text/corpus/corpus.ts";
import { createPairFile } from "../../nmt/text/corpus/pair_file.ts";
import {
  copyFiles,
  dataFiles,
  locate,
} from "../../nmt/text/fetch/user_files.ts";
import {
  type Line,
  type Located,
  readParallel,
} from "../../nmt/text/formats/parallel.ts";
import { loadSubwords } from "../../nmt/text/subwords/subwords.ts";
import { sidesOf, tokenize } from "../../nmt/text/subwords/tokenize.ts";
import { lengthOf, type Tokens } from "../../nmt/text/subwords/tokens.ts";
import { pairsAs } from "../../nmt/text/formats/pairs/pairs.ts";
import { headerHints } from "./header.ts";
import { languageHints } from "./languages.ts";
import { checkScripts } from "./scripts.ts";
import { ENOUGH_PAIRS, MAXIMUM_LENGTH, type Plan, planFor } from "./plans.ts";
import type { Subject } from "./subject.ts";
import { learnVocabulary } from "./vocabulary.ts";

/** Pairs whose subwords are looked at: of a larger corpus, that many from its start. */
const SAMPLE = 50_000;

/** The part of the pairs that is short enough to be trained on, unless they have more subwords than there may be. */
const MOST = 0.95;

/** No training pair may have a side of more subwords. */
export const LIMIT = 1000;

/** Runs of five neighbours are held out together: of so many pairs, validation, test and train each have one. */
const LEAST_PAIRS = 15;

export interface Survey {
  readonly plan: Plan;
  /** Pairs with a side of more subwords are better not trained on. */
  readonly maximumLength: number;
  readonly corpus: CorpusReport;
  /** What a file of pairs is taken for. */
  readonly fileFormat?: string;
  /** Sentences on what may be wrong. */
  readonly hints: readonly string[];
  /** Of all training pairs, as far as a sample tells. */
  readonly tokens: {
    readonly pairs: number;
    readonly tooLong: number;
    readonly source: number;
    readonly target: number;
  };
  /** Subwords of the longer side of a pair: of the middle one, of one in twenty, of the longest. */
  readonly lengths: {
    readonly median: number;
    readonly high: number;
    readonly longest: number;
  };
}

/** Tokens of the longer side of all training pairs, each with its end. */
export function longerSide(
  { source, target, pairs }: Survey["tokens"],
): number {
  return Math.max(source, target) + pairs;
}

/** A corpus as the pipeline will have it. */
export interface WrittenCorpus {
  readonly plan: Plan;
  readonly report: CorpusReport;
  readonly fileFormat?: string;
  readonly hints: readonly string[];
  /** TSV files, and a folder for what else is written. */
  readonly places: Readonly<
    Record<"train" | "validation" | "test" | "work", string>
  >;
}

/** Whatever the pipeline would refuse of the corpus is an input error here. */
export function survey(subject: Subject): Promise<Survey> {
  return withCorpus(subject, async ({ plan, report, places, ...said }) => {
    const sample = join(places.work, "sample.tsv");
    await Deno.writeTextFile(
      sample,
      ReadableStream.from(head(sidesOf(places.train), 2 * SAMPLE)),
    );
    const tokenizer = join(places.work, "tokenizer.json");
    const vocabulary = await learnVocabulary(
      plan.vocabulary,
      sample,
      tokenizer,
    );
    const subwords = await loadSubwords(tokenizer);
    const { tokens } = await tokenize(sample, subwords, LIMIT, "train");
    const scale = report.train / Math.min(report.train, SAMPLE);
    return {
      plan: { ...plan, vocabulary },
      corpus: report,
      ...said,
      ...measured(tokens, scale),
    };
  });
}

/** Gives the corpus of an experiment to a function, and removes it afterwards; errors are those of `survey`. */
export async function withCorpus<Result>(
  { data, languages, size, seed }: Subject,
  use: (corpus: WrittenCorpus) => Promise<Result>,
): Promise<Result> {
  dataFiles(data, languages);
  const work = await Deno.makeTempDir({ prefix: "survey-" });
  try {
    const files = join(work, "files");
    await Deno.mkdir(files);
    await copyFiles(data, languages, files);
    const { train } = data;
    const text = locate("train", train, files);
    const { first, kept } = await lookOver(text, work);
    const { validation, test } = planFor(kept, size);
    const places = {
      train: join(work, "train.tsv"),
      validation: join(work, "validation.tsv"),
      test: join(work, "test.tsv"),
      work,
    };
    const report = await writeCorpus(
      { data, languages, corpus: Corpus.parse({ validation, test }) },
      { additional: [] },
      files,
      seed,
      places,
    ).catch((error) => {
      const isSplit = isInputError(error) &&
        error.message.startsWith("Cannot split the corpus:");
      throw isSplit && kept > 0 ? tooAlike(kept) : error;
    });
    await checkScripts(sidesOf(places.train), languages);
    const plan = { ...planFor(report.train, size), validation, test };
    const fileFormat = typeof train === "string"
      ? await pairsAs({ path: train, name: train }, languages)
      : undefined;
    const hints = [
      ...first === undefined ? [] : headerHints(first, languages, fileFormat),
      ...await languageHints(sidesOf(places.train), languages),
    ];
    return await use({ plan, report, fileFormat, hints, places });
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/**
 * The first pair of the user's text, and how many different ones cleaning keeps, of which some will be held out.
 *
 * @throws An input error where they are fewer than a run needs; of none, the pipeline's own tells the reasons.
 */
async function lookOver(
  text: Located,
  work: string,
): Promise<{ first?: Line; kept: number }> {
  const path = join(work, "kept.tsv");
  const pairs = createPairFile(path);
  const limits = Corpus.parse({});
  let first: Line | undefined;
  try {
    for await (const line of readParallel(text)) {
      first ??= line;
      const cleaned = clean(line, TEXT_NOTATION, limits);
      if (!("pair" in cleaned)) continue;
      pairs.add({ ...cleaned.pair, file: path, position: line.number });
    }
    const kept = pairs.length;
    if (kept === 0 || kept >= LEAST_PAIRS) return { first, kept };
    throw inputError(
      `Cannot set up an experiment on so little text: expected at least ${LEAST_PAIRS} different pairs after cleaning, and ${
        ENOUGH_PAIRS.toLocaleString("en")
      } or more for models of use, found ${kept}; give more text.`,
    );
  } finally {
    pairs.close();
    await Deno.remove(path);
  }
}

function tooAlike(kept: number): Error {
  return inputError(
    `Cannot set up an experiment: the ${kept} pairs are so alike, but for numbers, case and punctuation, that none is left to train on beside those held out; give more text.`,
  );
}

/** Tokens and lengths of all pairs, by those of a sample: those that are too long to be trained on apart. */
export function measured(
  tokens: Tokens,
  scale = 1,
): Pick<Survey, "tokens" | "lengths" | "maximumLength"> {
  const longer = Float64Array.from(
    { length: tokens.pairs },
    (_, i) => Math.max(lengthOf(tokens.source, i), lengthOf(tokens.target, i)),
  );
  const sorted = longer.toSorted();
  const at = (part: number) => sorted[Math.floor(part * (sorted.length - 1))];
  const high = at(MOST);
  const maximumLength = Math.min(
    LIMIT,
    Math.max(MAXIMUM_LENGTH, Math.ceil(high / 20) * 20),
  );
  let source = 0, target = 0, kept = 0;
  longer.forEach((length, i) => {
    if (length > maximumLength) return;
    source += lengthOf(tokens.source, i);
    target += lengthOf(tokens.target, i);
    kept++;
  });
  const scaled = (count: number) => Math.round(scale * count);
  return {
    maximumLength,
    tokens: {
      pairs: scaled(kept),
      tooLong: scaled(tokens.pairs - kept),
      source: scaled(source),
      target: scaled(target),
    },
    lengths: { median: at(0.5), high, longest: at(1) },
  };
}

/** The pairs of the first so many sides, as a file's text. */
async function* head(
  sides: AsyncIterable<string>,
  most: number,
): AsyncGenerator<string> {
  let count = 0;
  for await (const side of sides) {
    yield side + (count % 2 === 0 ? "\t" : "\n");
    if (++count === most) return;
  }
}
