/** Event files of TensorBoard: a model's values as records with checksums, as TFRecord has them. */
import { Buffer } from "node:buffer";
import { join } from "@std/path";
import { writeFile } from "../places.ts";
import { encoded } from "./messages.ts";
import { nameOf, TAGS, type Training } from "./values.ts";

/** Writes a folder for each model, `SYSTEM@SEED`; returns the paths of its files. Equal values give equal bytes. */
export function writeEventFiles(
  folder: string,
  trainings: readonly Training[],
): string[] {
  return trainings.map((training) => {
    const path = join(folder, nameOf(training), "events.out.tfevents.0.ckd");
    // The values have a step and no time.
    const at = { wall_time: 0 };
    const events = [
      { ...at, file_version: "brain.Event:2" },
      ...training.values.map(({ step, name, value }) => ({
        ...at,
        step,
        summary: { value: [{ tag: TAGS[name], simple_value: value }] },
      })),
    ];
    const records = events.map((event) => record(encoded("Event", event)));
    writeFile(path, Buffer.concat(records));
    return path;
  });
}

/** A TFRecord: length, its checksum, the bytes, their checksum. */
function record(bytes: Uint8Array): Uint8Array {
  const length = Buffer.alloc(8);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, checksum(length), bytes, checksum(bytes)]);
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
  const masked = Buffer.alloc(4);
  masked.writeUInt32LE((crc >>> 15 | crc << 17) + 0xa282ead8 >>> 0);
  return masked;
}
