/** The user's own data files of a config: their paths, whether they can be read, and their copies. */
import { join } from "@std/path";
import type {
  Data,
  FetchedLanguages,
  ParallelFiles,
} from "../../../schemas/experiment/data.ts";
import {
  checkDescriptor,
  type Copies,
  descriptorFile,
  descriptorNames,
  selections,
} from "../descriptors/descriptors.ts";
import { checkLicence } from "../descriptors/licences.ts";
import { checkGivenHashes } from "../descriptors/checksums.ts";
import {
  checkReadable,
  decompressedName,
  type NamedFile,
} from "../formats/lines.ts";
import {
  type Line,
  type Located,
  pathsOf,
  readParallel,
} from "../formats/parallel.ts";
import { inputError } from "../../../base/input_error.ts";
import { statIfThere } from "../../../base/stat.ts";

/** What a file of the user's is for. */
export type Part = "train" | "validation" | "test";

const PARTS: readonly Part[] = ["train", "validation", "test"];

/**
 * The files whose content decides what is fetched: the descriptors and the user's own. What is wrong with the names in
 * the config, the licence, or with a file, is an input error, before anything runs.
 */
export function dataFiles(data: Data, languages: FetchedLanguages): string[] {
  const descriptors = descriptorFiles(data);
  if (data.licence !== undefined) checkLicence(data.licence);
  checkGivenHashes(data, selections(data, languages));
  const paths = partsOf(data).flatMap(({ files }) => pathsOf(files));
  checkReadable(paths);
  return [...descriptors, ...paths];
}

/** The files of the descriptors of some data: those of `data/` by their path from the working directory. */
export function descriptorFiles(data: Data): string[] {
  return descriptorNames(data).map((name) => {
    checkDescriptor(name);
    return descriptorFile(name);
  });
}

/**
 * Copies the user's files into a folder, once all of their lines are found to be text and paired; of other formats than
 * lines, a table is written. Returns how many pairs each part has.
 */
export async function copyFiles(
  data: Data,
  { source, target = source }: FetchedLanguages,
  folder: string,
  copies: Copies = {},
): Promise<Record<string, number>> {
  const { isCatalogue, isPlainTable, readPairs } = await import(
    "../formats/pairs/pairs.ts"
  );
  const languages = { source, target };
  const pairs: Record<string, number> = {};
  for (const { part, files } of partsOf(data)) {
    if (typeof files === "string") {
      const file = { path: copies[files] ?? files, name: files };
      if (!await isPlainTable(file, languages)) {
        const table = join(folder, tableName(part));
        pairs[part] = await writeTable(readPairs(file, languages), table);
        continue;
      }
    } else {
      const [one, other] = pathsOf(files).map((path) => ({
        path: copies[path] ?? path,
        name: path,
      }));
      const areCatalogues = await Promise.all([one, other].map(isCatalogue));
      if (areCatalogues.every((is) => is)) {
        const { readJoined } = await import("../formats/pairs/catalogues.ts");
        const joined = readJoined({ source: one, target: other }, languages);
        pairs[part] = await writeTable(joined, join(folder, tableName(part)));
        continue;
      }
      if (areCatalogues.some((is) => is)) {
        throw inputError(
          `Cannot pair "${one.name}" with "${other.name}": one is a gettext catalogue and the other is not; expected two catalogues, or two files of as many lines.`,
        );
      }
    }
    const names = copyNames(part, files);
    for (const [i, path] of pathsOf(files).entries()) {
      const from = copies[path] ?? path;
      checkReadable([from]);
      await Deno.copyFile(from, join(folder, names[i]));
    }
    pairs[part] = 0;
    for await (const _ of readParallel(locate(part, files, folder))) {
      pairs[part]++;
    }
  }
  return pairs;
}

/** The user's files as `copyFiles` left them in a folder; errors name the originals. */
export function locate(
  part: Part,
  files: ParallelFiles,
  folder: string,
): Located {
  const names = pathsOf(files);
  const table = join(folder, tableName(part));
  if (statIfThere(table) !== undefined) {
    return { path: table, name: names.map(decompressedName).join(" and ") };
  }
  const [first, second] = copyNames(part, files).map((copy, i): NamedFile => ({
    path: join(folder, copy),
    name: names[i],
  }));
  return second === undefined ? first : { source: first, target: second };
}

/** Name of the table that is written of a file in another format. */
function tableName(part: Part): string {
  return `${part}.tsv`;
}

/** Writes pairs as a TSV file, line ends in them as spaces; returns how many. */
async function writeTable(
  pairs: AsyncIterable<Line>,
  path: string,
): Promise<number> {
  let count = 0;
  const lines = async function* () {
    for await (const { source, target } of pairs) {
      count++;
      const cells = [source, target].map((side) =>
        side.replace(/\p{Cc}+/gu, " ")
      );
      yield `${cells.join("\t")}\n`;
    }
  };
  await Deno.writeTextFile(path, ReadableStream.from(lines()));
  return count;
}

function copyNames(part: Part, files: ParallelFiles): string[] {
  return typeof files === "string"
    ? [part]
    : [`${part}.source`, `${part}.target`];
}

function partsOf(data: Data): { part: Part; files: ParallelFiles }[] {
  return PARTS.flatMap((part) => {
    const files = data[part];
    return files === undefined ? [] : [{ part, files }];
  });
}
