/** Brings the files of descriptors, each verified by its SHA-256: from the user's mirrors, else made or downloaded. */
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { format } from "@std/fmt/bytes";
import { join } from "@std/path";
import { withoutPassword } from "../../../base/addresses.ts";
import { inputError } from "../../../base/input_error.ts";
import { download } from "./download.ts";
import {
  candidates,
  fileHash,
  type Mirrored,
  mirrored,
  VARIABLE,
} from "./mirrors.ts";
import { type PinnedFile, whereToGet } from "../descriptors/checksums.ts";
import { RECIPES } from "../formats/recipes.ts";

export interface FetchFilesOptions {
  /** Where the files are left, in a folder for each descriptor. */
  readonly folder: string;
  /** Keeps what was downloaded before an interruption. */
  readonly work: string;
  /** The user's mirrors. */
  readonly mirrors: readonly string[];
  log(line: string): void;
  progress(
    progress: { done: number; total: number; unit: string; note?: string },
  ): void;
  /** As for `download`. */
  readonly patience?: number;
}

/** What was fetched: the same for equal descriptors, wherever it came from. */
export type FetchedFiles = {
  readonly files: number;
  readonly fileBytes: number;
  readonly fileLicences: string;
};

/** Leaves files in a folder, where nothing is left that is not verified. */
export async function fetchFiles(
  files: readonly PinnedFile[],
  options: FetchFilesOptions,
): Promise<FetchedFiles> {
  const { folder, work, log, progress } = options;
  const licences = [...new Set(files.map(({ licence }) => licence))].sort();
  const total = files.reduce((sum, file) => sum + sizeOf(file), 0);
  log(
    `${files.length} file${files.length === 1 ? "" : "s"}, ${
      format(total)
    }, under ${licences.join(", ")}, from mirrors or by download:`,
  );
  const inMirrors = mirrored(options.mirrors);
  let done = 0;
  // Outputs are emptied where a run starts again: what was brought stays in the node's own folder until all is there.
  for (const file of files) {
    Deno.mkdirSync(join(work, file.set), { recursive: true });
    await bring(file, {
      ...options,
      inMirrors,
      progress: (bytes, note) =>
        progress({ done: done + bytes, total, unit: "bytes", note }),
    });
    done += sizeOf(file);
  }
  let fileBytes = 0;
  for (const { set, name } of files) {
    Deno.mkdirSync(join(folder, set), { recursive: true });
    Deno.renameSync(join(work, set, name), join(folder, set, name));
    fileBytes += Deno.statSync(join(folder, set, name)).size;
  }
  progress({ done: total, total, unit: "bytes" });
  return { files: files.length, fileBytes, fileLicences: licences.join(", ") };
}

interface Means {
  readonly work: string;
  readonly inMirrors: readonly Mirrored[];
  log(line: string): void;
  progress(bytes: number, note: string): void;
  readonly patience?: number;
}

/** Leaves a file in the folder of its descriptor in `work`; gives its path. */
async function bring(file: PinnedFile, means: Means): Promise<string> {
  const { set, name, sha256 } = file;
  const path = join(means.work, set, name);
  means.progress(0, name);
  if (isFile(path) && await fileHash(path) === sha256) return path;
  const from = await fromMirror(file, path, means) ??
    await made(file, path, means) ??
    await downloaded(file, path, means);
  means.log(`  ${set}/${name}  ${format(sizeOf(file))}  ${from}`);
  return path;
}

/** Copies a file out of a mirror; the path there, or undefined where no mirror has these bytes. */
async function fromMirror(
  file: PinnedFile,
  to: string,
  { inMirrors, log }: Means,
): Promise<string | undefined> {
  const { name, sha256, gzip } = file;
  const copy = async (wanted: typeof file | undefined, unpacks: boolean) => {
    if (wanted === undefined) return undefined;
    for (const { path, name } of candidates(inMirrors, wanted)) {
      const partial = `${to}.copy`;
      await Deno.copyFile(path, partial);
      // The copy is hashed, which nobody changes under our hands.
      const found = await fileHash(partial);
      if (found === wanted.sha256) {
        if (unpacks) await unpackGzip(partial, to);
        else Deno.renameSync(partial, to);
        if (!unpacks || await fileHash(to) === sha256) return path;
      } else if (name === wanted.name) {
        log(
          `  ${path} is another file: SHA-256 ${found}, not ${wanted.sha256}`,
        );
      }
      Deno.removeSync(partial);
    }
  };
  return await copy(file, false) ??
    await copy(gzip && { ...file, ...gzip, name: `${name}.gz` }, true);
}

async function unpackGzip(from: string, to: string): Promise<void> {
  await pipeline(createReadStream(from), createGunzip(), createWriteStream(to));
  Deno.removeSync(from);
}

/** Makes a file of others; what it is made of, or undefined where it is not made. */
async function made(
  file: PinnedFile,
  to: string,
  means: Means,
): Promise<string | undefined> {
  if (file.made === undefined) return undefined;
  const { by, of } = file.made;
  const paths: Record<string, string> = {};
  for (const [language, ingredient] of Object.entries(of)) {
    paths[language] = await bring(ingredient, {
      ...means,
      // The bar is of the file that these are for.
      progress: (_, note) => means.progress(0, note),
    });
  }
  await RECIPES[by](paths, to);
  const found = await fileHash(to);
  if (found !== file.sha256) {
    Deno.removeSync(to);
    throw new Error(
      `Cannot make "${file.name}" of ${
        Object.keys(paths).length
      } files: expected SHA-256 ${file.sha256}, found ${found}; ` +
        "the descriptor and the program do not fit each other.",
    );
  }
  return `made of ${Object.values(of).map(({ name }) => name).join(", ")}`;
}

/** Downloads a file to a path from the first URL that gives its bytes; gives the URL. */
async function downloaded(
  file: PinnedFile,
  path: string,
  { log, patience, progress }: Means,
): Promise<string> {
  const { name, sha256, urls, licence } = file;
  const what = `"${name}" (${format(sizeOf(file))}, ${licence})`;
  const byHand = `get it from ${
    whereToGet(file)
  }, and put it into a folder that the environment variable ${VARIABLE} names`;
  if (urls.length === 0) {
    throw inputError(
      `Cannot find ${what}: no mirror has a file of SHA-256 ${sha256}, and it cannot be downloaded; ${byHand}.`,
    );
  }
  const partial = `${path}.part`;
  const reasons: string[] = [];
  for (const url of urls) {
    // What a killed run left may be the beginning of another file, which only the hash of the whole tells.
    for (const isFirst of isFile(partial) ? [true, false] : [false]) {
      const failure = await download(url, partial, {
        limit: sizeOf(file),
        progress: (bytes) => progress(bytes, name),
        log,
        patience,
      });
      if (failure !== undefined) {
        reasons.push(`${new URL(url).host}: ${failure.reason}`);
        break;
      }
      const found = await fileHash(partial);
      if (found === sha256) {
        Deno.renameSync(partial, path);
        return withoutPassword(url);
      }
      const bytes = Deno.statSync(partial).size;
      Deno.removeSync(partial);
      if (isFirst) {
        log(`  what was here of ${name} is of another file; from the start`);
      } else {
        reasons.push(
          `${
            new URL(url).host
          }: it sends ${bytes} bytes of SHA-256 ${found}, expected ${
            file.bytes === undefined ? "those" : file.bytes
          } of ${sha256}`,
        );
      }
    }
  }
  throw inputError(
    `Cannot download ${what}: ${reasons.join(", and ")}; ${byHand}.`,
  );
}

/** Its size, or the bound of it. */
function sizeOf({ bytes, maximumBytes = 0 }: PinnedFile): number {
  return bytes ?? maximumBytes;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
