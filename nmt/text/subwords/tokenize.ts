/** Tokenizes the pairs of a corpus, or sentences without translations, but for those that have too many subwords. */
import { inputError } from "../../../base/input_error.ts";
import type { Pair } from "../corpus/cleaning.ts";
import type { Subwords } from "./subwords.ts";
import { cased } from "./casing.ts";
import { unmarked } from "./language_tokens.ts";
import {
  betweenSymbols,
  lacking,
  mask,
  maskedPlaceholders,
} from "./placeholders.ts";
import { NOTHING, type Reserved } from "./reserved.ts";
import { sentenceId } from "./sentence_ids.ts";
import { type Packer, packer, packSide, type Tokens } from "./tokens.ts";

/** Lines whose text is held at once. */
const CHUNK = 1000;

/**
 * The sides of the pairs of a TSV file that the corpus stage wrote: source, target, source of the next; without what has
 * reserved subwords: the tokens of languages, placeholders and marks of casing, between which the parts of a side come one
 * by one.
 */
export async function* sidesOf(
  path: string,
  reserved: Partial<Reserved> = {},
): AsyncGenerator<string> {
  const { languages, placeholders, casing } = { ...NOTHING, ...reserved };
  for await (const pairs of chunksOf(path)) {
    for (const { source, target } of pairs) {
      const text = languages.length > 0 ? unmarked(source) : source;
      const values = maskedPlaceholders(text, placeholders);
      for (const side of [text, target]) {
        const masked = placeholders > 0 ? mask(side, values) : side;
        const marked = casing ? cased(masked) : masked;
        if (placeholders > 0 || casing) yield* betweenSymbols(marked);
        else yield marked;
      }
    }
  }
}

/** All of the pairs of a TSV file that the corpus stage wrote. */
export async function readPairs(path: string): Promise<Pair[]> {
  const all: Pair[] = [];
  for await (const pairs of chunksOf(path)) all.push(...pairs);
  return all;
}

/**
 * The tokens of the pairs of a TSV file, in order, without those of which a side has more than `maximumLength` subwords.
 * Where placeholders are masked, pairs whose sides have not the same ones are left out too: a model would learn to lose
 * them. `what` is how the user knows the pairs. The text is held a part at a time.
 */
export async function tokenize(
  path: string,
  subwords: Subwords,
  maximumLength: number,
  what: string,
  report: (pairs: number) => void = () => {},
): Promise<
  {
    readonly tokens: Tokens;
    /** Pairs with a side that is too long. */
    readonly dropped: number;
    /** Pairs whose placeholders differ. */
    readonly differing: number;
  }
> {
  const sides: Record<"source" | "target", Packer> = {
    source: packer(),
    target: packer(),
  };
  const { unknown, placeholders } = subwords;
  let read = 0, kept = 0, differing = 0;
  for await (
    const { pairs, source, target } of ahead(encodedChunks(path, subwords))
  ) {
    pairs.forEach((pair, i) => {
      if (
        source[i].length > maximumLength || target[i].length > maximumLength
      ) return;
      if (unknown !== undefined && target[i].includes(unknown)) return;
      if (placeholders !== undefined && differ(pair)) {
        differing++;
        return;
      }
      sides.source.add(source[i], sentenceId(pair.source));
      sides.target.add(target[i], sentenceId(pair.target));
      kept++;
    });
    report(read += pairs.length);
  }
  if (kept === 0 && differing > 0) {
    throw inputError(
      `Cannot use the ${what} pairs: of the ${read}, ${differing} have other placeholders in the target than in the source` +
        `${
          differing === read
            ? ""
            : ` and ${
              read - differing
            } a side of more than ${maximumLength} subwords`
        }; give pairs whose placeholders agree, or leave out "vocabulary.placeholders".`,
    );
  }
  if (kept === 0) {
    throw inputError(
      `Cannot use the ${what} pairs: each of the ${read} has a side of more than ${maximumLength} subwords` +
        `${
          unknown === undefined ? "" : " or a target with unknown ones"
        }; raise "vocabulary.maximumLength".`,
    );
  }
  const tokens = {
    source: sides.source.side(),
    target: sides.target.side(),
    pairs: kept,
  };
  return { tokens, dropped: read - kept - differing, differing };
}

/** Whether a side has a placeholder that the other lacks. */
function differ({ source, target }: Pair): boolean {
  return lacking(source, target).length > 0 ||
    lacking(target, source).length > 0;
}

/** Sentences of the source side without translations, and how many were left out for what. */
export interface TokenizedSentences {
  /** Each target is empty. */
  readonly tokens: Tokens;
  readonly tooLong: number;
  readonly unknown: number;
}

/**
 * The tokens of a file of source sentences, one a line, in order, without those of more than `maximumLength` subwords
 * and those with unknown ones, which a teacher translates badly.
 *
 * @throws An input error where none is left.
 */
export async function tokenizeSentences(
  path: string,
  subwords: Subwords,
  maximumLength: number,
  report: (sentences: number) => void = () => {},
): Promise<TokenizedSentences> {
  const { add, side } = packer();
  const { unknown } = subwords;
  const dropped = { tooLong: 0, unknown: 0 };
  let read = 0, kept = 0;
  for await (const { lines, ids } of ahead(encodedLines(path, subwords))) {
    lines.forEach((line, i) => {
      if (ids[i].length > maximumLength) return dropped.tooLong++;
      if (unknown !== undefined && ids[i].includes(unknown)) {
        return dropped.unknown++;
      }
      add(ids[i], sentenceId(line));
      kept++;
    });
    report(read += lines.length);
  }
  if (kept === 0) {
    throw inputError(
      `Cannot use the text without translations: of its ${read} sentences, ${dropped.tooLong} have more than ${maximumLength} subwords and ${dropped.unknown} unknown ones; ` +
        `raise "vocabulary.maximumLength" or give more text.`,
    );
  }
  const nothing = packSide(Array.from({ length: kept }, () => NO_IDS));
  return {
    tokens: { source: side(), target: nothing, pairs: kept },
    ...dropped,
  };
}

const NO_IDS = new Int32Array(0);

/** Some lines and their ids, a part at a time, each still to come. */
async function* encodedLines(path: string, { encode }: Subwords) {
  for await (const lines of lineChunks(path)) {
    yield { value: encode(lines).then((ids) => ({ lines, ids })) };
  }
}

/** Some pairs and the ids of their sides, a part at a time, each still to come. */
async function* encodedChunks(path: string, { encode }: Subwords) {
  for await (const pairs of chunksOf(path)) {
    const sources = pairs.map(({ source }) => source);
    const side = (of: keyof Pair) =>
      encode(pairs.map((pair) => pair[of]), of, sources);
    const both = Promise.all([side("source"), side("target")]);
    yield {
      value: both.then(([source, target]) => ({ pairs, source, target })),
    };
  }
}

/** Waits for each value once the next two are under way, so that the library's threads have work while ours unpacks. */
async function* ahead<T>(
  values: AsyncIterable<{ readonly value: Promise<T> }>,
): AsyncGenerator<T> {
  const waiting: Promise<T>[] = [];
  for await (const { value } of values) {
    waiting.push(value);
    if (waiting.length > 2) yield await waiting.splice(0, 1)[0];
  }
  for (const value of waiting) yield await value;
}

/** The pairs of a TSV file that a stage wrote, some at a time. */
export async function* chunksOf(path: string): AsyncGenerator<Pair[]> {
  for await (const lines of lineChunks(path)) {
    yield lines.map((line) => {
      const [source, target] = line.split("\t");
      return { source, target };
    });
  }
}

/** The lines of a file that a stage wrote, some at a time. */
async function* lineChunks(path: string): AsyncGenerator<string[]> {
  const file = await Deno.open(path);
  let rest = "", lines: string[] = [];
  for await (
    const text of file.readable.pipeThrough(new TextDecoderStream())
  ) {
    const read = (rest + text).split("\n");
    rest = read.pop() ?? "";
    lines.push(...read);
    if (lines.length >= CHUNK) {
      yield lines;
      lines = [];
    }
  }
  if (rest !== "") lines.push(rest);
  if (lines.length > 0) yield lines;
}
