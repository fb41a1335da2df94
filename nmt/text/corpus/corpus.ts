/** Makes the corpus: reads the sources, cleans and splits them, and counts the dropped pairs of each rule. */
import { join } from "@std/path";
import type {
  Corpus,
  Data,
  Languages,
} from "../../../schemas/experiment/data.ts";
import { inputError } from "../../../base/input_error.ts";
import {
  clean,
  lineOf,
  type Notation,
  type Pair,
  type Rule,
  spaced,
  TEXT_NOTATION,
} from "./cleaning.ts";
import type { Selection, Selections } from "../descriptors/descriptors.ts";
import { createPairFile, type PairFile } from "./pair_file.ts";
import { marked } from "../subwords/language_tokens.ts";
import { readMessages } from "../formats/messages.ts";
import { locate } from "../fetch/user_files.ts";
import { pathsOf, readParallel } from "../formats/parallel.ts";
import { readTexts } from "../formats/texts.ts";
import { type Placed, type Split, split } from "./split.ts";

/** Counts of the pairs of one source. */
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
  /** Of data that has a test set, that alone is wanted. */
  readonly part?: "test";
  /** Sources are written with the token of their language. */
  readonly isMarked?: true;
}

/** Where a corpus goes: TSV files, and a folder for what is needed on the way. */
export interface CorpusPlaces {
  readonly train: string;
  readonly validation: string;
  readonly test: string;
  readonly work: string;
}

/**
 * Writes the corpus from the folder that `fetch` left; `selected` is the selection of its descriptors. Pairs are held on
 * disk: memory holds about 40 bytes a pair, and the held-out pairs.
 *
 * @throws An input error where no pair is left, or too few for the split.
 */
export async function writeCorpus(
  config: CorpusConfig,
  selected: Selections,
  folder: string,
  seed: number,
  places: CorpusPlaces,
): Promise<CorpusReport> {
  const folders = { files: folder, work: places.work };
  const testSet = config.part === "test"
    ? await heldOut("test", config, selected, folders)
    : undefined;
  if (testSet !== undefined) return writeTestSet(config, testSet, places);
  const path = join(places.work, "pairs.tsv");
  const pairs = createPairFile(path);
  try {
    const { reports, own } = await readAll(config, selected, folders, pairs);
    if (pairs.length === 0) throw nothingLeft(reports);
    const given = {
      validation: await heldOut("validation", config, selected, folders),
      test: await heldOut("test", config, selected, folders),
    };
    const { train, validation, test, nearDuplicates, beyondLimit } = split(
      pairs,
      config.corpus,
      seed,
      given,
      own,
    );
    const lineOf = lineOfCorpus(config);
    await writeLines(places.train, train, (index) => lineOf(pairs.pair(index)));
    await writeLines(places.validation, validation, lineOf);
    await writeLines(places.test, test, lineOf);
    return {
      languages: config.languages,
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

/** A corpus of a test set alone. */
async function writeTestSet(
  config: CorpusConfig,
  test: readonly Pair[],
  { train, validation, test: path }: CorpusPlaces,
): Promise<CorpusReport> {
  const lineOf = lineOfCorpus(config);
  await writeLines(train, [], lineOf);
  await writeLines(validation, [], lineOf);
  await writeLines(path, test, lineOf);
  return {
    languages: config.languages,
    sources: {},
    train: 0,
    validation: 0,
    test: test.length,
    nearDuplicates: { train: 0, validation: 0 },
    beyondLimit: 0,
  };
}

/** Where raw data is, and where what is unpacked of it may be put. */
interface Folders {
  readonly files: string;
  readonly work: string;
}

/** Adds the cleaned pairs of each source; returns the counts by source, and how many pairs may be held out. */
async function readAll(
  { data, languages, corpus }: CorpusConfig,
  { own, additional }: Selections,
  folders: Folders,
  pairs: PairFile,
): Promise<{ reports: Record<string, SourceReport>; own: number }> {
  const reports: Record<string, SourceReport> = {};
  const add = (label: string, raw: Placed, notation: Notation) => {
    const report = reports[label] ??= { read: 0, kept: 0, dropped: {} };
    report.read++;
    const cleaned = clean(raw, notation, corpus);
    const { file, position, isOneGroup } = raw;
    const rule = "rule" in cleaned
      ? cleaned.rule
      : pairs.add({ ...cleaned.pair, file, position, isOneGroup })
      ? undefined
      : "duplicate";
    if (rule === undefined) report.kept++;
    else report.dropped[rule] = (report.dropped[rule] ?? 0) + 1;
  };
  const addSet = async ({ name, sources }: Selection, prefix: string) => {
    for (const source of sources) {
      const label = prefix + source.label;
      if ("packages" in source) {
        for (
          const message of await readMessages(source, languages, folders.files)
        ) {
          add(label, { ...message, file: prefix + message.file }, source);
        }
        continue;
      }
      const places = { ...folders, files: join(folders.files, name) };
      for await (const pair of readTexts(source, "train", languages, places)) {
        add(label, { ...pair, file: prefix + pair.file }, TEXT_NOTATION);
      }
    }
  };
  if (own !== undefined) await addSet(own, "");
  if (data.train !== undefined) {
    for await (
      const line of readParallel(locate("train", data.train, folders.files))
    ) {
      add(
        "train",
        { ...line, file: "train", position: line.number - 1 },
        TEXT_NOTATION,
      );
    }
  }
  const count = pairs.length;
  // What is only trained on has files of its own, so that no group has pairs of both.
  for (const set of additional) await addSet(set, `${set.name}: `);
  return { reports, own: count };
}

/**
 * Held-out files, the user's or those of the descriptor, are taken as they are, but for lines with an empty side, which
 * nothing can be scored on.
 */
async function heldOut(
  part: "validation" | "test",
  { data, languages }: CorpusConfig,
  { own }: Selections,
  folders: Folders,
): Promise<Pair[] | undefined> {
  const files = data[part];
  const raw = files === undefined
    ? heldOutOf(own, part, languages, folders)
    : readParallel(locate(part, files, folders.files));
  let isGiven = files !== undefined;
  const pairs: Pair[] = [];
  for await (const { source, target } of raw) {
    isGiven = true;
    const pair = { source: spaced(source), target: spaced(target) };
    if (pair.source !== "" && pair.target !== "") pairs.push(pair);
  }
  if (isGiven && pairs.length === 0) {
    const name = files === undefined
      ? `the ${part} set of ${own?.name}`
      : pathsOf(files)[0];
    throw inputError(`Cannot use "${name}": every pair has an empty side.`);
  }
  return isGiven ? pairs : undefined;
}

/** What a descriptor holds out by its files. */
async function* heldOutOf(
  set: Selection | undefined,
  part: "validation" | "test",
  languages: Languages,
  folders: Folders,
): AsyncGenerator<Pair> {
  if (set === undefined) return;
  const places = { ...folders, files: join(folders.files, set.name) };
  for (const source of set.sources) {
    if ("texts" in source) yield* readTexts(source, part, languages, places);
  }
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

/** Lines that are written at once. */
const LINES = 2000;

/** Writes a file of a line an item, without the text in memory. */
export async function writeLines<Item>(
  path: string,
  items: ArrayLike<Item>,
  lineOf: (item: Item) => string,
): Promise<void> {
  const pieces = function* () {
    for (let start = 0; start < items.length; start += LINES) {
      let lines = "";
      const end = Math.min(start + LINES, items.length);
      for (let i = start; i < end; i++) lines += `${lineOf(items[i])}\n`;
      yield lines;
    }
  };
  await Deno.writeTextFile(path, ReadableStream.from(pieces()));
}

/** The lines of a corpus, whose sources may have the token of their language. */
function lineOfCorpus(
  { languages: { source: language }, isMarked }: CorpusConfig,
): (pair: Pair) => string {
  return isMarked
    ? ({ source, target }) =>
      lineOf({ source: marked(source, language), target })
    : lineOf;
}
