/** Reads files out of a Debian package: an `ar` archive whose member `data.tar.xz` holds them. */
import { Buffer } from "node:buffer";
import { basename } from "@std/path";
import { list } from "tar/list";
import * as xz from "xz-decompress";
import { type ArchivedFile, textOf } from "./archive.ts";
import { EXPANSION, reasonOf, TOO_LARGE, unusable } from "./untrusted.ts";

/** This package is CommonJS, whose names Deno does not see. */
const { XzReadableStream } =
  (xz as unknown as { readonly default: typeof xz }).default;

const MAGIC = "!<arch>\n", HEADER_BYTES = 60, DATA = "data.tar.xz";

/** The files of a package whose path `wanted` accepts, in the order of the archive. */
export async function readDeb(
  path: string,
  wanted: (path: string) => boolean,
): Promise<ArchivedFile[]> {
  const name = basename(path);
  const archive = await Deno.readFile(path);
  const data = memberOf(archive, DATA);
  if (data === undefined) {
    throw unusable(name, `it is no Debian package of a ${DATA}`);
  }
  const limit = EXPANSION * archive.length;
  const files: ArchivedFile[] = [];
  const ended = Promise.withResolvers<void>();
  const parser = list({
    strict: true,
    filter: wanted,
    onReadEntry: (entry) => {
      const chunks: Uint8Array[] = [];
      entry.on("data", (chunk) => chunks.push(chunk));
      entry.on(
        "end",
        () => files.push({ path: entry.path, text: textOf(chunks) }),
      );
    },
  });
  parser.on("error", ended.reject);
  parser.on("end", ended.resolve);
  // Where the decompressor gives up first, nobody waits for it.
  ended.promise.catch(() => {});
  let bytes = 0;
  try {
    for await (const chunk of new XzReadableStream(new Blob([data]).stream())) {
      bytes += chunk.length;
      if (bytes > limit) break;
      // The parser reads text out of Node's buffers only; and this is a copy, as the decompressor uses its memory again.
      parser.write(Buffer.from(chunk));
    }
    if (bytes <= limit) {
      parser.end();
      await ended.promise;
    }
  } catch (error) {
    throw unusable(name, `it is broken (${reasonOf(error)})`);
  }
  if (bytes > limit) throw unusable(name, TOO_LARGE);
  return files;
}

/** A member of an `ar` archive: headers of text, contents at even places. */
function memberOf(
  archive: Uint8Array<ArrayBuffer>,
  wanted: string,
): Uint8Array<ArrayBuffer> | undefined {
  const text = (from: number, to: number) =>
    new TextDecoder("latin1").decode(archive.subarray(from, to)).trimEnd();
  if (text(0, MAGIC.length) !== MAGIC.trimEnd()) return undefined;
  for (let at = MAGIC.length; at + HEADER_BYTES <= archive.length;) {
    const name = text(at, at + 16).replace(/\/$/, "");
    const size = text(at + 48, at + 58);
    // One below nothing would lead back to where it stands.
    if (!/^\d+$/.test(size)) return undefined;
    const start = at + HEADER_BYTES, bytes = Number(size);
    if (name === wanted) return archive.subarray(start, start + bytes);
    at = start + bytes + bytes % 2;
  }
}
