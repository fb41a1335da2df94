/** The bundle format: a reproducible tar of the manifest, its signatures, the listings of folders, then the files by hash. */
import { Buffer } from "node:buffer";
import { Header } from "tar/header";
import { failure } from "../../engine/files/failure.ts";
import { inputError } from "../../base/input_error.ts";
import { openInput } from "../../base/input_file.ts";
import { chunksOf } from "../remotes/chunks.ts";

/** The first members; signatures, and what is held where that is not all, are optional. */
export const MANIFEST = "manifest.json",
  SIGNATURES = "manifest.sig.json",
  HELD = "held.json";

const BLOCK = 512;

/** The two empty blocks at the end of a tar. */
export const END = new Uint8Array(2 * BLOCK);

/** The header of a member, which depends only on its name and size: no time, owner or mode. */
export function headerOf(path: string, bytes: number): Uint8Array {
  const header = new Header({
    type: "File",
    path,
    size: bytes,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: new Date(0),
  });
  const block = Buffer.alloc(BLOCK);
  header.encode(block);
  return block;
}

/** The zeros that fill the last block of a member. */
export function paddingOf(bytes: number): Uint8Array {
  return new Uint8Array((BLOCK - bytes % BLOCK) % BLOCK);
}

/** Whether a file with this beginning, in Latin-1, is a bundle: its first member is a manifest as `export` writes it. */
export function isBundle(beginning: string): boolean {
  const block = Buffer.from(beginning.slice(0, BLOCK), "latin1");
  const bytes = block.length < BLOCK ? undefined : sizeIn(block);
  return bytes !== undefined && block.equals(headerOf(MANIFEST, bytes));
}

/** A bundle that is read member by member; the caller says which member it expects. */
export interface Bundle {
  /** The text of a member of at most `most` bytes, or undefined if another member follows. */
  text(path: string, most: number): Promise<string | undefined>;
  /** The bytes of a member of that size. */
  file(path: string, bytes: number): AsyncIterable<Uint8Array>;
  /** Checks that the bundle ends here. */
  end(): Promise<void>;
  refusal(reason: string): Error;
  [Symbol.dispose](): void;
}

/** Opens a bundle. Only headers as `export` writes them are read, so that no other tool can read it differently. */
export function openBundle(path: string): Bundle {
  const file = openBundleFile(path);
  const refusal = (reason: string) =>
    failure(`Cannot import "${path}": ${reason}; get it anew.`);
  const { size } = file.statSync();
  const take = async (bytes: number): Promise<Buffer> => {
    const left = size - file.seekSync(0, Deno.SeekMode.Current);
    // Checked before memory is allocated.
    if (bytes > left) throw refusal("it ends early");
    const taken = Buffer.alloc(bytes);
    for (let at = 0; at < bytes;) {
      const read = await file.read(taken.subarray(at));
      if (read === null) throw refusal("it ends early");
      at += read;
    }
    return taken;
  };
  let ahead: Buffer | undefined;
  const header = async (): Promise<Buffer> => {
    const block = ahead ?? await take(BLOCK);
    ahead = undefined;
    return block;
  };
  const skipPadding = async (bytes: number) => {
    const padding = paddingOf(bytes);
    if (!(await take(padding.length)).equals(padding)) {
      throw refusal("there is something between its files");
    }
  };
  return {
    refusal,
    text: async (path, most) => {
      const block = await header();
      const bytes = sizeIn(block);
      if (bytes === undefined || !block.equals(headerOf(path, bytes))) {
        ahead = block;
        return undefined;
      }
      if (bytes > most) {
        throw refusal(`its "${path}" has ${bytes} bytes, more than ${most}`);
      }
      const content = await take(bytes);
      await skipPadding(bytes);
      try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
          .decode(content);
      } catch {
        throw refusal(`its "${path}" is no text in UTF-8`);
      }
    },
    file: async function* (path, bytes) {
      if (!(await header()).equals(headerOf(path, bytes))) {
        throw refusal(
          `expected "${path}" of ${bytes} bytes, found another file`,
        );
      }
      let left = bytes;
      for await (const chunk of chunksOf(file, bytes)) {
        left -= chunk.length;
        yield chunk;
      }
      if (left > 0) throw refusal("it ends early");
      await skipPadding(bytes);
    },
    end: async () => {
      const last = Buffer.concat([await header(), await take(BLOCK)]);
      const beyond = file.readSync(new Uint8Array(1));
      if (!last.equals(END) || beyond !== null) {
        throw refusal("it holds more than its manifest names");
      }
    },
    [Symbol.dispose]: () => file.close(),
  };
}

/** Opens the file of a bundle. */
export function openBundleFile(path: string): Deno.FsFile {
  return openInput(
    path,
    (reason) => inputError(`Cannot import "${path}": ${reason}.`),
  );
}

/** The size in a header, or undefined if it is invalid. */
function sizeIn(block: Buffer): number | undefined {
  try {
    const { size } = new Header(block);
    return Number.isSafeInteger(size) ? size : undefined;
  } catch {
    return undefined;
  }
}
