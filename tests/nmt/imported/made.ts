/** Small model files for tests, written byte by byte: SentencePiece models, .npz and .bin of Marian. */
import { concat } from "@std/bytes/concat";
import { crc32, deflateRawSync } from "node:zlib";
import { join } from "@std/path";
import { withFolder } from "../fixtures/folder.ts";

export interface MadeArray {
  readonly shape: readonly number[];
  readonly data:
    | Float32Array
    | Float64Array
    | Float16Array
    | Int8Array;
}
export type MadeArrays = Readonly<Record<string, MadeArray>>;

/** Floats that count on from a first one, so that each value says where it is. */
export function counting(
  shape: readonly number[],
  first = 0,
): { readonly shape: readonly number[]; readonly data: Float32Array } {
  const size = shape.reduce((product, one) => product * one, 1);
  return {
    shape,
    data: Float32Array.from({ length: size }, (_, i) => first + i),
  };
}

/** Runs a test with a folder of some files. */
export function withFiles(
  files: Readonly<Record<string, Uint8Array | string>>,
  test: (paths: string[], folder: string) => void | Promise<void>,
): Promise<void> {
  return withFolder((folder) => {
    const paths = Object.entries(files).map(([name, content]) => {
      const path = join(folder, name);
      Deno.writeFileSync(
        path,
        typeof content === "string" ? text(content) : content,
      );
      return path;
    });
    return test(paths.sort(), folder);
  });
}

/** Bytes one after the other. */
export function joined(
  ...parts: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  return concat(parts);
}

/** Little-endian numbers of a size in bytes. */
export function numbers(
  size: 1 | 2 | 4 | 8,
  ...values: readonly number[]
): Uint8Array {
  const bytes = new Uint8Array(size * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    if (size === 8) view.setBigInt64(8 * i, BigInt(value), true);
    else if (size === 4) view.setUint32(4 * i, value >>> 0, true);
    else if (size === 2) view.setUint16(2 * i, value, true);
    else bytes[i] = value;
  });
  return bytes;
}

export function text(value: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(value);
}

function rawBytes({ buffer, byteOffset, byteLength }: MadeArray["data"]) {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function descr(data: MadeArray["data"]): string {
  return data instanceof Int8Array ? "|i1" : `<f${data.BYTES_PER_ELEMENT}`;
}

/** A file of numpy; the header may be another. */
export function npy(
  { shape, data }: MadeArray,
  header = `{'descr': '${descr(data)}', 'fortran_order': False, 'shape': (${
    shape.map((size) => `${size}, `).join("")
  }), }`.replace(", ), }", ",), }"),
): Uint8Array {
  const padded = text(header.padEnd(117) + "\n");
  return joined(
    Uint8Array.of(0x93),
    text("NUMPY"),
    numbers(1, 1, 0),
    numbers(2, padded.length),
    padded,
    rawBytes(data),
  );
}

/** A zip archive; `method` is 0 (stored), 8 (deflated), or one that no reader knows. */
export function zip(
  files: Readonly<Record<string, Uint8Array>>,
  { method = 0, crc = 0 }: { method?: number; crc?: number } = {},
): Uint8Array<ArrayBuffer> {
  const locals: Uint8Array[] = [], central: Uint8Array[] = [];
  let at = 0;
  for (const [name, content] of Object.entries(files)) {
    const packed = method === 8 ? deflateRawSync(content) : content;
    const fields = joined(
      numbers(2, 20, 0, method, 0, 0),
      numbers(4, crc32(content) ^ crc, packed.length, content.length),
      numbers(2, name.length, 0),
    );
    const local = joined(
      numbers(4, 0x04034b50),
      fields,
      text(name),
      packed,
    );
    central.push(joined(
      numbers(4, 0x02014b50),
      numbers(2, 20),
      fields,
      numbers(2, 0, 0, 0),
      numbers(4, 0, at),
      text(name),
    ));
    locals.push(local);
    at += local.length;
  }
  const directory = joined(...central);
  return joined(
    ...locals,
    directory,
    numbers(4, 0x06054b50),
    numbers(2, 0, 0, central.length, central.length),
    numbers(4, directory.length, at),
    numbers(2, 0),
  );
}

export function npz(
  arrays: MadeArrays,
  method = 0,
): Uint8Array<ArrayBuffer> {
  return zip(
    Object.fromEntries(
      Object.entries(arrays).map((
        [name, array],
      ) => [`${name}.npy`, npy(array)]),
    ),
    { method },
  );
}

/** An array of a `.bin`: its type, its shape and what lies in the file. */
export interface BinArray {
  readonly type: number;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export const FLOAT32 = 0x404, INT8 = 0x101, INTGEMM8 = 0x4101;

export function bin(
  arrays: Readonly<Record<string, BinArray>>,
  { version = 1, count = Object.keys(arrays).length } = {},
): Uint8Array<ArrayBuffer> {
  const all = Object.entries(arrays);
  return joined(
    numbers(8, version, count),
    ...all.map(([name, { type, shape, bytes }]) =>
      numbers(8, name.length + 1, type, shape.length, bytes.length)
    ),
    ...all.map(([name]) => text(`${name}\0`)),
    ...all.map(([, { shape }]) => numbers(4, ...shape)),
    numbers(8, 16),
    new Uint8Array(16),
    ...all.map(([, { bytes }]) => bytes),
  );
}

export function floats(array: MadeArray): BinArray {
  return { type: FLOAT32, shape: array.shape, bytes: rawBytes(array.data) };
}

/** Values and multiplier of a matrix as intgemm has them, with padding. */
export function integers(
  shape: readonly number[],
  values: readonly number[],
  multiplier: number,
): BinArray {
  return {
    type: INTGEMM8,
    shape,
    bytes: joined(
      rawBytes(Int8Array.from(values)),
      rawBytes(Float32Array.of(multiplier)),
      new Uint8Array(12),
    ),
  };
}

/** Text as Marian keeps its configuration. */
export function configuration(yaml: string): MadeArray {
  const data = Int8Array.from(text(`${yaml}\0`));
  return { shape: [data.length], data };
}

/** What a piece is by its number in the format. */
export const NORMAL = 1,
  UNKNOWN = 2,
  CONTROL = 3,
  USER_DEFINED = 4,
  UNUSED = 5,
  BYTE = 6;

/** The fields of a message of protocol buffers: bytes, whole numbers, or floats as `{ float }`. */
type Fields = readonly (readonly [
  number,
  Uint8Array | number | { readonly float: number },
])[];

export function message(fields: Fields): Uint8Array<ArrayBuffer> {
  return joined(
    ...fields.map(([number, value]) =>
      typeof value === "number"
        ? joined(varint(number * 8), varint(value))
        : value instanceof Uint8Array
        ? joined(varint(number * 8 + 2), varint(value.length), value)
        : joined(varint(number * 8 + 5), rawBytes(Float32Array.of(value.float)))
    ),
  );
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) {
    bytes.push(value % 128 + 128);
  }
  return Uint8Array.of(...bytes, value);
}

export type MadePiece = readonly [text: string, score: number, kind?: number];

/** The first two pieces of Marian's vocabularies. */
export const SPECIALS: readonly MadePiece[] = [
  ["</s>", 0, CONTROL],
  ["<unk>", 0, UNKNOWN],
];

/** A SentencePiece model; further fields may be added to the trainer's and the normalizer's specification. */
export function spm(
  pieces: readonly MadePiece[],
  {
    algorithm = 1,
    trainer = [],
    normalizer = [],
    charsmap = new Uint8Array(),
  }: {
    algorithm?: number;
    trainer?: Fields;
    normalizer?: Fields;
    charsmap?: Uint8Array;
  } = {},
): Uint8Array<ArrayBuffer> {
  return message([
    ...pieces.map(([piece, float, kind = NORMAL]) =>
      [
        1,
        message([[1, text(piece)], [2, { float }], [3, kind]]),
      ] as const
    ),
    [2, message([[3, algorithm], ...trainer])],
    [3, message([[2, charsmap], ...normalizer])],
  ]);
}

/** A `precompiled_charsmap` of some replacements; each node of its trie has room for all 256 bytes. */
export function charsmap(
  replacements: Readonly<Record<string, string>>,
): Uint8Array {
  const room = () => new Array<number>(256).fill(0);
  const units = [...room(), ...room()];
  units[0] = 256 << 10;
  const nodes = new Map([["", { position: 0, base: 256 }]]);
  const child = (parent: number, byte: number) => {
    const position = parent + byte, base = units.length;
    units.push(...room());
    units[position] = (position ^ base) << 10 | byte;
    return { position, base };
  };
  const values: Uint8Array[] = [];
  for (const [from, to] of Object.entries(replacements)) {
    let key = "", node = { position: 0, base: 256 };
    for (const byte of text(from)) {
      key += String.fromCharCode(byte);
      node = nodes.get(key) ?? child(node.base, byte);
      nodes.set(key, node);
    }
    units[node.position] |= 0x100;
    units[node.base] = 0x80000000 | joined(...values).length;
    values.push(text(`${to}\0`));
  }
  return joined(
    numbers(4, 4 * units.length),
    numbers(4, ...units),
    ...values,
  );
}
