/** Tokenizes the pairs of a corpus, without those that have too many subwords. */
import { inputError } from "../../../base/input_error.ts";
import type { Pair } from "../corpus/cleaning.ts";
import type { Subwords } from "./subwords.ts";
import { type Packer, packer, type Tokens } from "./tokens.ts";

/** Pairs whose text is held at once. */
const PAIRS = 1000;

/** The sides of the pairs of a TSV file that the corpus stage wrote: source, target, source of the next. */
export async function* sidesOf(path: string): AsyncGenerator<string> {
  for await (const pairs of chunksOf(path)) {
    for (const { source, target } of pairs) {
      yield source;
      yield target;
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
 * `what` is how the user knows the pairs. The text is held a part at a time.
 */
export async function tokenize(
  path: string,
  subwords: Subwords,
  maximumLength: number,
  what: string,
  report: (pairs: number) => void = () => {},
): Promise<{ readonly tokens: Tokens; readonly dropped: number }> {
  const sides: Record<"source" | "target", Packer> = {
    source: packer(),
    target: packer(),
  };
  const { unknown } = subwords;
  let read = 0, kept = 0;
  for await (const { source, target } of ahead(encodedChunks(path, subwords))) {
    source.forEach((_, i) => {
      if (
        source[i].length > maximumLength || target[i].length > maximumLength
      ) return;
      if (unknown !== undefined && target[i].includes(unknown)) return;
      sides.source.add(source[i]);
      sides.target.add(target[i]);
      kept++;
    });
    report(read += source.length);
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
  return { tokens, dropped: read - kept };
}

/** The ids of the pairs, a part at a time, each still to come. */
async function* encodedChunks(
  path: string,
  { encode }: Subwords,
): AsyncGenerator<{ value: Promise<Record<"source" | "target", Ids[]>> }> {
  for await (const pairs of chunksOf(path)) {
    const side = (of: keyof Pair) => encode(pairs.map((pair) => pair[of]), of);
    const both = Promise.all([side("source"), side("target")]);
    yield { value: both.then(([source, target]) => ({ source, target })) };
  }
}

type Ids = Int32Array<ArrayBuffer>;

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

async function* chunksOf(path: string): AsyncGenerator<Pair[]> {
  const file = await Deno.open(path);
  let rest = "", pairs: Pair[] = [];
  const add = (line: string) => {
    const [source, target] = line.split("\t");
    pairs.push({ source, target });
  };
  for await (
    const text of file.readable.pipeThrough(new TextDecoderStream())
  ) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(add);
    if (pairs.length >= PAIRS) {
      yield pairs;
      pairs = [];
    }
  }
  if (rest !== "") add(rest);
  if (pairs.length > 0) yield pairs;
}
