/** Decompresses zstd of any number of frames, which RFC 8878 describes; each frame is looked at before the library gets it. */
import { concat } from "@std/bytes/concat";
import { Decompress } from "fzstd";
import { EXPANSION, TOO_LARGE } from "../fetch/untrusted.ts";

type Bytes = AsyncGenerator<Uint8Array>;

/** What a frame begins with, and one that holds no text, whose last four bits vary. */
const FRAME = 0xfd2fb528, SKIPPABLE = 0x184d2a50;

/** The window of zstd's highest level; who asks for more has to ask its readers, too. */
const LARGEST_WINDOW = 128 << 20;

/** No block has more bytes, nor gives more. */
const LARGEST_BLOCK = 128 << 10;

/** So many bytes may come of zstd, however few it has; of more, `EXPANSION` times its size. */
const ALWAYS = 1 << 24;

/** Whether a file begins as zstd does. */
export function isZstd(bytes: Uint8Array): boolean {
  if (bytes.length < 4) return false;
  const magic = numberOf(bytes.subarray(0, 4));
  return magic === FRAME || isSkippable(magic);
}

/** Decompresses zstd, and fails where it is cut short, which Deno's own does not. */
export async function* unzstd(bytes: Bytes): Bytes {
  const input = inPieces(bytes);
  let given = 0;
  const checkSize = () => {
    if (given > Math.max(ALWAYS, EXPANSION * input.taken())) {
      throw Error(TOO_LARGE);
    }
  };
  while (!await input.isOver()) {
    const magic = await input.take(4);
    if (isSkippable(numberOf(magic))) {
      let left = numberOf(await input.take(4));
      while (left > 0) {
        left -= (await input.take(Math.min(left, LARGEST_BLOCK))).length;
      }
      continue;
    }
    if (numberOf(magic) !== FRAME) throw Error("a frame begins as no zstd");
    for await (const piece of frame(magic, input)) {
      given += piece.length;
      checkSize();
      yield piece;
    }
  }
}

/** What a frame gives, block by block. */
async function* frame(magic: Uint8Array, input: Input): Bytes {
  const descriptor = await input.take(1), [flags] = descriptor;
  const isSingle = (flags & 0x20) !== 0;
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][flags >> 6];
  const window = await input.take(isSingle ? 0 : 1);
  const dictionary = await input.take([0, 1, 2, 4][flags & 3]);
  const size = await input.take(sizeBytes);
  const needed = isSingle
    ? numberOf(size) + (sizeBytes === 2 ? 256 : 0)
    : windowOf(window[0]);
  if (needed > LARGEST_WINDOW) {
    throw Error(
      `a frame needs a window of ${needed} bytes, expected at most ${LARGEST_WINDOW}, as zstd writes without --long`,
    );
  }
  const pieces: Uint8Array[] = [];
  const decompressor = new Decompress((piece) => pieces.push(piece.slice()));
  for (const part of [magic, descriptor, window, dictionary, size]) {
    decompressor.push(part);
  }
  for (let isLast = false; !isLast;) {
    const head = await input.take(3), block = numberOf(head);
    const isRepeated = (block >> 1 & 3) === 1, length = block >> 3;
    if (length > LARGEST_BLOCK) throw Error("a block is too large");
    isLast = (block & 1) === 1;
    decompressor.push(head);
    decompressor.push(await input.take(isRepeated ? 1 : length));
    yield* pieces.splice(0);
  }
  decompressor.push(await input.take((flags & 4) !== 0 ? 4 : 0), true);
  yield* pieces;
}

/** The window that a byte stands for: a power of two and eighths of it. */
function windowOf(byte: number): number {
  const base = 2 ** (10 + (byte >> 3));
  return base + base / 8 * (byte & 7);
}

function isSkippable(magic: number): boolean {
  return magic >= SKIPPABLE && magic < SKIPPABLE + 16;
}

/** The number that some bytes are, the least first. */
function numberOf(bytes: Uint8Array): number {
  return bytes.reduceRight((number, byte) => number * 256 + byte, 0);
}

type Input = ReturnType<typeof inPieces>;

/** Bytes that are taken in pieces of given sizes. */
function inPieces(bytes: Bytes) {
  let rest = new Uint8Array(), taken = 0;
  const fill = async (size: number): Promise<boolean> => {
    const chunks: Uint8Array[] = [rest];
    let length = rest.length;
    while (length < size) {
      const { value } = await bytes.next();
      if (value === undefined) break;
      chunks.push(value);
      length += value.length;
    }
    if (chunks.length > 1) rest = concat(chunks);
    return length >= size;
  };
  return {
    isOver: async () => !await fill(1),
    take: async (size: number): Promise<Uint8Array> => {
      if (!await fill(size)) throw Error("unexpected EOF");
      const piece = rest.subarray(0, size);
      rest = rest.subarray(size);
      taken += size;
      return piece;
    },
    /** How many bytes were taken. */
    taken: () => taken,
  };
}
