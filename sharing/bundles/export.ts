/** Exports a bundle: one file with the manifest of an artifact folder and its objects, or some of them. */
import { createHash } from "node:crypto";
import { writeAll } from "../../base/write_all.ts";
import {
  type OutputOptions,
  writeOutput,
} from "../../engine/files/output_file.ts";
import type { Listener, Transferred } from "../transfer/download.ts";
import {
  END,
  headerOf,
  HELD,
  isBundle,
  MANIFEST,
  paddingOf,
  SIGNATURES,
} from "./bundle.ts";
import { chunksOf } from "../remotes/chunks.ts";
import { heldText } from "../../engine/store/not_held.ts";
import type { Contents } from "../transfer/contents.ts";
import { localDamage } from "../remotes/upload_errors.ts";
import { type LocalFile, objectPath } from "../remotes/remote.ts";
import { transferProgress } from "../transfer/progress.ts";

export function bundleOutput(force: boolean): OutputOptions {
  return { force, isOwn: isBundle };
}

/** Writes the file atomically; an existing bundle is replaced, any other file only by force. */
export async function exportBundle(
  { text, signatures, held, listings, files }: Contents,
  path: string,
  { progress }: Pick<Listener, "progress">,
  output: OutputOptions = bundleOutput(false),
): Promise<Transferred> {
  const objects = [...listings, ...files];
  const bytes = objects.reduce((sum, { bytes }) => sum + bytes, 0);
  const transfer = transferProgress(
    { objects: objects.length, bytes },
    progress,
  );
  await writeOutput(path, output, async (file) => {
    const write = (bytes: Uint8Array) => writeAll(file, bytes);
    writeText(MANIFEST, text, write);
    if (signatures !== undefined) writeText(SIGNATURES, signatures, write);
    if (held !== undefined) writeText(HELD, heldText(held), write);
    for (const object of objects) {
      await writeObject(object, write, transfer.add);
      transfer.finish();
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
  if (hash.digest("hex") !== sha256) throw localDamage(sha256);
  write(paddingOf(bytes));
}
