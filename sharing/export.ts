/** Writes a bundle: the manifest of an artifact folder and all that it names in one file. */
import { createHash } from "node:crypto";
import { dirname } from "@std/path";
import { reasonOf, removeIfThere } from "../engine/atomic.ts";
import { tellDisk } from "../engine/failure.ts";
import { inputError } from "../schemas/errors.ts";
import type { Ears, Moved } from "./bring.ts";
import { END, headerOf, MANIFEST, paddingOf, SIGNATURES } from "./bundle.ts";
import { chunksOf } from "./chunks.ts";
import type { Contents } from "./contents.ts";
import { damagedHere } from "./refusals.ts";
import { type LocalFile, objectPath } from "./remote.ts";
import { tally } from "./tally.ts";

/** The file is whole or not there; one that was there is replaced. */
export async function exportBundle(
  { text, signatures, listings, files }: Contents,
  path: string,
  { progress }: Pick<Ears, "progress">,
): Promise<Moved> {
  const objects = [...listings, ...files];
  const bytes = objects.reduce((sum, { bytes }) => sum + bytes, 0);
  const told = tally({ objects: objects.length, bytes }, progress);
  const temporary = `${path}.tmp`;
  let isWhole = false;
  try {
    using file = create(temporary);
    const write = (bytes: Uint8Array) => {
      for (let at = 0; at < bytes.length;) {
        at += file.writeSync(bytes.subarray(at));
      }
    };
    writeText(MANIFEST, text, write);
    if (signatures !== undefined) writeText(SIGNATURES, signatures, write);
    for (const object of objects) {
      await writeObject(object, write, told.add);
      told.finish();
    }
    write(END);
    file.syncSync();
    Deno.renameSync(temporary, path);
    isWhole = true;
  } catch (error) {
    throw tellDisk(error, dirname(path));
  } finally {
    if (!isWhole) removeIfThere(temporary);
  }
  return { objects: objects.length, bytes };
}

function create(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { write: true, create: true, truncate: true });
  } catch (error) {
    throw inputError(`Cannot write "${path}": ${reasonOf(error)}.`);
  }
}

type Write = (bytes: Uint8Array) => void;

function writeText(name: string, text: string, write: Write): void {
  const bytes = new TextEncoder().encode(text);
  write(headerOf(name, bytes.length));
  write(bytes);
  write(paddingOf(bytes.length));
}

async function writeObject(
  { path, sha256, bytes }: LocalFile,
  write: Write,
  written: (bytes: number) => void,
): Promise<void> {
  write(headerOf(objectPath(sha256), bytes));
  const hash = createHash("sha256");
  using file = await Deno.open(path);
  for await (const chunk of chunksOf(file, bytes)) {
    hash.update(chunk);
    write(chunk);
    written(chunk.length);
  }
  if (hash.digest("hex") !== sha256) throw damagedHere(sha256);
  write(paddingOf(bytes));
}
