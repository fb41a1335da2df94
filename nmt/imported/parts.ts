/** Reads a file part by part: a model's archive is never held as a whole beside the arrays in it. */
import { openInput, type Refuse } from "../../base/input_file.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

/** The bytes of a file, which are read where they are asked for. */
export interface Parts {
  readonly length: number;
  /** The bytes from a position on; the caller has seen that they are within the file. */
  read(start: number, length: number): Bytes;
}

/** Parts of a file, until it is disposed of. */
export interface OpenParts extends Parts, Disposable {}

/** The parts of bytes that are in memory. */
export function partsOf(bytes: Bytes): Parts {
  return {
    length: bytes.length,
    read: (start, length) => bytes.subarray(start, start + length),
  };
}

/**
 * Opens a regular file.
 *
 * @throws What `refuse` makes of a file that cannot be read, or that becomes shorter meanwhile.
 */
export function openParts(path: string, refuse: Refuse): OpenParts {
  const file = openInput(path, refuse);
  return {
    length: file.statSync().size,
    read(start, length) {
      const bytes = new Uint8Array(length);
      file.seekSync(start, Deno.SeekMode.Start);
      for (let at = 0; at < length;) {
        const count = file.readSync(bytes.subarray(at));
        if (count === null) throw refuse("it became shorter while it was read");
        at += count;
      }
      return bytes;
    },
    [Symbol.dispose]: () => file.close(),
  };
}
