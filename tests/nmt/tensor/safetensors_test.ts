/** Tests of the file format: what is written is read back, by others too, and damage is always noticed. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { isInputError } from "../../../base/input_error.ts";
import {
  readSafetensors,
  readSafetensorsHeader,
  writeSafetensors,
} from "../../../nmt/tensor/safetensors.ts";
import { bytesOf, EVERY_DTYPE, METADATA, WHAT, withPath } from "./stored.ts";

/** A file of the given header, as text or as the object it is made from, and data bytes. */
function fileOf(
  header: string | Uint8Array | object,
  data: number,
): Uint8Array {
  const json = header instanceof Uint8Array ? header : new TextEncoder().encode(
    typeof header === "string" ? header : JSON.stringify(header),
  );
  const file = new Uint8Array(8 + json.length + data);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

function assertRefused(path: string, fault: string): void {
  for (const read of [readSafetensors, readSafetensorsHeader]) {
    const error = assertThrows(() => read(path, WHAT), Error, fault);
    assert(isInputError(error), `${error.stack}`);
    const begin = `Cannot read ${WHAT} from "${path}": `;
    assertEquals(error.message.slice(0, begin.length), begin);
    assertEquals(error.message.includes("\n"), false);
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

Deno.test("a view into a larger buffer is written alone", () =>
  withPath((path) => {
    const data = Int32Array.of(1, 2, 3, 4).subarray(1, 3);
    writeSafetensors(path, { view: { shape: [2], data } });
    assertEquals(
      readSafetensors(path, WHAT).tensors.view.data,
      Int32Array.of(2, 3),
    );
  }));

Deno.test("equal tensors give equal bytes, and the header is what the format says", () =>
  withPath((path) => {
    writeSafetensors(path, { a: { shape: [2], data: Uint8Array.of(9, 8) } }, {
      k: "v",
    });
    const first = Deno.readFileSync(path);
    const json =
      '{"__metadata__":{"k":"v"},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}';
    const padded = json.padEnd(Math.ceil(json.length / 8) * 8);
    const expected = fileOf(padded, 2);
    expected.set([9, 8], expected.length - 2);
    assertEquals(first, expected);
    writeSafetensors(path, { a: { shape: [2], data: Uint8Array.of(9, 8) } }, {
      k: "v",
    });
    assertEquals(Deno.readFileSync(path), first);
  }));

Deno.test("the header alone says where each tensor lies", () =>
  withPath((path) => {
    writeSafetensors(path, EVERY_DTYPE, METADATA);
    const { ranges, metadata } = readSafetensorsHeader(path, WHAT);
    assertEquals(metadata, METADATA);
    const { dtype, shape, position, bytes } = ranges.half;
    assertEquals({ dtype, shape, bytes }, {
      dtype: "F16",
      shape: [3, 1],
      bytes: 6,
    });
    const file = Deno.readFileSync(path);
    assertEquals(
      file.slice(position, position + bytes),
      bytesOf(EVERY_DTYPE.half.data),
    );
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
    const error = assertThrows(
      () => writeSafetensors(`${path}/none/model`, {}),
      Error,
      `Cannot write "${path}/none/model": No such file or directory.`,
    );
    assert(isInputError(error));
  }));

Deno.test({
  name: "a full disk is named, and nothing is left of the file",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withPath((path) => {
      Deno.symlinkSync("/dev/full", `${path}.tmp`);
      const error = assertThrows(
        () => writeSafetensors(path, EVERY_DTYPE),
        Error,
        `Cannot write "${path}": No space left on device.`,
      );
      assert(isInputError(error));
      const folder = path.slice(0, path.lastIndexOf("/"));
      assertEquals([...Deno.readDirSync(folder)].length, 0);
    }),
});

const F32 = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
const faults: Record<string, { file: Uint8Array; fault: string }> = {
  "empty file": {
    file: new Uint8Array(0),
    fault: "expected at least 8 bytes, found 0",
  },
  "cut header length": {
    file: new Uint8Array(7),
    fault: "expected at least 8 bytes, found 7",
  },
  "header length beyond the file": {
    file: fileOf({ a: F32 }, 8).slice(0, 20),
    fault: "bytes does not fit its 20 bytes",
  },
  "absurd header length": {
    file: new Uint8Array(64).fill(255),
    fault: "a header of 18446744073709551615 bytes does not fit",
  },
  "header of no JSON": {
    file: fileOf('{"a":', 8),
    fault: "the header is no JSON",
  },
  "header of invalid UTF-8": {
    file: fileOf(Uint8Array.of(0x22, 0xff, 0x22), 0),
    fault: "the header is no JSON",
  },
  "header of no object": {
    file: fileOf("[1]", 8),
    fault: "the header is no JSON object",
  },
  "null header": {
    file: fileOf("null", 8),
    fault: "the header is no JSON object",
  },
  "metadata of no texts": {
    file: fileOf({ __metadata__: { n: 1 }, a: F32 }, 8),
    fault: "__metadata__ is no record of texts",
  },
  "unknown dtype": {
    file: fileOf({ a: { ...F32, dtype: "F99" } }, 8),
    fault: 'tensor "a": expected dtype F32, F16, I32, U16, U8, found F99',
  },
  "inherited name as dtype": {
    file: fileOf({ a: { ...F32, dtype: "toString" } }, 8),
    fault: "found toString",
  },
  "missing offsets": {
    file: fileOf({ a: { dtype: "F32", shape: [2] } }, 8),
    fault: 'tensor "a" lacks a valid dtype, shape or data_offsets',
  },
  "negative offset": {
    file: fileOf({ a: { ...F32, data_offsets: [-8, 0] } }, 8),
    fault: 'tensor "a" lacks a valid',
  },
  "negative extent": {
    file: fileOf({ a: { ...F32, shape: [-2] } }, 8),
    fault: 'tensor "a" lacks a valid',
  },
  "fractional extent": {
    file: fileOf({ a: { ...F32, shape: [0.5] } }, 8),
    fault: 'tensor "a" lacks a valid',
  },
  "reversed offsets": {
    file: fileOf({ a: { ...F32, data_offsets: [8, 0] } }, 8),
    fault: "F32 of shape [2] takes 8 bytes, found -8",
  },
  "shape of another size": {
    file: fileOf({ a: { ...F32, shape: [3] } }, 8),
    fault: 'tensor "a": F32 of shape [3] takes 12 bytes, found 8',
  },
  "overlapping tensors": {
    file: fileOf({ a: F32, b: { ...F32, data_offsets: [4, 12] } }, 12),
    fault: 'tensor "b" overlaps the bytes before it',
  },
  "gap between tensors": {
    file: fileOf({ a: F32, b: { ...F32, data_offsets: [12, 20] } }, 20),
    fault: 'tensor "b" leaves a gap after the bytes before it',
  },
  "offsets out of range": {
    file: fileOf({
      a: F32,
      b: { dtype: "F32", shape: [1000], data_offsets: [8, 4008] },
    }, 12),
    fault: "truncated: ",
  },
  "data cut by one byte": { file: fileOf({ a: F32 }, 7), fault: "truncated: " },
  "bytes after the data": {
    file: fileOf({ a: F32 }, 9),
    fault: "1 bytes follow the last tensor",
  },
  "a text file": {
    file: new TextEncoder().encode("source sentence\ttarget sentence\n"),
    fault: "does not fit its 32 bytes",
  },
};

for (const [name, { file, fault }] of Object.entries(faults)) {
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
