/** Reads `.npz` files, zip archives of numpy's arrays: what Marian trains into. */
import { Buffer } from "node:buffer";
import { crc32, inflateRawSync } from "node:zlib";
import { inputError } from "../../base/input_error.ts";
import type { Refuse } from "../../base/input_file.ts";
import { checkFinite, type NamedArray, type NamedArrays } from "./arrays.ts";

type Bytes = Uint8Array<ArrayBuffer>;

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

/**
 * The arrays of an archive by their names; `what` is its name for the user, such as `the model "model.npz"`.
 *
 * @throws An input error where the archive is damaged, or holds anything but arrays of floats or of 8-bit integers.
 */
export function readNpz(bytes: Bytes, what: string): NamedArrays {
  const refuse: Refuse = (reason) =>
    inputError(
      `Cannot read ${what}: ${reason}; the file is damaged or not an .npz file of a model.`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = directory(bytes, view, refuse);
  const arrays = new Map<string, NamedArray>();
  for (const { entry, content } of contents(bytes, view, entries, refuse)) {
    const name = entry.name.replace(/\.npy$/, "");
    if (arrays.has(name)) {
      throw refuse(`expected each array once, found "${name}" twice`);
    }
    arrays.set(name, readNpy(name, unpack(entry, content, refuse), refuse));
  }
  return arrays;
}

function directory(bytes: Bytes, view: DataView, refuse: Refuse): Entry[] {
  // A comment of at most 65,535 bytes may follow the end record.
  const first = Math.max(0, bytes.length - END_BYTES - 0xffff);
  let end = bytes.length - END_BYTES;
  while (end >= first && view.getUint32(end, true) !== END) end--;
  if (end < first) {
    throw refuse("expected the directory of a zip archive, found none");
  }
  const count = view.getUint16(end + 10, true);
  const size = view.getUint32(end + 12, true);
  const start = view.getUint32(end + 16, true);
  if (count === 0xffff || size === TOO_LARGE || start === TOO_LARGE) {
    throw refuse("expected an archive of less than 4 GB, found a larger one");
  }
  if (start + size > end) {
    throw refuse("its directory does not fit the file");
  }
  const entries: Entry[] = [];
  let at = start;
  for (let i = 0; i < count; i++) {
    if (
      at + CENTRAL_BYTES > start + size || view.getUint32(at, true) !== CENTRAL
    ) {
      throw refuse(`expected ${count} files in its directory, found ${i}`);
    }
    const nameBytes = view.getUint16(at + 28, true);
    const next = at + CENTRAL_BYTES + nameBytes +
      view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > start + size) throw refuse("its directory is cut short");
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

/** The packed bytes of each file, no byte of which belongs to two. */
function contents(
  bytes: Bytes,
  view: DataView,
  entries: readonly Entry[],
  refuse: Refuse,
): { readonly entry: Entry; readonly content: Bytes }[] {
  let end = 0;
  return entries.toSorted((a, b) => a.start - b.start).map((entry) => {
    const { name, start, packed, size } = entry;
    if ([start, packed, size].includes(TOO_LARGE)) {
      throw refuse(`expected arrays of less than 4 GB, found "${name}"`);
    }
    if (start < end) throw refuse(`"${name}" overlaps the file before it`);
    if (
      start + LOCAL_BYTES > bytes.length ||
      view.getUint32(start, true) !== LOCAL
    ) {
      throw refuse(`"${name}" is not where the directory says`);
    }
    const begin = start + LOCAL_BYTES + view.getUint16(start + 26, true) +
      view.getUint16(start + 28, true);
    end = begin + packed;
    if (end > bytes.length) {
      throw refuse(
        `truncated: "${name}" ends at byte ${end} of ${bytes.length}`,
      );
    }
    return { entry, content: bytes.subarray(begin, end) };
  });
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
    const buffer = inflateRawSync(content, {
      maxOutputLength: Math.max(1, size),
    });
    return new Uint8Array(Buffer.from(buffer));
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
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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
  const data = bytes.slice(start + length);
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
  const values = read.values(data.buffer);
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
        values(buffer: ArrayBuffer): NamedArray["data"];
      }
    >
  >
> = {
  "<f2": {
    bytes: 2,
    values: (buffer) => Float32Array.from(new Float16Array(buffer)),
  },
  "<f4": { bytes: 4, values: (buffer) => new Float32Array(buffer) },
  "<f8": {
    bytes: 8,
    values: (buffer) => Float32Array.from(new Float64Array(buffer)),
  },
  "|i1": { bytes: 1, values: (buffer) => new Int8Array(buffer) },
  "<i1": { bytes: 1, values: (buffer) => new Int8Array(buffer) },
};
