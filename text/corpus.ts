/** Makes the corpus that everything is trained and tested on: read, cleaned, split, with a count for every rule. */
import { join } from "@std/path";
import type { Corpus, Data, Languages } from "../schemas/data.ts";
import { inputError } from "../schemas/errors.ts";
import type { Source } from "../schemas/descriptor.ts";
import {
  clean,
  type Notation,
  type Pair,
  type Rule,
  spaced,
} from "./cleaning.ts";
import { createPairFile, type PairFile } from "./pair_file.ts";
import { readMessages } from "./messages.ts";
import { locate } from "./files.ts";
import { pathsOf, readParallel } from "./parallel.ts";
import { type Placed, type Split, split } from "./split.ts";

/** What became of the pairs of one source. */
export interface SourceReport {
  read: number;
  kept: number;
  /** Pairs left out, by the rule. */
  readonly dropped: Partial<Record<Rule, number>>;
}

export interface CorpusReport {
  readonly languages: Languages;
  readonly sources: Readonly<Record<string, SourceReport>>;
  readonly train: number;
  readonly validation: number;
  readonly test: number;
  readonly nearDuplicates: Split["nearDuplicates"];
  readonly beyondLimit: number;
}

export interface CorpusConfig {
  readonly data: Data;
  readonly languages: Languages;
  readonly corpus: Corpus;
}

/** The user's text may hold tags; an ampersand in it is one. */
const USER_NOTATION: Notation = { markup: true, mnemonics: false };

/** Where a corpus goes: TSV files, and a folder for what is needed on the way. */
export interface CorpusPlaces {
  readonly train: string;
  readonly validation: string;
  readonly test: string;
  readonly work: string;
}

/**
 * Writes the corpus from the folder that `fetch` left; `sources` are those of the descriptor, where the data has one.
 * Pairs are held on disk, so that memory holds some 40 bytes a pair and what is held out.
 */
export async function writeCorpus(
  config: CorpusConfig,
  sources: readonly Source[],
  folder: string,
  seed: number,
  places: CorpusPlaces,
): Promise<CorpusReport> {
  const path = join(places.work, "pairs.tsv");
  const pairs = createPairFile(path);
  try {
    const reports = await readAll(config, sources, folder, pairs);
    if (pairs.length === 0) throw nothingLeft(reports);
    const { data, languages, corpus } = config;
    const given = {
      validation: await heldOut("validation", data, folder),
      test: await heldOut("test", data, folder),
    };
    const { train, validation, test, nearDuplicates, beyondLimit } = split(
      pairs,
      corpus,
      seed,
      given,
    );
    await writePairs(places.train, train, (index) => pairs.pair(index));
    await writePairs(places.validation, validation, (pair) => pair);
    await writePairs(places.test, test, (pair) => pair);
    return {
      languages,
      sources: reports,
      train: train.length,
      validation: validation.length,
      test: test.length,
      nearDuplicates,
      beyondLimit,
    };
  } finally {
    pairs.close();
    await Deno.remove(path);
  }
}

/** Adds what cleaning leaves of every source; what became of the pairs, by source. */
async function readAll(
  { data, languages, corpus }: CorpusConfig,
  sources: readonly Source[],
  folder: string,
  pairs: PairFile,
): Promise<Record<string, SourceReport>> {
  const reports: Record<string, SourceReport> = {};
  const add = (label: string, raw: Placed, notation: Notation) => {
    const report = reports[label] ??= { read: 0, kept: 0, dropped: {} };
    report.read++;
    const cleaned = clean(raw, notation, corpus);
    const { file, position } = raw;
    const rule = "rule" in cleaned
      ? cleaned.rule
      : pairs.add({ ...cleaned.pair, file, position })
      ? undefined
      : "duplicate";
    if (rule === undefined) report.kept++;
    else report.dropped[rule] = (report.dropped[rule] ?? 0) + 1;
  };
  for (const source of sources) {
    for (const message of await readMessages(source, languages, folder)) {
      add(source.label, message, source);
    }
  }
  if (data.train !== undefined) {
    for await (
      const line of readParallel(locate("train", data.train, folder))
    ) {
      add(
        "train",
        { ...line, file: "train", position: line.number - 1 },
        USER_NOTATION,
      );
    }
  }
  return reports;
}

/** Held-out files of the user are taken as they are, but for lines with an empty side, which nothing can be scored on. */
async function heldOut(
  part: "validation" | "test",
  data: Data,
  folder: string,
): Promise<Pair[] | undefined> {
  const files = data[part];
  if (files === undefined) return undefined;
  const pairs: Pair[] = [];
  for await (
    const { source, target } of readParallel(locate(part, files, folder))
  ) {
    const pair = { source: spaced(source), target: spaced(target) };
    if (pair.source !== "" && pair.target !== "") pairs.push(pair);
  }
  if (pairs.length === 0) {
    throw inputError(
      `Cannot use "${pathsOf(files)[0]}": every pair has an empty side.`,
    );
  }
  return pairs;
}

function nothingLeft(reports: Readonly<Record<string, SourceReport>>): Error {
  const dropped: Record<string, number> = {};
  for (const report of Object.values(reports)) {
    for (const [rule, count] of Object.entries(report.dropped)) {
      dropped[rule] = (dropped[rule] ?? 0) + count;
    }
  }
  const rules = Object.entries(dropped).sort((a, b) => b[1] - a[1])
    .map(([rule, count]) => `${rule} ${count}`);
  return inputError(
    `Cannot make a corpus: cleaning leaves no pair (${
      rules.join(", ")
    }); give more text, or widen "corpus".`,
  );
}

/** Lines of a TSV file that are written at once. */
const LINES = 2000;

/** Writes a TSV file: sides are joined by a TAB, which no clean side holds. */
async function writePairs<Item>(
  path: string,
  items: ArrayLike<Item>,
  pairOf: (item: Item) => Pair,
): Promise<void> {
  const pieces = function* () {
    for (let start = 0; start < items.length; start += LINES) {
      let lines = "";
      const end = Math.min(start + LINES, items.length);
      for (let i = start; i < end; i++) {
        const { source, target } = pairOf(items[i]);
        lines += `${source}\t${target}\n`;
      }
      yield lines;
    }
  };
  await Deno.writeTextFile(path, ReadableStream.from(pieces()));
}
