/** The cleaned pairs of a corpus on disk: deduplicated, read back in any order, without text in memory. */
import { readAll } from "../../../base/read_all.ts";
import { writeAll } from "../../../base/write_all.ts";
import type { Pair } from "./cleaning.ts";
import { column } from "../../growing_array.ts";
import type { Placed, PlacedPairs } from "./split.ts";

export interface PairFile extends PlacedPairs {
  /** Adds a pair; false, and nothing is added, where one of the same two sides is there already. */
  add(pair: Placed): boolean;
  close(): void;
}

/** Bytes that are written at once, and bytes that are read ahead. */
const WRITTEN = 1 << 18, READ = 1 << 14;

/** UTF-8 takes at most this many bytes for a unit of a string. */
const BYTES_A_UNIT = 3;

/** An empty file of pairs at a path, which is overwritten. */
export function createPairFile(path: string): PairFile {
  const file = Deno.openSync(path, {
    read: true,
    write: true,
    create: true,
    truncate: true,
  });
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  /** Where each line ends; the next begins there. */
  const ends = column(Float64Array);
  const positions = column(Int32Array), fileNumbers = column(Uint32Array);
  const files: { name: string; isOneGroup: boolean }[] = [];
  const numbers = new Map<string, number>();
  const lines = lineTable();
  let pending = new Uint8Array(WRITTEN), written = 0, waiting = 0;
  let ahead = new Uint8Array(READ), aheadFrom = 0, aheadLength = 0;

  const start = (index: number) => index === 0 ? 0 : ends.at(index - 1);
  const flush = () => {
    file.seekSync(written, Deno.SeekMode.Start);
    writeAll(file, pending.subarray(0, waiting));
    written += waiting;
    waiting = 0;
  };
  /** The bytes of a line, valid until the next call. */
  const bytesOf = (index: number): Uint8Array => {
    const from = start(index), to = ends.at(index);
    if (from >= written) {
      return pending.subarray(from - written, to - written);
    }
    if (to > written) flush();
    if (from < aheadFrom || to > aheadFrom + aheadLength) {
      if (ahead.length < to - from) ahead = new Uint8Array(to - from);
      file.seekSync(from, Deno.SeekMode.Start);
      [aheadFrom, aheadLength] = [from, 0];
      const wanted = Math.min(ahead.length, written - from);
      aheadLength = readAll(file, ahead.subarray(0, wanted));
      if (aheadLength < wanted) {
        throw new Error(
          `Cannot read pair ${index} back from "${path}": it ends before byte ${to}`,
        );
      }
    }
    return ahead.subarray(from - aheadFrom, to - aheadFrom);
  };
  const numberOf = (name: string, isOneGroup: boolean): number => {
    const known = numbers.get(name);
    if (known !== undefined) return known;
    numbers.set(name, files.length);
    return files.push({ name, isOneGroup }) - 1;
  };

  return {
    get length() {
      return ends.length;
    },
    add(pair) {
      const line = `${pair.source}\t${pair.target}\n`;
      const most = BYTES_A_UNIT * line.length;
      if (waiting + most > pending.length) {
        flush();
        if (most > pending.length) pending = new Uint8Array(most);
      }
      const length =
        encoder.encodeInto(line, pending.subarray(waiting)).written;
      // The line lies behind those that wait, where it stays unless it is found to be there already.
      const bytes = pending.subarray(waiting, waiting + length);
      const from = written + waiting;
      const isNew = lines.add(
        bytes,
        ends.length,
        (index) =>
          ends.at(index) - start(index) === length &&
          equal(bytesOf(index), bytes),
      );
      if (!isNew) return false;
      waiting += length;
      ends.push(from + length);
      positions.push(pair.position);
      fileNumbers.push(numberOf(pair.file, pair.isOneGroup ?? false));
      return true;
    },
    file: (index) => files[fileNumbers.at(index)].name,
    isOneGroup: (index) => files[fileNumbers.at(index)].isOneGroup,
    position: (index) => positions.at(index),
    pair: (index): Pair => {
      const [source, target] = decoder.decode(bytesOf(index).subarray(0, -1))
        .split("\t");
      return { source, target };
    },
    close: () => file.close(),
  };
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

/**
 * Which lines are there, in 12 to 24 bytes each: two hashes of 32 bits and the line's index. They find a line; whether
 * it is the same one, its text says.
 */
function lineTable() {
  /** Three numbers a slot: one more than the line's index, or 0 in a free slot, and the two hashes. */
  let slots = new Uint32Array(3 * 4096), used = 0;
  const hashes = new Uint32Array(2);
  const place = (index: number, one: number, other: number) => {
    const mask = slots.length / 3 - 1;
    let slot = one & mask;
    while (slots[3 * slot] !== 0) slot = (slot + 1) & mask;
    slots[3 * slot] = index + 1;
    slots[3 * slot + 1] = one;
    slots[3 * slot + 2] = other;
  };
  const grow = () => {
    const before = slots;
    slots = new Uint32Array(2 * before.length);
    for (let at = 0; at < before.length; at += 3) {
      if (before[at] !== 0) {
        place(before[at] - 1, before[at + 1], before[at + 2]);
      }
    }
  };
  return {
    /** Adds the line of an index, unless one of its hashes `isSame`. */
    add(
      line: Uint8Array,
      index: number,
      isSame: (index: number) => boolean,
    ): boolean {
      hash(line, hashes);
      const [one, other] = hashes;
      const mask = slots.length / 3 - 1;
      for (
        let slot = one & mask;
        slots[3 * slot] !== 0;
        slot = (slot + 1) & mask
      ) {
        const alike = slots[3 * slot + 1] === one &&
          slots[3 * slot + 2] === other;
        if (alike && isSame(slots[3 * slot] - 1)) return false;
      }
      place(index, one, other);
      if (4 * ++used > slots.length) grow(); // three quarters are used
      return true;
    },
  };
}

/** Two hashes of some bytes, each mixed to the last bit as MurmurHash3 does. */
function hash(bytes: Uint8Array, into: Uint32Array): void {
  let one = 0x9e3779b9 ^ bytes.length, other = 0x85ebca6b;
  for (const byte of bytes) {
    one = Math.imul(one ^ byte, 0x5bd1e995);
    one ^= one >>> 15;
    other = Math.imul(other ^ byte, 0x01000193);
  }
  into[0] = mixed(one);
  into[1] = mixed(other ^ one);
}

function mixed(word: number): number {
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return word ^ (word >>> 16);
}
