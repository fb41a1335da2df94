/** Text without translations, for the teacher to translate: reads and cleans it, without what is held out or in train. */
import { join } from "@std/path";
import { inputError } from "../../../base/input_error.ts";
import {
  fetchedMonolingual,
  type MonolingualText,
} from "../../../schemas/experiment/data.ts";
import { type Copies, selections } from "../descriptors/descriptors.ts";
import { readLines } from "../formats/lines.ts";
import { readMessages } from "../formats/messages.ts";
import { empty, readParallel } from "../formats/parallel.ts";
import { readSentences } from "../formats/texts.ts";
import {
  cleanSentence,
  type Notation,
  type Rule,
  type SentenceLimits,
  TEXT_NOTATION,
} from "./cleaning.ts";
import { writeLines } from "./corpus.ts";
import { createPairFile } from "./pair_file.ts";
import { fold, heldOutForms, limited } from "./split.ts";

export interface MonolingualConfig extends SentenceLimits {
  readonly text: MonolingualText;
  /** Its language, the source of the experiment. */
  readonly language: string;
}

export interface MonolingualPlaces {
  /** The TSV files of the corpus. */
  readonly corpus: Readonly<Record<"train" | "validation" | "test", string>>;
  /** TSV files of further test sets. */
  readonly heldOut: readonly string[];
  /** The folder that `fetch` left; none where all text is in the user's own files. */
  readonly files?: string;
  /** Copies of the descriptor and the user's files, by their paths. */
  readonly copies: Copies;
  /** A folder for what is needed on the way. */
  readonly work: string;
  /** Where the sentences go, one a line. */
  readonly output: string;
}

/** A rule that drops a sentence: `duplicate` of an earlier one or of train, `near duplicate` of a held-out one. */
export type SentenceRule = Rule | "near duplicate";

export interface MonolingualReport {
  readonly read: number;
  readonly kept: number;
  readonly dropped: Readonly<Partial<Record<SentenceRule, number>>>;
  /** Sentences that `limit` left out. */
  readonly beyondLimit: number;
}

/**
 * Writes the distinct clean sentences, in the order of their sources. One that equals a held-out source sentence once
 * both are folded is left out, and so is one that train has. Sentences are held on disk: memory holds about 40 bytes of
 * each, those of train among them, and the held-out ones.
 *
 * @throws An input error for a file that is empty, and where no sentence is left.
 */
export async function writeMonolingual(
  config: MonolingualConfig,
  seed: number,
  places: MonolingualPlaces,
): Promise<MonolingualReport> {
  const held = new Set<string>();
  const { corpus: { validation, test }, heldOut } = places;
  for (const path of [validation, test, ...heldOut]) {
    for await (const { source } of corpusPairs(path, "a held-out part")) {
      for (const form of heldOutForms(source, config.markup)) held.add(form);
    }
  }
  const path = join(places.work, "sentences.tsv");
  const sentences = createPairFile(path);
  const add = (source: string) =>
    sentences.add({ source, target: "", file: "", position: 0 });
  try {
    for await (const { source } of corpusPairs(places.corpus.train, "train")) {
      add(source);
    }
    const ofTrain = sentences.length;
    const dropped: Partial<Record<SentenceRule, number>> = {};
    let read = 0;
    for await (const { text, notation } of rawSentences(config, places)) {
      read++;
      const cleaned = cleanSentence(text, notation, config);
      const rule = "rule" in cleaned
        ? cleaned.rule
        : held.has(fold(cleaned.sentence, config.markup))
        ? "near duplicate"
        : add(cleaned.sentence)
        ? undefined
        : "duplicate";
      if (rule !== undefined) dropped[rule] = (dropped[rule] ?? 0) + 1;
    }
    const found = Int32Array.from(
      { length: sentences.length - ofTrain },
      (_, i) => ofTrain + i,
    );
    if (found.length === 0) throw nothingLeft(read, dropped);
    const kept = limited(found, config.text.limit, seed);
    await writeLines(
      places.output,
      kept,
      (index) => sentences.pair(index).source,
    );
    return {
      read,
      kept: kept.length,
      dropped,
      beyondLimit: found.length - kept.length,
    };
  } finally {
    sentences.close();
    await Deno.remove(path);
  }
}

function corpusPairs(path: string, part: string) {
  return readParallel({ path, name: `${part} of the corpus` });
}

/** The sentences as they are written, each with its source's notation: those of the descriptor, then the user's own. */
async function* rawSentences(
  { text, language }: MonolingualConfig,
  { files = "", copies, work }: MonolingualPlaces,
): AsyncGenerator<{ readonly text: string; readonly notation: Notation }> {
  const fetched = fetchedMonolingual(text);
  const selection = fetched &&
    selections(fetched, { source: language }, copies).own;
  for (const source of selection?.sources ?? []) {
    if ("packages" in source) {
      // One language stands for both: each message is joined with itself.
      const languages = { source: language, target: language };
      for (const message of await readMessages(source, languages, files)) {
        yield { text: message.source, notation: source };
      }
      continue;
    }
    const folders = { files: join(files, selection?.name ?? ""), work };
    for await (const line of readSentences(source, language, folders)) {
      yield { text: line, notation: TEXT_NOTATION };
    }
  }
  for (const name of text.files ?? []) {
    let lines = 0;
    for await (const line of readLines({ path: copies[name] ?? name, name })) {
      lines++;
      yield { text: line, notation: TEXT_NOTATION };
    }
    if (lines === 0) throw empty(name);
  }
}

function nothingLeft(
  read: number,
  dropped: MonolingualReport["dropped"],
): Error {
  const rules = Object.entries(dropped).sort((a, b) => b[1] - a[1])
    .map(([rule, count]) => `${rule} ${count}`);
  return inputError(
    `Cannot use the text without translations: cleaning leaves none of its ${read} sentences (${
      rules.join(", ")
    }); give other text in "corpus.monolingual".`,
  );
}
