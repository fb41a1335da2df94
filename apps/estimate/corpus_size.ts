/** The size of the corpus of a node: exact once it is tokenized, before that estimated from its files. */
import { z } from "zod";
import { statIfThere } from "../../base/stat.ts";
import { type Step, type Steps } from "../../engine/graph/estimate.ts";
import { canonical } from "../../engine/files/hash.ts";
import {
  Corpus,
  Data,
  FetchedLanguages,
  fetchedMonolingual,
  type MonolingualText,
} from "../../schemas/experiment/data.ts";
import {
  type Selection,
  selections,
} from "../../nmt/text/descriptors/descriptors.ts";
import { pathsOf } from "../../nmt/text/formats/parallel.ts";
import type { CorpusSize } from "./arithmetic.ts";

/** A subword of 4,000 or more takes about this many bytes of text, and a sentence so many subwords. */
const BYTES_A_TOKEN = 4.3, TOKENS_A_SENTENCE = 14;

/** Text that one byte of a compressed file, and of a package, gives: a package holds other things as well. */
const OF_COMPRESSED = 3, OF_PACKAGE = 1 / 8;

const Tokenized = z.object({
  trainPairs: z.number(),
  trainSourceTokens: z.number(),
  trainTargetTokens: z.number(),
});

const Raw = z.object({
  data: Data,
  languages: FetchedLanguages,
  corpus: Corpus,
});

/**
 * The part that is trained on of a corpus, or of a node that joins several, before or after it is made; undefined where
 * nothing tells.
 */
export function trainingSize(
  nodes: Steps,
  recorded: Steps,
  corpusNode: Step,
): CorpusSize | undefined {
  const whole =
    [...nodes.values()].find((each) =>
      each.stage === "join" && corporaOf(nodes, each).includes(corpusNode)
    ) ?? corpusNode;
  const counted = countedSize(nodes, whole, nodes) ??
    countedSize(nodes, whole, recorded);
  if (counted !== undefined && whole === corpusNode) return counted;
  const bytes = sum(corporaOf(nodes, corpusNode).map(textBytes));
  if (bytes === undefined || bytes === 0) return undefined;
  const all = sum(corporaOf(nodes, whole).map(textBytes));
  if (counted !== undefined && all !== undefined) {
    return scaled(counted, bytes / all);
  }
  const tokens = bytes / 2 / BYTES_A_TOKEN;
  return {
    pairs: tokens / TOKENS_A_SENTENCE,
    sourceTokens: tokens,
    targetTokens: tokens,
  };
}

/** What some steps, where they tokenized a corpus of this config, have counted. */
function countedSize(
  nodes: Steps,
  whole: Step,
  steps: Steps,
): CorpusSize | undefined {
  const configs = configsOf(nodes, whole);
  for (const { stage, inputs, metrics } of steps.values()) {
    const made = steps.get(inputs.corpus ?? "");
    if (stage !== "tokenize" || made === undefined) continue;
    if (configsOf(steps, made) !== configs) continue;
    const counts = Tokenized.safeParse(metrics).data;
    if (counts === undefined) continue;
    return {
      pairs: counts.trainPairs,
      sourceTokens: counts.trainSourceTokens,
      targetTokens: counts.trainTargetTokens,
    };
  }
}

function configsOf(steps: Steps, corpusNode: Step): string {
  return canonical(corporaOf(steps, corpusNode).map(({ config }) => config));
}

/** The corpora of several source languages that a node joins, or the node itself. */
function corporaOf(steps: Steps, node: Step): Step[] {
  return node.stage === "join"
    ? Object.keys(node.inputs).sort().flatMap((name) =>
      steps.get(node.inputs[name]) ?? []
    )
    : [node];
}

/** The same for the sentences that are held out. */
export function heldOutSize(
  nodes: Steps,
  part: "validation" | "test",
  corpusNode: Step,
  train: CorpusSize,
): CorpusSize {
  const pairs = corporaOf(nodes, corpusNode).reduce(
    (sum, { config }) => sum + (Raw.safeParse(config).data?.corpus[part] ?? 0),
    0,
  );
  return scaled(train, pairs / train.pairs);
}

function scaled(
  { pairs, sourceTokens, targetTokens }: CorpusSize,
  share: number,
): CorpusSize {
  return {
    pairs: share * pairs,
    sourceTokens: share * sourceTokens,
    targetTokens: share * targetTokens,
  };
}

/** Bytes that are fetched for a config, those of the user's own files too; undefined where one is not known. */
export function fetchedBytes({ config }: Step): number | undefined {
  return sum(sizes(config).map(({ bytes }) => bytes));
}

/** Sentences of monolingual text, by the bytes of its files; undefined where one is not known. */
export function sentencesIn(
  text: MonolingualText,
  language: string,
): number | undefined {
  const data = fetchedMonolingual(text);
  const bytes = sum([
    ...data === undefined
      ? []
      : sizes({ data, languages: { source: language } }),
    ...(text.files ?? []).map(ofFile),
  ].map(bytesOf));
  return bytes && bytes / BYTES_A_TOKEN / TOKENS_A_SENTENCE;
}

/** Bytes of the text to train on, by those of the files that it is in. */
function textBytes({ config }: Step): number | undefined {
  return sum(sizes(config).map(bytesOf));
}

interface Size {
  readonly bytes: number | undefined;
  /** Bytes of text that each gives. */
  readonly text: number;
}

function bytesOf({ bytes, text }: Size): number | undefined {
  return bytes === undefined ? undefined : bytes * text;
}

function textOf(name: string): number {
  return /\.(t?gz|zst|zip)$/i.test(name) ? OF_COMPRESSED : 1;
}

/** Of a file of the user's own. */
function ofFile(path: string): Size {
  return { bytes: statIfThere(path)?.size, text: textOf(path) };
}

function sizes(config: unknown): Size[] {
  const { data, languages } = Raw.partial({ corpus: true }).parse(config);
  const { own, additional } = selections(data, languages);
  const ofSelection = ({ packages, files }: Selection): Size[] => [
    ...packages.map(({ bytes }) => ({ bytes, text: OF_PACKAGE })),
    ...files.map(({ name, bytes }) => ({ bytes, text: textOf(name) })),
  ];
  const users = data.train === undefined ? [] : pathsOf(data.train);
  return [
    ...[...own === undefined ? [] : [own], ...additional].flatMap(ofSelection),
    ...users.map(ofFile),
  ];
}

function sum(numbers: readonly (number | undefined)[]): number | undefined {
  return numbers.reduce(
    (total, each) =>
      total === undefined || each === undefined ? undefined : total + each,
    0,
  );
}
