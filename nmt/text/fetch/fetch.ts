/** Fetches the files of descriptors from mirrors, by recipe or by download, each verified by its SHA-256. */
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { format } from "@std/fmt/bytes";
import { join } from "@std/path";
import { withoutPassword } from "../../../base/addresses.ts";
import { inputError } from "../../../base/input_error.ts";
import { isFile } from "../../../base/stat.ts";
import { download } from "./download.ts";
import {
  candidates,
  fileHash,
  type Mirrored,
  mirrored,
  VARIABLE,
} from "./mirrors.ts";
import { type ChecksummedFile, whereToGet } from "../descriptors/checksums.ts";
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
  readonly retryDelay?: number;
}

/** What was fetched; equal for equal descriptors, whatever the origin. */
export type FetchedFiles = {
  readonly files: number;
  readonly fileBytes: number;
  readonly fileLicences: string;
};

/**
 * Fetches files into a folder, which holds verified files only.
 *
 * @throws An input error where a file cannot be found, downloaded or verified.
 */
export async function fetchFiles(
  files: readonly ChecksummedFile[],
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
  // Outputs are emptied when a run starts again, so files stay in the node's work folder until all are there.
  for (const file of files) {
    Deno.mkdirSync(join(work, file.set), { recursive: true });
    await obtain(file, {
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

interface FetchContext {
  readonly work: string;
  readonly inMirrors: readonly Mirrored[];
  log(line: string): void;
  progress(bytes: number, note: string): void;
  readonly retryDelay?: number;
}

/** Puts a file into the folder of its descriptor in `work`; returns its path. */
async function obtain(
  file: ChecksummedFile,
  context: FetchContext,
): Promise<string> {
  const { set, name, sha256 } = file;
  const path = join(context.work, set, name);
  context.progress(0, name);
  if (isFile(path) && await fileHash(path) === sha256) return path;
  const from = await fromMirror(file, path, context) ??
    await made(file, path, context) ??
    await downloaded(file, path, context);
  context.log(`  ${set}/${name}  ${format(sizeOf(file))}  ${from}`);
  return path;
}

/** Copies a file from a mirror; returns its path there, or undefined where no mirror has these bytes. */
async function fromMirror(
  file: ChecksummedFile,
  to: string,
  { inMirrors, log }: FetchContext,
): Promise<string | undefined> {
  const { name, sha256, gzip } = file;
  const copy = async (wanted: typeof file | undefined, unpacks: boolean) => {
    if (wanted === undefined) return undefined;
    for (const { path, name } of candidates(inMirrors, wanted)) {
      const partial = `${to}.copy`;
      await Deno.copyFile(path, partial);
      // The copy is hashed, as the mirror may change.
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

/** Makes a file by its recipe; returns what it is made of, or undefined where it has none. */
async function made(
  file: ChecksummedFile,
  to: string,
  context: FetchContext,
): Promise<string | undefined> {
  if (file.made === undefined) return undefined;
  const { by, of } = file.made;
  const paths: Record<string, string> = {};
  for (const [language, ingredient] of Object.entries(of)) {
    paths[language] = await obtain(ingredient, {
      ...context,
      // The bar is of the file that these are for.
      progress: (_, note) => context.progress(0, note),
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

/** Downloads a file from the first URL that has its bytes; returns the URL. */
async function downloaded(
  file: ChecksummedFile,
  path: string,
  { log, retryDelay, progress }: FetchContext,
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
    // A partial file of a killed run may be of other content, which only the hash of the complete file shows.
    for (const isFirst of isFile(partial) ? [true, false] : [false]) {
      const failure = await download(url, partial, {
        limit: sizeOf(file),
        progress: (bytes) => progress(bytes, name),
        log,
        retryDelay,
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

/** Its size, or the limit of it. */
function sizeOf({ bytes, maximumBytes = 0 }: ChecksummedFile): number {
  return bytes ?? maximumBytes;
}
