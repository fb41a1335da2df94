/** Reads text files line by line, compressed too. Every fault is an input error that names file and line. */
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { concat } from "@std/bytes/concat";
import { inputError, isInputError } from "../../../base/input_error.ts";
import { openInput, reasonOf, type Refuse } from "../../../base/input_file.ts";
import { readMember } from "./zip.ts";
import { isZstd, unzstd } from "./zstd.ts";

/** A file to read, and the name by which the user knows it. */
export interface NamedFile {
  readonly path: string;
  readonly name: string;
  /** The file is a zip, of which this member is read; its name is `ZIP/MEMBER`. */
  readonly member?: string;
}

/** Lines as they come; a reader may end before they do. */
export type Lines = AsyncGenerator<string, undefined, undefined>;

/** A longer line has lost its line ends, or is not text. */
export const MAXIMUM_LINE_BYTES = 1_000_000;

type Bytes = AsyncGenerator<Uint8Array>;

interface Compression {
  readonly name: string;
  readonly ending: string;
  /** Whether a file begins as those do. */
  readonly begins: (bytes: Uint8Array) => boolean;
  readonly decompress: (bytes: Bytes) => AsyncIterable<Uint8Array>;
}

const COMPRESSIONS: readonly Compression[] = [
  {
    ...{ name: "gzip", ending: ".gz" },
    begins: ([first, second]) => first === 0x1f && second === 0x8b,
    decompress: (bytes) => {
      const gunzip = createGunzip();
      pipeline(Readable.from(bytes), gunzip, () => {});
      return gunzip;
    },
  },
  { name: "zstd", ending: ".zst", begins: isZstd, decompress: unzstd },
];

/** The name that a file has once it is decompressed. */
export function decompressedName(name: string): string {
  const ending = COMPRESSIONS.map(({ ending }) => ending)
    .find((ending) => name.endsWith(ending));
  return ending === undefined ? name : name.slice(0, -ending.length);
}

/** An input error for the first of some paths that is not a file that can be read. */
export function checkReadable(paths: readonly string[]): void {
  for (const path of paths) {
    using _file = openInput(path, unreadable(path));
  }
}

/** The lines of a text file without their ends. */
export async function* readLines(file: NamedFile): Lines {
  let rest = new Uint8Array();
  let number = 0, position = 0;
  const decode = (line: Uint8Array) => {
    number++;
    const text = decodeLine(line, file.name, number, position);
    position += line.length + 1;
    return text;
  };
  for await (const chunk of readBytes(file)) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(10, start);
      if (end < 0) break;
      const line = chunk.subarray(start, end);
      yield decode(rest.length > 0 ? concat([rest, line]) : line);
      rest = new Uint8Array();
      start = end + 1;
    }
    rest = concat([rest, chunk.subarray(start)]);
    if (rest.length >= MAXIMUM_LINE_BYTES) decode(rest);
  }
  if (rest.length > 0) yield decode(rest);
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeLine(
  line: Uint8Array,
  name: string,
  number: number,
  position: number,
): string {
  const fault = (what: string) =>
    inputError(`Cannot use "${name}": ${what}, expected UTF-8 text.`);
  const zero = line.indexOf(0);
  if (zero >= 0) {
    throw fault(`line ${number} has a NUL at byte ${position + zero}`);
  }
  if (line.length >= MAXIMUM_LINE_BYTES) {
    throw inputError(
      `Cannot use "${name}": line ${number} has ${MAXIMUM_LINE_BYTES} bytes or more, expected a sentence a line.`,
    );
  }
  let text: string;
  try {
    text = strict.decode(line);
  } catch {
    throw fault(
      `line ${number} has invalid UTF-8 at byte ${
        position + firstInvalid(line)
      }`,
    );
  }
  if (number === 1 && text.startsWith("\ufeff")) text = text.slice(1);
  return text.endsWith("\r") ? text.slice(0, -1) : text;
}

/** Index of the first byte that no UTF-8 text has there. */
function firstInvalid(bytes: Uint8Array): number {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  const encoder = new TextEncoder();
  let index = 0;
  for (const valid of text.split("\ufffd")) {
    index += encoder.encode(valid).length;
    const written = bytes[index] === 0xef && bytes[index + 1] === 0xbf &&
      bytes[index + 2] === 0xbd;
    if (!written) break;
    index += 3;
  }
  return index;
}

/** The bytes of a file, decompressed where they are gzip or zstd. */
export async function* readBytes(file: NamedFile): Bytes {
  let compression: Compression | undefined;
  try {
    const chunks = file.member === undefined
      ? readFile(file)
      : readMember(file.path, zipName(file, file.member), file.member);
    const { value: first } = await chunks.next();
    compression = COMPRESSIONS.find(({ begins }) =>
      first !== undefined && begins(first)
    );
    const named = COMPRESSIONS.find(({ ending }) => file.name.endsWith(ending));
    if (compression === undefined && named !== undefined) {
      await chunks.return(undefined);
      throw new Error(`it does not start as ${named.name} does`);
    }
    const all = startingWith(first, chunks);
    if (compression === undefined) return yield* all;
    yield* compression.decompress(all);
  } catch (error) {
    throw compression !== undefined
      ? inputError(
        `Cannot decompress "${file.name}": its ${compression.name} is broken (${
          reasonOf(error)
        }); make or fetch the file again.`,
      )
      : isInputError(error)
      ? error
      : unreadable(file.name)(reasonOf(error));
  }
}

/** The name of the zip that a member is of. */
function zipName({ name }: NamedFile, member: string): string {
  return name.slice(0, -`/${member}`.length);
}

async function* startingWith(
  first: Uint8Array | undefined,
  rest: Bytes,
): Bytes {
  try {
    if (first !== undefined) yield first;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

async function* readFile({ path, name }: NamedFile): Bytes {
  using handle = openInput(path, unreadable(name));
  for (;;) {
    const buffer = new Uint8Array(1 << 16);
    const count = await handle.read(buffer);
    if (count === null) return;
    yield buffer.subarray(0, count);
  }
}

function unreadable(name: string): Refuse {
  return (reason) => inputError(`Cannot read "${name}": ${reason}.`);
}
