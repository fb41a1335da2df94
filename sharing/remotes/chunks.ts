/** Reads an open file in chunks, each valid until the next one is read. */

const CHUNK_BYTES = 1 << 18;

/** Reads at most `limit` bytes from the file's current position. */
export async function* chunksOf(
  file: Deno.FsFile,
  limit = Infinity,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const size = Math.min(CHUNK_BYTES, limit, file.statSync().size + 1);
  const buffer = new Uint8Array(size);
  for (let left = limit; left > 0;) {
    const read = await file.read(buffer.subarray(0, Math.min(left, size)));
    if (read === null) return;
    left -= read;
    yield buffer.subarray(0, read);
  }
}
