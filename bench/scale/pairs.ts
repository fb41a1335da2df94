/** Writes a parallel file of any number of pairs: real ones, repeated with some words changed. */
import { join } from "@std/path";
import { statIfThere } from "../../base/stat.ts";
import { writeAll } from "../../base/write_all.ts";
import { inputError } from "../../base/input_error.ts";
import { random } from "../../nmt/random.ts";
import { corpora } from "../corpora.ts";

interface RealPairs {
  readonly source: readonly string[];
  readonly target: readonly string[];
}

/** A file of real pairs of a corpus below the folder CKD_BENCH_CORPUS; an input error says what is missing. */
export function corpusFile(
  name: "debian-messages" | "libreoffice-help",
): string {
  const folder = join(corpora(), name);
  const names = statIfThere(folder)?.isDirectory
    ? [...Deno.readDirSync(folder)].map(({ name }) => name)
    : [];
  const [first] = names.filter((name) => name.endsWith(".tsv.gz")).sort();
  if (first !== undefined) return join(folder, first);
  throw inputError(
    `Cannot measure the pipeline: "${folder}" has no .tsv.gz file, whose last two columns are source and target; ` +
      `name the folder that holds ${name}/ with CKD_BENCH_CORPUS.`,
  );
}

/** The first `count` of the real pairs, over and over; from the second time on a word of each side is another pair's. */
export async function writePairs(
  corpus: string,
  count: number,
  path: string,
): Promise<void> {
  const pairs = await readRealPairs(corpus);
  const next = random("scale", 1);
  using file = await Deno.open(path, {
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

async function readRealPairs(path: string): Promise<RealPairs> {
  const source: string[] = [], target: string[] = [];
  const text = (await Deno.open(path)).readable
    .pipeThrough(new DecompressionStream("gzip"))
    .pipeThrough(new TextDecoderStream());
  let rest = "";
  for await (const chunk of text) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const columns = line.split("\t");
      source.push(columns[columns.length - 2]);
      target.push(columns[columns.length - 1]);
    }
  }
  return { source, target };
}
