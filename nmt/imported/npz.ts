/** Reads `.npz` files, zip archives of numpy's arrays: what Marian trains into. */
import { Buffer } from "node:buffer";
import { crc32, inflateRawSync } from "node:zlib";
import { inputError } from "../../base/input_error.ts";
import type { Refuse } from "../../base/input_file.ts";
import { checkFinite, type NamedArray, type NamedArrays } from "./arrays.ts";
import type { Bytes, Parts } from "./parts.ts";

/** A file of an archive, as the directory at the archive's end says. */
interface Entry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  /** Bytes in the archive. */
  readonly packed: number;
  /** Bytes once they are unpacked. */
  readonly size: number;
  /** Position of the file's own header. */
  readonly start: number;
}

const END = 0x06054b50, CENTRAL = 0x02014b50, LOCAL = 0x04034b50;
const END_BYTES = 22, CENTRAL_BYTES = 46, LOCAL_BYTES = 30;
const STORED = 0, DEFLATED = 8;
/** What stands for a number that only the 64-bit format has room for. */
const TOO_LARGE = 0xffffffff;

/** Bytes that unpacked arrays take at most: packed floats take a few times less, and a small archive may hold zeros. */
const MOST = { times: 100, more: 1 << 20, all: 8 * 2 ** 30 };

/**
 * The arrays of an archive by their names; `what` is its name for the user, such as `the model "model.npz"`.
 *
 * @param only The one array that is read, where the others do not matter.
 * @throws An input error where the archive is damaged, or holds anything but arrays of floats or of 8-bit integers.
 */
export function readNpz(
  file: Parts,
  what: string,
  only?: string,
): NamedArrays {
  const refuse: Refuse = (reason) =>
    inputError(
      `Cannot read ${what}: ${reason}; the file is damaged or not an .npz file of a model.`,
    );
  const entries = directory(file, refuse);
  checkSizes(entries, refuse);
  const arrays = new Map<string, NamedArray>();
  for (const { entry, begin } of contents(file, entries, refuse)) {
    const name = entry.name.replace(/\.npy$/, "");
    if (only !== undefined && name !== only) continue;
    if (arrays.has(name)) {
      throw refuse(`expected each array once, found "${name}" twice`);
    }
    const content = file.read(begin, entry.packed);
    arrays.set(name, readNpy(name, unpack(entry, content, refuse), refuse));
  }
  return arrays;
}

function directory(file: Parts, refuse: Refuse): Entry[] {
  // A comment of at most 65,535 bytes may follow the end record.
  const first = Math.max(0, file.length - END_BYTES - 0xffff);
  const tail = viewOf(file.read(first, file.length - first));
  let end = tail.byteLength - END_BYTES;
  while (end >= 0 && tail.getUint32(end, true) !== END) end--;
  if (end < 0) {
    throw refuse("expected the directory of a zip archive, found none");
  }
  const count = tail.getUint16(end + 10, true);
  const size = tail.getUint32(end + 12, true);
  const start = tail.getUint32(end + 16, true);
  if (count === 0xffff || size === TOO_LARGE || start === TOO_LARGE) {
    throw refuse("expected an archive of less than 4 GB, found a larger one");
  }
  if (start + size > first + end) {
    throw refuse("its directory does not fit the file");
  }
  const bytes = file.read(start, size), view = viewOf(bytes);
  const entries: Entry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_BYTES > size || view.getUint32(at, true) !== CENTRAL) {
      throw refuse(`expected ${count} files in its directory, found ${i}`);
    }
    const nameBytes = view.getUint16(at + 28, true);
    const next = at + CENTRAL_BYTES + nameBytes +
      view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > size) throw refuse("its directory is cut short");
    const name = new TextDecoder().decode(
      bytes.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameBytes),
    );
    entries.push({
      name,
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      start: view.getUint32(at + 42, true),
    });
    at = next;
  }
  return entries;
}

/** Fails where little would be unpacked into more than any model has. */
function checkSizes(entries: readonly Entry[], refuse: Refuse): void {
  let all = 0;
  for (const { name, packed, size } of entries) {
    const most = MOST.times * packed + MOST.more;
    if (size > most) {
      throw refuse(
        `expected at most ${most} bytes of "${name}", which is packed into ${packed}, found ${size}`,
      );
    }
    all += size;
  }
  if (all > MOST.all) {
    throw refuse(`expected at most ${MOST.all} bytes of arrays, found ${all}`);
  }
}

/** Where the packed bytes of each file begin; no byte belongs to two. */
function contents(
  file: Parts,
  entries: readonly Entry[],
  refuse: Refuse,
): { readonly entry: Entry; readonly begin: number }[] {
  let end = 0;
  return entries.toSorted((a, b) => a.start - b.start).map((entry) => {
    const { name, start, packed, size } = entry;
    if ([start, packed, size].includes(TOO_LARGE)) {
      throw refuse(`expected arrays of less than 4 GB, found "${name}"`);
    }
    if (start < end) throw refuse(`"${name}" overlaps the file before it`);
    const local = start + LOCAL_BYTES > file.length
      ? undefined
      : viewOf(file.read(start, LOCAL_BYTES));
    if (local?.getUint32(0, true) !== LOCAL) {
      throw refuse(`"${name}" is not where the directory says`);
    }
    const begin = start + LOCAL_BYTES + local.getUint16(26, true) +
      local.getUint16(28, true);
    end = begin + packed;
    if (end > file.length) {
      throw refuse(
        `truncated: "${name}" ends at byte ${end} of ${file.length}`,
      );
    }
    return { entry, begin };
  });
}

function viewOf({ buffer, byteOffset, byteLength }: Bytes): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function unpack(
  { name, flags, method, crc, size }: Entry,
  content: Bytes,
  refuse: Refuse,
): Bytes {
  if ((flags & 1) !== 0) throw refuse(`"${name}" is encrypted`);
  if (method !== STORED && method !== DEFLATED) {
    throw refuse(
      `expected stored or deflated files, found "${name}" packed by method ${method}`,
    );
  }
  const unpacked = method === STORED
    ? content
    : inflate(name, content, size, refuse);
  if (unpacked.length !== size) {
    throw refuse(
      `expected ${size} bytes in "${name}", found ${unpacked.length}`,
    );
  }
  if (crc32(unpacked) !== crc) {
    throw refuse(`the checksum of "${name}" differs`);
  }
  return unpacked;
}

function inflate(
  name: string,
  content: Bytes,
  size: number,
  refuse: Refuse,
): Bytes {
  try {
    const unpacked = inflateRawSync(content, {
      maxOutputLength: Math.max(1, size),
    });
    const { buffer, byteOffset, byteLength } = unpacked;
    return buffer instanceof ArrayBuffer
      ? new Uint8Array(buffer, byteOffset, byteLength)
      : new Uint8Array(unpacked);
  } catch (error) {
    throw refuse(
      `"${name}" cannot be unpacked (${
        error instanceof Error ? error.message : error
      })`,
    );
  }
}

const MAGIC = "\x93NUMPY";
const HEADER =
  /^\{'descr': '([^']{1,20})', 'fortran_order': (True|False), 'shape': \(([0-9, ]*)\), ?\} *\n?$/;

/** One array in numpy's format: magic, version, length of the header, header, values. */
function readNpy(name: string, bytes: Bytes, refuse: Refuse): NamedArray {
  const latin = new TextDecoder("latin1");
  const view = viewOf(bytes);
  if (
    bytes.length < 12 ||
    Buffer.from(bytes.subarray(0, 6)).toString("latin1") !== MAGIC
  ) {
    throw refuse(`expected an array of numpy in "${name}", found none`);
  }
  const isShort = bytes[6] === 1;
  const start = isShort ? 10 : 12;
  const length = isShort ? view.getUint16(8, true) : view.getUint32(8, true);
  const header = latin.decode(bytes.subarray(start, start + length));
  const [, kind, order, dimensions] = HEADER.exec(header) ?? [];
  if (kind === undefined || start + length > bytes.length) {
    throw refuse(`expected the header of an array in "${name}", found another`);
  }
  if (kind.includes("O")) {
    throw refuse(
      `expected numbers in "${name}", found Python objects (a pickle), which may run programs`,
    );
  }
  const shape = dimensions.split(",").map((text) => text.trim())
    .filter((text) => text !== "").map(Number);
  if (order === "True" && shape.length > 1) {
    throw refuse(`expected rows in "${name}", found columns (fortran_order)`);
  }
  const count = shape.reduce((product, size) => product * size, 1);
  const data = bytes.subarray(start + length);
  const read = READERS[kind];
  if (read === undefined) {
    throw refuse(
      `expected 16-, 32- or 64-bit floats or 8-bit integers in "${name}", found ${kind}`,
    );
  }
  if (data.length !== count * read.bytes) {
    throw refuse(
      `expected ${
        count * read.bytes
      } bytes for shape [${shape}] of "${name}", found ${data.length}`,
    );
  }
  // numpy puts values where their type may begin, so that no copy is made of what was unpacked.
  const isAligned = data.byteOffset % read.bytes === 0;
  const { buffer, byteOffset } = isAligned ? data : data.slice();
  const values = read.values(buffer, byteOffset, count);
  if (values instanceof Float32Array) checkFinite(name, values, refuse);
  return { shape, data: values };
}

/** Types of numpy by their names. */
const READERS: Readonly<
  Partial<
    Record<
      string,
      {
        readonly bytes: number;
        values(
          buffer: ArrayBuffer,
          start: number,
          count: number,
        ): NamedArray["data"];
      }
    >
  >
> = {
  "<f2": {
    bytes: 2,
    values: (...place) => Float32Array.from(new Float16Array(...place)),
  },
  "<f4": { bytes: 4, values: (...place) => new Float32Array(...place) },
  "<f8": {
    bytes: 8,
    values: (...place) => Float32Array.from(new Float64Array(...place)),
  },
  "|i1": { bytes: 1, values: (...place) => new Int8Array(...place) },
  "<i1": { bytes: 1, values: (...place) => new Int8Array(...place) },
};
