/** Reads until a buffer is full. */

/** Fills a buffer; returns how many bytes were read, fewer than it has only where the file ended. */
export function readAll(
  from: { readSync(into: Uint8Array): number | null },
  into: Uint8Array,
): number {
  let done = 0;
  while (done < into.length) {
    const count = from.readSync(into.subarray(done));
    if (count === null) break;
    done += count;
  }
  return done;
}
