/** Reads and writes safetensors files, the format of every model, checkpoint, token file and shard of states. */
import { z } from "zod";
import { elements } from "./program.ts";
import { inputError } from "../../base/input_error.ts";
import { readAll } from "../../base/read_all.ts";
import { writeAll } from "../../base/write_all.ts";

/** Values of a tensor in row-major order; the kind of array is the dtype: F32, F16, I32, U16 or U8. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly data:
    | Float32Array
    | Float16Array
    | Int32Array
    | Uint16Array
    | Uint8Array;
}

/** Where a tensor lies in its file, for positioned reads of files that are too large to be held. */
export interface StoredRange {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Position of the first byte in the file. */
  readonly position: number;
  readonly bytes: number;
}

export type Dtype = keyof typeof DTYPES;

const DTYPES = {
  F32: Float32Array,
  F16: Float16Array,
  I32: Int32Array,
  U16: Uint16Array,
  U8: Uint8Array,
} as const;

const PREFIX_BYTES = 8;
const METADATA = "__metadata__";
/** The limit of the format's own reader; a larger length is never a header. */
const MAXIMUM_HEADER_BYTES = 100_000_000;

const size = z.int().min(0);
const Entry = z.object({
  dtype: z.string(),
  shape: z.array(size),
  data_offsets: z.tuple([size, size]),
});
const Metadata = z.record(z.string(), z.string());

/**
 * Writes a file that is either complete or not there: under a temporary name in the same folder, synced, renamed.
 * Equal arguments give equal bytes; tensors and metadata keep the order of their keys.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readSafetensors, writeSafetensors } from "./safetensors.ts";
 *
 * const path = Deno.makeTempFileSync();
 * writeSafetensors(path, { bias: { shape: [2], data: Float32Array.of(1, 2) } });
 * const { tensors } = readSafetensors(path, "the example");
 * assertEquals(tensors.bias.data, Float32Array.of(1, 2));
 * Deno.removeSync(path);
 * ```
 */
export function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, StoredTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  const { header } = layOut(
    Object.fromEntries(
      Object.entries(tensors).map((
        [name, tensor],
      ) => [name, layoutOf(name, tensor)]),
    ),
    metadata,
  );
  const temporary = `${path}.tmp`;
  systemErrorsAs(`Cannot write "${path}"`, () => {
    using file = Deno.openSync(temporary, {
      write: true,
      create: true,
      truncate: true,
    });
    try {
      writeAll(file, header);
      for (const { data } of Object.values(tensors)) {
        const { buffer, byteOffset, byteLength } = data;
        writeAll(file, new Uint8Array(buffer, byteOffset, byteLength));
      }
      file.syncDataSync();
    } catch (error) {
      Deno.removeSync(temporary);
      throw error;
    }
    Deno.renameSync(temporary, path);
  });
}

/**
 * Reads a file. `what` is its name for the user, such as `the model of "teacher"`.
 *
 * @throws An input error that names the file and the fault, where it is missing, truncated or corrupt.
 */
export function readSafetensors(path: string, what: string): {
  tensors: Record<string, StoredTensor>;
  metadata: Record<string, string>;
} {
  return withFile(path, what, (file, fault) => {
    const { ranges, metadata } = readHeader(file, fault);
    const tensors = Object.fromEntries(
      Object.entries(ranges).map(([name, range]) => {
        const buffer = new ArrayBuffer(range.bytes);
        file.seekSync(range.position, Deno.SeekMode.Start);
        readFully(file, new Uint8Array(buffer), `tensor "${name}"`, fault);
        return [name, {
          shape: range.shape,
          data: new DTYPES[range.dtype](buffer),
        }];
      }),
    );
    return { tensors, metadata };
  });
}

/**
 * Reads the header alone, with the same checks, and says where each tensor lies.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readSafetensorsHeader, writeSafetensors } from "./safetensors.ts";
 *
 * const path = Deno.makeTempFileSync();
 * writeSafetensors(path, { bias: { shape: [2], data: Float32Array.of(1, 2) } });
 * const { ranges } = readSafetensorsHeader(path, "the example");
 * assertEquals([ranges.bias.dtype, ranges.bias.bytes], ["F32", 8]);
 * Deno.removeSync(path);
 * ```
 */
export function readSafetensorsHeader(path: string, what: string): {
  ranges: Record<string, StoredRange>;
  metadata: Record<string, string>;
} {
  return withFile(path, what, readHeader);
}

/** Makes the error of a fault in the file. */
type Fault = (reason: string) => Error;

/** The type and shape of a tensor in the header. */
export interface StoredLayout {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/** The beginning of a file of these tensors, one after the other, and the position of the first byte of each. */
export function layOut(
  tensors: Readonly<Record<string, StoredLayout>>,
  metadata: Readonly<Record<string, string>> = {},
): {
  readonly header: Uint8Array;
  readonly positions: Readonly<Record<string, number>>;
} {
  const entries: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) entries.push([METADATA, metadata]);
  const offsets: [string, number][] = [];
  let end = 0;
  for (const [name, { dtype, shape }] of Object.entries(tensors)) {
    if (name === METADATA) {
      throw new Error(`No tensor can have the reserved name "${METADATA}".`);
    }
    offsets.push([name, end]);
    const data_offsets = [
      end,
      end += elements(shape) * DTYPES[dtype].BYTES_PER_ELEMENT,
    ];
    entries.push([name, { dtype, shape, data_offsets }]);
  }
  const json = new TextEncoder().encode(
    JSON.stringify(Object.fromEntries(entries)),
  );
  const length = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(PREFIX_BYTES + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, PREFIX_BYTES);
  const positions = Object.fromEntries(
    offsets.map(([name, offset]) => [name, header.length + offset]),
  );
  return { header, positions };
}

/** The layout of a tensor whose values are there. */
function layoutOf(name: string, { shape, data }: StoredTensor): StoredLayout {
  if (elements(shape) === data.length) return { dtype: dtypeOf(data), shape };
  throw new Error(
    `Cannot write tensor "${name}": shape [${shape}] has ${
      elements(shape)
    } values, found ${data.length}.`,
  );
}

function readHeader(file: Deno.FsFile, fault: Fault): {
  ranges: Record<string, StoredRange>;
  metadata: Record<string, string>;
} {
  const { size: found } = file.statSync();
  if (found < PREFIX_BYTES) {
    throw fault(`expected at least ${PREFIX_BYTES} bytes, found ${found}`);
  }
  const prefix = new Uint8Array(PREFIX_BYTES);
  readFully(file, prefix, "the header length", fault);
  const stated = new DataView(prefix.buffer).getBigUint64(0, true);
  const start = PREFIX_BYTES + Number(stated);
  if (stated > MAXIMUM_HEADER_BYTES || start > found) {
    throw fault(`a header of ${stated} bytes does not fit its ${found} bytes`);
  }
  const bytes = new Uint8Array(Number(stated));
  readFully(file, bytes, "the header", fault);
  const { [METADATA]: raw = {}, ...entries } = parseHeader(bytes, fault);
  const metadata = Metadata.safeParse(raw);
  if (!metadata.success) throw fault(`${METADATA} is no record of texts`);
  const ranges = Object.fromEntries(
    Object.entries(entries).map((
      [name, entry],
    ) => [name, rangeOf(name, entry, start, fault)]),
  );
  checkLayout(ranges, start, found, fault);
  return { ranges, metadata: metadata.data };
}

function parseHeader(bytes: Uint8Array, fault: Fault): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(
      new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    );
  } catch (error) {
    throw fault(`the header is no JSON (${error})`);
  }
  const entries = z.record(z.string(), z.unknown()).safeParse(header);
  if (!entries.success) throw fault("the header is no JSON object");
  return entries.data;
}

function rangeOf(
  name: string,
  raw: unknown,
  start: number,
  fault: Fault,
): StoredRange {
  const entry = Entry.safeParse(raw);
  if (!entry.success) {
    throw fault(`tensor "${name}" lacks a valid dtype, shape or data_offsets`);
  }
  const { dtype, shape, data_offsets: [begin, end] } = entry.data;
  if (!isDtype(dtype)) {
    const known = Object.keys(DTYPES).join(", ");
    throw fault(`tensor "${name}": expected dtype ${known}, found ${dtype}`);
  }
  const bytes = elements(shape) * DTYPES[dtype].BYTES_PER_ELEMENT;
  if (bytes !== end - begin) {
    const expected = `${dtype} of shape [${shape}] takes ${bytes} bytes`;
    throw fault(`tensor "${name}": ${expected}, found ${end - begin}`);
  }
  return { dtype, shape, position: start + begin, bytes };
}

/** Each byte after the header belongs to exactly one tensor. */
function checkLayout(
  ranges: Record<string, StoredRange>,
  start: number,
  found: number,
  fault: Fault,
): void {
  const ordered = Object.entries(ranges).sort(([, a], [, b]) =>
    a.position - b.position || a.bytes - b.bytes
  );
  let end = start;
  for (const [name, range] of ordered) {
    if (range.position !== end) {
      const problem = range.position < end ? "overlaps" : "leaves a gap after";
      throw fault(`tensor "${name}" ${problem} the bytes before it`);
    }
    end += range.bytes;
  }
  if (end > found) throw fault(`truncated: ${found} of ${end} bytes`);
  if (end < found) throw fault(`${found - end} bytes follow the last tensor`);
}

function isDtype(name: string): name is Dtype {
  return Object.hasOwn(DTYPES, name);
}

function dtypeOf(data: StoredTensor["data"]): Dtype {
  const dtype = (Object.keys(DTYPES) as Dtype[]).find((name) =>
    data instanceof DTYPES[name]
  );
  if (dtype === undefined) {
    throw new Error(`No dtype stores a ${data.constructor.name}.`);
  }
  return dtype;
}

function withFile<Result>(
  path: string,
  what: string,
  read: (file: Deno.FsFile, fault: Fault) => Result,
): Result {
  const cannot = `Cannot read ${what} from "${path}"`;
  const fault: Fault = (reason) =>
    inputError(
      `${cannot}: ${reason}; the file is damaged or not a safetensors file.`,
    );
  return systemErrorsAs(cannot, () => {
    if (!Deno.statSync(path).isFile) throw fault("it is no regular file");
    using file = Deno.openSync(path);
    return read(file, fault);
  });
}

/** Turns errors of the operating system (no such file, disk full) into input errors. */
export function systemErrorsAs<Result>(
  cannot: string,
  act: () => Result,
): Result {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    const reason = error.message.replace(/ \(os error \d+\).*$/s, "");
    throw inputError(`${cannot}: ${reason}.`);
  }
}

function readFully(
  file: Deno.FsFile,
  into: Uint8Array,
  part: string,
  fault: Fault,
): void {
  const done = readAll(file, into);
  if (done < into.length) {
    throw fault(`truncated: ${part} has ${done} of ${into.length} bytes`);
  }
}
