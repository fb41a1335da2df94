/** Tests of the file format: what is written is read back, by others too, and damage is always noticed. */
import { assertEquals, assertThrows } from "@std/assert";
import {
  readSafetensors,
  readSafetensorsHeader,
  writeSafetensors,
} from "../../../nmt/tensor/safetensors.ts";
import { assertInputError } from "../../fixtures/input_error.ts";
import { bytesOf, EVERY_DTYPE, METADATA, WHAT, withPath } from "./stored.ts";

/** A file of the given header, as text or as the object it is made from, and data bytes. */
function fileOf(header: string | object, data: number): Uint8Array {
  const json = new TextEncoder().encode(
    typeof header === "string" ? header : JSON.stringify(header),
  );
  const file = new Uint8Array(8 + json.length + data);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

function assertRefused(path: string, fault: string): void {
  for (const read of [readSafetensors, readSafetensorsHeader]) {
    assertInputError(
      () => read(path, WHAT),
      `Cannot read ${WHAT} from "${path}": `,
      fault,
    );
  }
}

Deno.test("tensors of every dtype and the metadata are read back as written", () =>
  withPath((path) => {
    writeSafetensors(path, EVERY_DTYPE, METADATA);
    const { tensors, metadata } = readSafetensors(path, WHAT);
    assertEquals(metadata, METADATA);
    assertEquals(Object.keys(tensors), Object.keys(EVERY_DTYPE));
    for (const [name, { shape, data }] of Object.entries(EVERY_DTYPE)) {
      assertEquals(tensors[name].shape, shape);
      assertEquals(tensors[name].data.constructor, data.constructor);
      assertEquals(
        new Uint8Array(tensors[name].data.buffer),
        bytesOf(data),
        name,
      );
    }
  }));

Deno.test("the header is what the format says, and of a view into a larger buffer the view alone is written", () =>
  withPath((path) => {
    const data = Uint8Array.of(7, 9, 8, 7).subarray(1, 3);
    writeSafetensors(path, { a: { shape: [2], data } }, { k: "v" });
    const json =
      '{"__metadata__":{"k":"v"},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}';
    const expected = fileOf(json.padEnd(Math.ceil(json.length / 8) * 8), 2);
    expected.set([9, 8], expected.length - 2);
    assertEquals(Deno.readFileSync(path), expected);
  }));

Deno.test("no temporary file is left, and an overwritten file is whole", () =>
  withPath((path) => {
    writeSafetensors(path, EVERY_DTYPE);
    writeSafetensors(path, { a: { shape: [1], data: Float32Array.of(1) } });
    assertEquals(Object.keys(readSafetensors(path, WHAT).tensors), ["a"]);
    const folder = path.slice(0, path.lastIndexOf("/"));
    assertEquals([...Deno.readDirSync(folder)].map((entry) => entry.name), [
      "model.safetensors",
    ]);
  }));

Deno.test("a shape that disagrees with its values, or a reserved name, is not written", () =>
  withPath((path) => {
    const data = Float32Array.of(1, 2);
    assertThrows(
      () => writeSafetensors(path, { a: { shape: [3], data } }),
      Error,
      "has 3 values, found 2",
    );
    assertThrows(
      () => writeSafetensors(path, { __metadata__: { shape: [2], data } }),
      Error,
      "reserved",
    );
    assertThrows(() => Deno.statSync(path), Deno.errors.NotFound);
  }));

Deno.test("a file that cannot be written is named with the system's reason", () =>
  withPath((path) => {
    assertInputError(
      () => writeSafetensors(`${path}/none/model`, {}),
      `Cannot write "${path}/none/model": No such file or directory.`,
    );
  }));

Deno.test({
  name: "a full disk is named, and nothing is left of the file",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withPath((path) => {
      Deno.symlinkSync("/dev/full", `${path}.tmp`);
      assertInputError(
        () => writeSafetensors(path, EVERY_DTYPE),
        `Cannot write "${path}": No space left on device.`,
      );
      const folder = path.slice(0, path.lastIndexOf("/"));
      assertEquals([...Deno.readDirSync(folder)].length, 0);
    }),
});

const F32 = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
const FAULTS: Readonly<Record<string, readonly [Uint8Array, string]>> = {
  "absurd header length": [
    new Uint8Array(64).fill(255),
    "a header of 18446744073709551615 bytes does not fit",
  ],
  "header of no JSON": [fileOf('{"a":', 8), "the header is no JSON"],
  "header of no object": [fileOf("[1]", 8), "the header is no JSON object"],
  "metadata of no texts": [
    fileOf({ __metadata__: { n: 1 }, a: F32 }, 8),
    "__metadata__ is no record of texts",
  ],
  "unknown dtype": [
    fileOf({ a: { ...F32, dtype: "F99" } }, 8),
    'tensor "a": expected dtype F32, F16, I32, U16, U8, found F99',
  ],
  "inherited name as dtype": [
    fileOf({ a: { ...F32, dtype: "toString" } }, 8),
    "found toString",
  ],
  "missing offsets": [
    fileOf({ a: { dtype: "F32", shape: [2] } }, 8),
    'tensor "a" lacks a valid dtype, shape or data_offsets',
  ],
  "negative extent": [
    fileOf({ a: { ...F32, shape: [-2] } }, 8),
    'tensor "a" lacks a valid',
  ],
  "reversed offsets": [
    fileOf({ a: { ...F32, data_offsets: [8, 0] } }, 8),
    "F32 of shape [2] takes 8 bytes, found -8",
  ],
  "shape of another size": [
    fileOf({ a: { ...F32, shape: [3] } }, 8),
    'tensor "a": F32 of shape [3] takes 12 bytes, found 8',
  ],
  "overlapping tensors": [
    fileOf({ a: F32, b: { ...F32, data_offsets: [4, 12] } }, 12),
    'tensor "b" overlaps the bytes before it',
  ],
  "gap between tensors": [
    fileOf({ a: F32, b: { ...F32, data_offsets: [12, 20] } }, 20),
    'tensor "b" leaves a gap after the bytes before it',
  ],
  "offsets out of range": [
    fileOf({
      a: F32,
      b: { dtype: "F32", shape: [1000], data_offsets: [8, 4008] },
    }, 12),
    "truncated: ",
  ],
  "bytes after the data": [
    fileOf({ a: F32 }, 9),
    "1 bytes follow the last tensor",
  ],
};

for (const [name, [file, fault]] of Object.entries(FAULTS)) {
  Deno.test(`damage is named: ${name}`, () =>
    withPath((path) => {
      Deno.writeFileSync(path, file);
      assertRefused(path, fault);
    }));
}

Deno.test("a file cut at any byte is refused", () =>
  withPath((path) => {
    writeSafetensors(path, EVERY_DTYPE, METADATA);
    const whole = Deno.readFileSync(path);
    for (let length = 0; length < whole.length; length++) {
      Deno.writeFileSync(path, whole.subarray(0, length));
      assertRefused(path, "");
    }
  }));

Deno.test("a missing file and a folder are named", () =>
  withPath((path) => {
    assertRefused(path, "No such file or directory");
    Deno.mkdirSync(path);
    assertRefused(path, "it is no regular file");
  }));
