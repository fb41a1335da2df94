/** Event files of TensorBoard: a run's values as records of protocol buffers with checksums, as TFRecord has them. */
import { join } from "@std/path";
import { writeFile } from "../places.ts";
import type { Value } from "./values.ts";

/** Writes a folder for each run, `SYSTEM@SEED`; returns the paths of its files. Equal values give equal bytes. */
export function writeEventFiles(
  folder: string,
  values: readonly Value[],
): string[] {
  const runs = Map.groupBy(
    values,
    ({ system, seed }) => seed === undefined ? system : `${system}@${seed}`,
  );
  return [...runs].map(([run, values]) => {
    const path = join(folder, run, "events.out.tfevents.0.ckd");
    const events = [versionEvent(), ...values.map(valueEvent)];
    writeFile(path, concatenated(events.map(record)));
    return path;
  });
}

/** Wire types of protocol buffers. */
const VARINT = 0, DOUBLE = 1, BYTES = 2, FLOAT = 5;

/** `Event.file_version`, which the first record has. */
function versionEvent(): Uint8Array {
  return concatenated([wallTime(), text(3, "brain.Event:2")]);
}

/** `Event.step` and `Event.summary`, with one `Summary.Value` of a tag and a simple value. */
function valueEvent({ step, name, value }: Value): Uint8Array {
  const simple = new DataView(new ArrayBuffer(4));
  simple.setFloat32(0, value, true);
  const scalar = concatenated([
    text(1, `validation/${name}`),
    [key(2, FLOAT)],
    new Uint8Array(simple.buffer),
  ]);
  const summary = delimited(5, delimited(1, scalar));
  return concatenated([wallTime(), [key(2, VARINT)], varint(step), summary]);
}

/** `Event.wall_time`: 0, as the values have a step and no time. */
function wallTime(): Uint8Array {
  return Uint8Array.of(key(1, DOUBLE), ...new Uint8Array(8));
}

function key(field: number, type: number): number {
  return field << 3 | type;
}

function text(field: number, value: string): Uint8Array {
  return delimited(field, new TextEncoder().encode(value));
}

function delimited(field: number, bytes: Uint8Array): Uint8Array {
  return concatenated([[key(field, BYTES)], varint(bytes.length), bytes]);
}

function varint(value: number): number[] {
  return value < 128
    ? [value]
    : [value % 128 | 128, ...varint(Math.floor(value / 128))];
}

/** A TFRecord: length, its checksum, the bytes, their checksum. */
function record(bytes: Uint8Array): Uint8Array {
  const length = new DataView(new ArrayBuffer(8));
  length.setUint32(0, bytes.length, true);
  const head = new Uint8Array(length.buffer);
  return concatenated([head, checksum(head), bytes, checksum(bytes)]);
}

/** The masked CRC-32C of some bytes. */
function checksum(bytes: Uint8Array): Uint8Array {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 1 ? crc >>> 1 ^ 0x82f63b78 : crc >>> 1;
    }
  }
  crc = ~crc;
  const masked = new DataView(new ArrayBuffer(4));
  masked.setUint32(0, (crc >>> 15 | crc << 17) + 0xa282ead8, true);
  return new Uint8Array(masked.buffer);
}

function concatenated(
  parts: readonly (Uint8Array | readonly number[])[],
): Uint8Array {
  const length = parts.reduce((sum, { length }) => sum + length, 0);
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
