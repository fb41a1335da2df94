/** Multi30k's captions for tests: whether they are here, their lines, and the first of them as an experiment's data. */
import { join } from "@std/path";
import { CORPORA, corporaMissing } from "../fixtures/corpora.ts";

const TEXT = join(CORPORA, "multi30k");

/** Lines by the name of a file. */
export type Counts = Readonly<
  Record<"train" | "val" | "test_2016_flickr", number>
>;

/** What is missing, for the title of a test that is ignored; empty where nothing is. */
export const captionsMissing = ["train", "val", "test_2016_flickr"]
  .flatMap((name) => ["en", "de"].map((side) => `${name}.${side}.gz`))
  .map((name) => corporaMissing(`multi30k/${name}`))
  .find((missing) => missing !== "") ?? "";

/** Of a file such as `train.en.gz`. */
export async function captions(name: string): Promise<string[]> {
  using file = await Deno.open(join(TEXT, name));
  const text = await new Response(
    file.readable.pipeThrough(new DecompressionStream("gzip")),
  ).text();
  return text.trimEnd().split("\n");
}

/** Writes the first lines of each file to a folder, as `train.en` and so on; an experiment's `data`, English to German. */
export async function writeCaptions(folder: string, counts: Counts) {
  for (const [name, count] of Object.entries(counts)) {
    for (const side of ["en", "de"]) {
      const lines = await captions(`${name}.${side}.gz`);
      writeLines(join(folder, `${name}.${side}`), lines.slice(0, count));
    }
  }
  const files = (name: string) => ({
    source: join(folder, `${name}.en`),
    target: join(folder, `${name}.de`),
  });
  return {
    train: files("train"),
    validation: files("val"),
    test: files("test_2016_flickr"),
  };
}

export function writeLines(path: string, lines: readonly string[]): void {
  Deno.writeTextFileSync(path, lines.map((line) => `${line}\n`).join(""));
}
