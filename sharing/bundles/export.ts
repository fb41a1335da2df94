/** Writes a bundle: the manifest of an artifact folder and all that it names in one file. */
import { createHash } from "node:crypto";
import {
  type OutputOptions,
  writeOutput,
} from "../../engine/files/output_file.ts";
import type { Ears, Moved } from "../transfer/download.ts";
import {
  END,
  headerOf,
  isBundle,
  MANIFEST,
  paddingOf,
  SIGNATURES,
} from "./bundle.ts";
import { chunksOf } from "../remotes/chunks.ts";
import type { Contents } from "../transfer/contents.ts";
import { damagedHere } from "../remotes/refusals.ts";
import { type LocalFile, objectPath } from "../remotes/remote.ts";
import { tally } from "../transfer/progress.ts";

export function bundleOutput(force: boolean): OutputOptions {
  return { force, isOwn: isBundle };
}

/** The file is whole or not there; of those that were there, a bundle is replaced, and any other by force only. */
export async function exportBundle(
  { text, signatures, listings, files }: Contents,
  path: string,
  { progress }: Pick<Ears, "progress">,
  output: OutputOptions = bundleOutput(false),
): Promise<Moved> {
  const objects = [...listings, ...files];
  const bytes = objects.reduce((sum, { bytes }) => sum + bytes, 0);
  const told = tally({ objects: objects.length, bytes }, progress);
  await writeOutput(path, output, async (file) => {
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
  });
  return { objects: objects.length, bytes };
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
