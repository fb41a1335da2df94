/** Teacher targets: translates sentences with the teacher, for sequence-level distillation (Kim and Rush 2016). */
import { inputError } from "../../base/input_error.ts";
import { isFile } from "../../base/stat.ts";
import { readSafetensors, writeSafetensors } from "../tensor/safetensors.ts";
import { NOTHING, type Reserved, symbolOf } from "../text/subwords/reserved.ts";
import { firstDifference, ID_NUMBERS } from "../text/subwords/sentence_ids.ts";
import {
  lengthOf,
  packer,
  packSide,
  sentence,
  sentenceIdsOf,
  type Side,
  sideFrom,
  sideTensors,
  type Tokens,
} from "../text/subwords/tokens.ts";
import {
  type Hypothesis,
  MAXIMUM_LENGTH,
  searchLimit,
  type TranslateOptions,
  type Translator,
} from "./beam_search.ts";

/** Sentences of a piece; an interrupted translation resumes after its last complete piece. */
const PIECE = 2048;

export interface TranslationJob {
  readonly translator: Translator;
  /** Pairs whose sources are translated; their targets are not read. */
  readonly tokens: Tokens;
  readonly options: TranslateOptions;
  readonly limits: TranslationLimits;
  /** By which masked placeholders are known. */
  readonly reserved?: Reserved;
  /** Folder for the pieces; those that are there are kept. */
  readonly folder: string;
  report(sentences: number): void;
}

/** Which translations are kept. */
export interface TranslationLimits {
  /** Most subwords of a translation. */
  readonly maximumLength?: number;
  /** Least mean log p a subword, the end of sentence among them. */
  readonly minimumScore?: number;
}

/** Why a translation is left out, in the order in which the reasons are asked for. */
const REASONS = [
  ...["empty", "unfinished", "tooLong", "belowScore"] as const,
  "placeholdersDiffer",
] as const;
type Reason = typeof REASONS[number];

export interface Translations {
  /** The sources that have a translation, each with its best hypothesis; sources keep their sentence ids. */
  readonly tokens: Tokens;
  readonly translated: number;
  /** `placeholdersDiffer` is counted where placeholders are masked. */
  readonly dropped: Readonly<
    & Record<Exclude<Reason, "placeholdersDiffer">, number>
    & Partial<Record<Reason, number>>
  >;
  /** Mean over the kept translations of their scores, each the mean log p a subword. */
  readonly meanScore: number;
}

/**
 * Translates all sources, a piece of 2,048 at a time, and joins the pieces. A translation is left out that is empty,
 * that has not ended by the limit of the search, that is too long, whose mean log p a subword is below the minimum, or
 * whose masked placeholders are not those of its source. A job that is interrupted and repeated on the same folder gives
 * the same tokens as one that was not.
 *
 * @throws An input error for a piece of other sentences, and where no translation is left.
 */
export async function translateTokens(
  job: TranslationJob,
): Promise<Translations> {
  const { tokens, limits, folder, reserved = NOTHING } = job;
  const source = packer(), target = packer();
  const dropped = {
    ...{ empty: 0, unfinished: 0, tooLong: 0, belowScore: 0 },
    placeholdersDiffer: 0,
  };
  let kept = 0, scores = 0;
  for (let first = 0; first < tokens.pairs; first += PIECE) {
    const end = Math.min(first + PIECE, tokens.pairs);
    const path = `${folder}/${first}.safetensors`;
    if (!isFile(path)) await translatePiece(job, first, end, path);
    const piece = readPiece(path, tokens.source, first, end);
    for (let pair = first; pair < end; pair++) {
      const hypothesis = sentence(piece.target, pair - first);
      const score = piece.scores[pair - first] / (hypothesis.length + 1);
      const limit = searchLimit(lengthOf(tokens.source, pair), job.options);
      const own = sentence(tokens.source, pair);
      const reason = faultOf(hypothesis, score, limit, limits) ??
        placeholderFault(hypothesis, own, reserved);
      if (reason !== undefined) {
        dropped[reason]++;
        continue;
      }
      source.add(own, sentenceIdsOf(tokens.source, pair, pair + 1));
      target.add(hypothesis);
      kept++;
      scores += score;
    }
    job.report(end);
  }
  if (kept === 0) throw nothingLeft(tokens.pairs, dropped, limits);
  const { placeholdersDiffer: _, ...others } = dropped;
  return {
    tokens: { source: source.side(), target: target.side(), pairs: kept },
    translated: tokens.pairs,
    dropped: reserved.placeholders > 0 ? dropped : others,
    meanScore: scores / kept,
  };
}

/** Translates the sources from first to end; the file is complete or not there. */
async function translatePiece(
  { translator, tokens: { source }, options, report }: TranslationJob,
  first: number,
  end: number,
  path: string,
): Promise<void> {
  const sources = Array.from(
    { length: end - first },
    (_, i) => sentence(source, first + i),
  );
  const hypotheses: Hypothesis[] = await translator.translate(sources, {
    ...options,
    report: (done) => report(first + done),
  });
  writeSafetensors(path, {
    ...sideTensors("target", packSide(hypotheses.map(({ ids }) => ids))),
    // log p of each hypothesis, its end of sentence included.
    scores: {
      shape: [sources.length],
      data: Float32Array.from(hypotheses, ({ score }) => score),
    },
    "source.sentences": {
      shape: [sources.length, ID_NUMBERS],
      data: sentenceIdsOf(source, first, end),
    },
  });
}

/** The hypotheses of the sources from first to end and their log p, once they are found to be of these sources. */
function readPiece(
  path: string,
  source: Side,
  first: number,
  end: number,
): { readonly target: Side; readonly scores: Float32Array } {
  const { tensors } = readSafetensors(path, "translations");
  const broken = (why: string) =>
    inputError(
      `Cannot use the translations "${path}": ${why}; remove the file, and run again.`,
    );
  const target = sideFrom(tensors, "target", broken);
  const ids = tensors["source.sentences"]?.data;
  const scores = tensors.scores?.data;
  if (!(ids instanceof Int32Array) || !(scores instanceof Float32Array)) {
    throw broken("it has no sentence ids or no scores");
  }
  const other = firstDifference(ids, sentenceIdsOf(source, first, end));
  if (other !== undefined) {
    throw broken(`it has another sentence at pair ${first + other}`);
  }
  if (
    [scores.length, target.offsets.length - 1].some((n) => n !== end - first)
  ) {
    throw broken("its scores or hypotheses are not one a sentence");
  }
  return { target, scores };
}

function faultOf(
  { length }: Int32Array,
  score: number,
  limit: number,
  { maximumLength = MAXIMUM_LENGTH, minimumScore = -Infinity }:
    TranslationLimits,
): Reason | undefined {
  if (length === 0) return "empty";
  if (length >= limit) return "unfinished";
  if (length > maximumLength) return "tooLong";
  if (score < minimumScore) return "belowScore";
}

function placeholderFault(
  hypothesis: Int32Array,
  source: Int32Array,
  reserved: Reserved,
): Reason | undefined {
  if (reserved.placeholders === 0) return undefined;
  return symbolsOf(hypothesis, reserved) === symbolsOf(source, reserved)
    ? undefined
    : "placeholdersDiffer";
}

/** The masked placeholders of a sentence, each as often as it has it, in any order. */
function symbolsOf(ids: Int32Array, reserved: Reserved): string {
  return Array.from(ids, (id) => symbolOf(id, reserved) ?? -1)
    .filter((symbol) => symbol >= 0).sort((a, b) => a - b).join();
}

function nothingLeft(
  translated: number,
  { empty, unfinished, tooLong, belowScore, placeholdersDiffer }: Record<
    Reason,
    number
  >,
  { maximumLength, minimumScore }: TranslationLimits,
): Error {
  const reasons = [
    { count: empty, why: "are empty" },
    { count: unfinished, why: "have no end" },
    { count: tooLong, why: `have more than ${maximumLength} subwords` },
    { count: belowScore, why: `have a score below ${minimumScore}` },
    {
      count: placeholdersDiffer,
      why: "have other placeholders than their source",
    },
  ].filter(({ count }) => count > 0).map(({ count, why }) => `${count} ${why}`);
  return inputError(
    `Cannot use the teacher's translations: of ${translated} none is left, as ${
      reasons.join(", ")
    }; ${
      belowScore > 0
        ? 'lower "corpus.monolingual.minimumScore"'
        : "train the teacher longer or give other text"
    }.`,
  );
}
