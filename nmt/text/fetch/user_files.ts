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
import { checkGivenHashes } from "../descriptors/checksums.ts";
import { checkReadable, type NamedFile } from "../formats/lines.ts";
import { type Located, pathsOf, readParallel } from "../formats/parallel.ts";

/** What a file of the user's is for. */
export type Part = "train" | "validation" | "test";

const PARTS: readonly Part[] = ["train", "validation", "test"];

/**
 * The files whose content decides what is fetched: the descriptors and the user's own. What is wrong with the names in
 * the config, or with a file, is an input error, before anything runs.
 */
export function dataFiles(data: Data, languages: FetchedLanguages): string[] {
  const descriptors = descriptorFiles(data);
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

/** Copies the user's files into a folder, once all of their lines are found to be text and paired. */
export async function copyFiles(
  data: Data,
  folder: string,
  copies: Copies = {},
): Promise<Record<string, number>> {
  const pairs: Record<string, number> = {};
  for (const { part, files } of partsOf(data)) {
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
  const [first, second] = copyNames(part, files).map((copy, i): NamedFile => ({
    path: join(folder, copy),
    name: names[i],
  }));
  return second === undefined ? first : { source: first, target: second };
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
