/** Writes a parallel file of any number of pairs: different real ones as far as there are, then edited ones. */
import { join } from "@std/path";
import { statIfThere } from "../../base/stat.ts";
import { writeAll } from "../../base/write_all.ts";
import { inputError } from "../../base/input_error.ts";
import { random, shuffle } from "../../nmt/random.ts";
import { corpora } from "../text/corpora.ts";

/** Corpora below the folder CKD_BENCH_CORPUS whose `.tsv.gz` files end their lines with source and target. */
const CORPORA = [
  "debian-messages",
  "libreoffice-help",
  "npm-messages",
  "tatoeba",
];

export interface RealPairs {
  readonly source: readonly string[];
  readonly target: readonly string[];
}

/** Pairs that were written, and how many of them are real ones that differ from each other. */
export interface Written {
  readonly pairs: number;
  readonly different: number;
}

/** The files of real pairs below the folder CKD_BENCH_CORPUS, of one corpus or of all. */
export function corpusFiles(names: readonly string[] = CORPORA): string[] {
  return names.flatMap((name) => {
    const folder = join(corpora(), name);
    if (!statIfThere(folder)?.isDirectory) return [];
    return [...Deno.readDirSync(folder)].map(({ name }) => name)
      .filter((name) => name.endsWith(".tsv.gz")).sort()
      .map((name) => join(folder, name));
  });
}

/** The first file of real pairs of a corpus; an input error says what is missing. */
export function corpusFile(name: string): string {
  const [first] = corpusFiles([name]);
  if (first !== undefined) return first;
  throw inputError(
    `Cannot measure the pipeline: "${
      join(corpora(), name)
    }" has no .tsv.gz file, whose last two columns are source and target; ` +
      `name the folder that holds ${name}/ with CKD_BENCH_CORPUS.`,
  );
}

/**
 * Real pairs of some files, each once, in an order of the seed: those as they are there, of several languages, then the same
 * the other way round, which differ from them too.
 *
 * @throws An input error where the files have no pair.
 */
export async function readRealPairs(
  paths: readonly string[],
): Promise<RealPairs> {
  const seen = new Set<string>();
  const pairs: (readonly [string, string])[] = [];
  for (const path of paths) {
    for await (const [source, target] of pairsOf(path)) {
      const line = `${source}\t${target}`;
      if (source === "" || target === "" || seen.has(line)) continue;
      seen.add(line);
      pairs.push([source, target]);
    }
  }
  if (pairs.length === 0) {
    throw inputError(
      `Cannot read pairs from ${
        paths.map((path) => `"${path}"`).join(", ")
      }: found none, expected lines whose last two columns are source and ` +
        "target, separated by tabs; put such a file in its place.",
    );
  }
  const order = shuffle(pairs, random("scale pairs", 1));
  const turned = order.filter(([source, target]) =>
    !seen.has(`${target}\t${source}`)
  );
  return {
    source: [...order.map(([source]) => source), ...turned.map((p) => p[1])],
    target: [...order.map(([, target]) => target), ...turned.map((p) => p[0])],
  };
}

/** The first `count` of the real pairs, over and over; from the second time on a word of each side is another pair's. */
export function writePairs(
  pairs: RealPairs,
  count: number,
  path: string,
): Written {
  const next = random("scale", 1);
  using file = Deno.openSync(path, {
    write: true,
    create: true,
    truncate: true,
  });
  let lines: string[] = [];
  for (let i = 0; i < count; i++) {
    const real = i % pairs.source.length;
    const side = (texts: readonly string[]) =>
      i === real ? texts[real] : edited(texts, real, next);
    lines.push(`${side(pairs.source)}\t${side(pairs.target)}\n`);
    if (lines.length === 4096 || i === count - 1) {
      writeAll(file, lines.join(""));
      lines = [];
    }
  }
  return { pairs: count, different: Math.min(count, pairs.source.length) };
}

/** A text with one word in place of which stands a word of another text. */
function edited(
  texts: readonly string[],
  index: number,
  next: () => number,
): string {
  const pick = (items: readonly string[]) => Math.floor(next() * items.length);
  const words = texts[index].split(" ");
  const others = texts[pick(texts)].split(" ");
  words[pick(words)] = others[pick(others)];
  return words.join(" ");
}

/** The last two columns of a table, which may be compressed. */
async function* pairsOf(path: string): AsyncGenerator<[string, string]> {
  const { readable } = await Deno.open(path);
  const bytes = path.endsWith(".gz")
    ? readable.pipeThrough(new DecompressionStream("gzip"))
    : readable;
  let rest = "";
  for await (const chunk of bytes.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    yield* lines.map(pairOf);
  }
  if (rest !== "") yield pairOf(rest);
}

function pairOf(line: string): [string, string] {
  const [source = "", target = ""] = line.split("\t").slice(-2);
  return [source, target];
}
