/** SHA-256 of texts, of values by their canonical JSON, of files and of folders. */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import canonicalize from "canonicalize";
import type { Listing } from "../../schemas/manifest.ts";

export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** RFC 8785 JSON; throws on what JSON cannot carry, such as NaN. */
export function canonical(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new Error("This value has no JSON form.");
  return text;
}

const CHUNK_BYTES = 1 << 20;

/**
 * Hashes a file by streaming, a chunk while the next is read; with `sync`, its bytes are on the disk when this returns.
 */
export async function hashFile(
  path: string,
  { sync = false } = {},
): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash("sha256");
  using file = await Deno.open(path);
  const size = Math.min(CHUNK_BYTES, file.statSync().size + 1);
  let [chunk, other] = [new Uint8Array(size), new Uint8Array(size)];
  let bytes = 0;
  let pending = file.read(chunk);
  for (;;) {
    const read = await pending;
    if (read === null) break;
    pending = file.read(other);
    hash.update(chunk.subarray(0, read));
    bytes += read;
    [chunk, other] = [other, chunk];
  }
  if (sync) await file.sync();
  return { sha256: hash.digest("hex"), bytes };
}

/** Copies a file to a new one, and returns the hash of what was written. @throws when `signal` is aborted */
export async function copyAndHash(
  from: string,
  to: string,
  signal?: AbortSignal,
): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash("sha256");
  using source = await Deno.open(from);
  using target = await Deno.open(to, { write: true, createNew: true });
  const chunk = new Uint8Array(CHUNK_BYTES);
  let bytes = 0;
  for (;;) {
    signal?.throwIfAborted();
    const read = await source.read(chunk);
    if (read === null) return { sha256: hash.digest("hex"), bytes };
    const piece = chunk.subarray(0, read);
    hash.update(piece);
    for (let at = 0; at < read;) at += await target.write(piece.subarray(at));
    bytes += read;
  }
}

/** Something in a folder that is neither a file nor a folder, such as a link. */
export class IrregularFile extends Error {}

/**
 * The regular files of a folder, as sorted paths relative to it; anything else in it is refused. `enter` is called with
 * the folder and each folder in it, before it is read.
 */
export function filesOf(
  folder: string,
  enter: (folder: string) => void = () => {},
): string[] {
  const found: string[] = [];
  const walk = (prefix: string) => {
    enter(join(folder, prefix));
    for (const entry of Deno.readDirSync(`${folder}/${prefix}`)) {
      const path = prefix + entry.name;
      if (entry.isDirectory) walk(path + "/");
      else if (entry.isFile) found.push(path);
      else {
        throw new IrregularFile(
          `"${folder}/${path}" is neither a file nor a folder.`,
        );
      }
    }
  };
  walk("");
  return found.sort();
}

/** The hash of a folder is that of its listing's canonical JSON. */
export function hashListing(listing: Listing): string {
  return sha256(canonical(listing));
}
