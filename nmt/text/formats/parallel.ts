/** Pairs the lines of parallel text: a `.tsv` file, or two plain files of equal length, gzip too. */
import type { ParallelFiles } from "../../../schemas/experiment/data.ts";
import { inputError } from "../../../base/input_error.ts";
import { type Lines, type NamedFile, readLines } from "./lines.ts";

/** One file with TABs, or a file a side. */
export type Located = NamedFile | {
  readonly source: NamedFile;
  readonly target: NamedFile;
};

export interface Line {
  readonly source: string;
  readonly target: string;
  /** Counted from 1. */
  readonly number: number;
}

/** Lines, with the name of the file that they are from. */
export interface NamedLines {
  readonly name: string;
  readonly lines: Lines;
}

/** The paths of some parallel files, in the order source, target. */
export function pathsOf(files: ParallelFiles): string[] {
  return typeof files === "string" ? [files] : [files.source, files.target];
}

/**
 * The pairs of the user's files; everything that is wrong with them is an input error that names file and line.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readParallel } from "./parallel.ts";
 *
 * const path = Deno.makeTempFileSync();
 * Deno.writeTextFileSync(path, "ein Haus\ta house\n");
 * const lines = await Array.fromAsync(readParallel({ path, name: "pairs.tsv" }));
 * assertEquals(lines, [{ source: "ein Haus", target: "a house", number: 1 }]);
 * Deno.removeSync(path);
 * ```
 */
export async function* readParallel(files: Located): AsyncGenerator<Line> {
  if ("source" in files) {
    const { source, target } = files;
    yield* paired(
      { name: source.name, lines: readLines(source) },
      { name: target.name, lines: readLines(target) },
    );
    return;
  }
  for await (
    const { cells: [source, target], number } of readTable(files, [
      "source",
      "target",
    ])
  ) {
    yield { source, target, number };
  }
}

/** The cells of a `.tsv` file without quoting; `columns` says what each line must have, in words for an error. */
export async function* readTable(
  file: NamedFile,
  columns: readonly string[],
): AsyncGenerator<
  { readonly cells: readonly string[]; readonly number: number }
> {
  let number = 0;
  for await (const line of readLines(file)) {
    number++;
    const cells = line.split("\t");
    if (cells.length !== columns.length) {
      const tabs = cells.length - 1;
      const found = tabs === 0
        ? "no TAB"
        : `${tabs} TAB${tabs === 1 ? "" : "s"}`;
      throw inputError(
        `Cannot use "${file.name}": line ${number} has ${found}, expected ${
          columns.join(" TAB ")
        }.`,
      );
    }
    yield { cells, number };
  }
  if (number === 0) throw empty(file.name);
}

/** The lines of two files in pairs; `unit` is what one is called in an error. */
export async function* paired(
  source: NamedLines,
  target: NamedLines,
  unit = "line",
): AsyncGenerator<Line> {
  try {
    for (let number = 1;; number++) {
      const one = await source.lines.next(), other = await target.lines.next();
      if (one.done && other.done) {
        if (number === 1) throw empty(source.name);
        return;
      }
      if (one.done || other.done) {
        const [short, long] = one.done ? [source, target] : [target, source];
        throw inputError(
          `Cannot pair "${source.name}" with "${target.name}": "${short.name}" ends after ${unit} ${
            number - 1
          }, "${long.name}" goes on at ${unit} ${number}; expected as many ${unit}s in both.`,
        );
      }
      yield { source: one.value, target: other.value, number };
    }
  } finally {
    await source.lines.return(undefined);
    await target.lines.return(undefined);
  }
}

/** The input error about a file without a line. */
export function empty(name: string): Error {
  return inputError(
    `Cannot use "${name}": it is empty, expected a sentence a line.`,
  );
}
