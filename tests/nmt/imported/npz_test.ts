/** Tests of `.npz` files: arrays of every supported type are read, and damage is always noticed. */
import { assertEquals } from "@std/assert";
import { readNpz } from "../../../nmt/imported/npz.ts";
import { partsOf } from "../../../nmt/imported/parts.ts";
import { assertInputError } from "../../fixtures/input_error.ts";
import {
  joined,
  type MadeArrays,
  npy,
  npz,
  numbers,
  text,
  zip,
} from "./made.ts";

const WHAT = `the model "m.npz"`;
const ARRAYS: MadeArrays = {
  W: { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6.5) },
  b: { shape: [1, 2], data: Float32Array.of(-1, 0) },
  "special:model.yml": { shape: [3], data: Int8Array.of(97, 58, 0) },
};

for (const [name, method] of [["stored", 0], ["deflated", 8]] as const) {
  Deno.test(`arrays that are ${name} are read as they were`, () => {
    assertEquals(
      Object.fromEntries(readNpz(partsOf(npz(ARRAYS, method)), WHAT)),
      ARRAYS,
    );
  });
}

Deno.test("16-bit and 64-bit floats become 32-bit floats", () => {
  const arrays = readNpz(
    partsOf(npz({
      half: { shape: [2], data: Float16Array.of(0.5, -2) },
      double: { shape: [], data: Float64Array.of(0.25) },
    })),
    WHAT,
  );
  assertEquals(arrays.get("half")?.data, Float32Array.of(0.5, -2));
  assertEquals(arrays.get("double"), {
    shape: [],
    data: Float32Array.of(0.25),
  });
});

/** An archive of one array with another header. */
function withHeader(header: string) {
  return zip({ "W.npy": npy(ARRAYS.W, header) });
}

function header(descr: string, order: string, shape: string) {
  return `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }`;
}

const good = npz(ARRAYS);

/** A copy of the good archive with a byte changed; negative positions count from the end. */
function changed(position: number, value: number) {
  const bytes = good.slice();
  bytes[position < 0 ? bytes.length + position : position] = value;
  return bytes;
}

for (
  const [name, bytes, part] of [
    ["text", new TextEncoder().encode("no archive"), "found none"],
    ["nothing", new Uint8Array(), "found none"],
    ["a file cut short", good.slice(0, 300), "found none"],
    ["its end alone", good.slice(-22), "does not fit the file"],
    [
      "a checksum that differs",
      zip({ "W.npy": npy(ARRAYS.W) }, { crc: 1 }),
      `checksum of "W.npy" differs`,
    ],
    [
      "an unknown packing",
      zip({ "W.npy": npy(ARRAYS.W) }, { method: 12 }),
      "method 12",
    ],
    ["a moved file", changed(0, 0), "is not where the directory says"],
    [
      "an archive of the 64-bit format",
      changed(-14, 0xff).fill(0xff, -10, -2),
      "less than 4 GB",
    ],
    [
      "a file that is no array",
      zip({ "W.npy": new Uint8Array(40) }),
      `numpy in "W"`,
    ],
    [
      "a pickle",
      withHeader(header("'|O'", "False", "(2, 3)")),
      "Python objects (a pickle)",
    ],
    [
      "big-endian numbers",
      withHeader(header("'>f4'", "False", "(2, 3)")),
      "found >f4",
    ],
    [
      "64-bit integers",
      withHeader(header("'<i8'", "False", "(2, 3)")),
      "found <i8",
    ],
    [
      "records",
      withHeader(header("[('a', '<f4')]", "False", "(2, 3)")),
      `header of an array in "W"`,
    ],
    ["columns", withHeader(header("'<f4'", "True", "(2, 3)")), "fortran_order"],
    [
      "a larger shape",
      withHeader(header("'<f4'", "False", "(2000000, 3)")),
      "expected 24000000 bytes",
    ],
    [
      "a value that is no number",
      npz({ W: { shape: [2], data: Float32Array.of(1, NaN) } }),
      `"W", found NaN at position 1`,
    ],
    [
      "an infinite value",
      npz({ W: { shape: [1], data: Float32Array.of(-Infinity) } }),
      "found -Infinity",
    ],
  ] as const
) {
  Deno.test(`${name} is refused in one sentence`, () => {
    assertInputError(
      () => readNpz(partsOf(bytes), WHAT),
      `Cannot read ${WHAT}: `,
      part,
    );
  });
}

Deno.test("an archive that unpacks into more than any model has is refused before it is unpacked, zeros of a usual size are not", () => {
  const zeros = (size: number) =>
    partsOf(npz({ W: { shape: [size], data: new Float32Array(size) } }, 8));
  assertEquals(readNpz(zeros(250_000), WHAT).get("W")?.shape, [250_000]);
  assertInputError(
    () => readNpz(zeros(1_000_000), WHAT),
    `of "W.npy", which is packed into `,
    "found 4000128",
  );
  const many = directoryOf(40, 250_000_000, 250_000_000);
  assertInputError(
    () => readNpz(partsOf(many), WHAT),
    "expected at most 8589934592 bytes of arrays, found 10000000000",
  );
});

/** The end of an archive whose directory lists files of some sizes. */
function directoryOf(count: number, packed: number, size: number) {
  const entry = joined(
    numbers(4, 0x02014b50),
    numbers(2, 20, 20, 0, 8, 0, 0),
    numbers(4, 0, packed, size),
    numbers(2, 1, 0, 0, 0, 0),
    numbers(4, 0, 0),
    text("W"),
  );
  const directory = joined(...new Array(count).fill(entry));
  return joined(
    directory,
    numbers(4, 0x06054b50),
    numbers(2, 0, 0, count, count),
    numbers(4, directory.length, 0),
    numbers(2, 0),
  );
}

Deno.test("one array is read alone, whatever the others hold", () => {
  const arrays = readNpz(
    partsOf(zip({
      "W.npy": new Uint8Array(40),
      "special:model.yml.npy": npy(ARRAYS["special:model.yml"]),
    })),
    WHAT,
    "special:model.yml",
  );
  assertEquals([...arrays.keys()], ["special:model.yml"]);
});

Deno.test("values are read in their place where their type may begin there", () => {
  for (const padding of [117, 118]) {
    const odd = npy(
      ARRAYS.W,
      header("'<f4'", "False", "(2, 3)").padEnd(padding),
    );
    for (const method of [0, 8]) {
      const arrays = readNpz(partsOf(zip({ "W.npy": odd }, { method })), WHAT);
      assertEquals(arrays.get("W"), ARRAYS.W);
    }
  }
});

Deno.test("no byte of an archive can be changed without an error or the same arrays", () => {
  for (let position = 0; position < good.length; position += 7) {
    try {
      assertEquals(
        [
          ...readNpz(partsOf(changed(position, good[position] ^ 0x55)), WHAT)
            .values(),
        ],
        Object.values(ARRAYS),
      );
    } catch (error) {
      if (!(error instanceof Error && error.name === "InputError")) throw error;
    }
  }
});
