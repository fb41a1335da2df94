/** Tests of `.npz` files: arrays of every supported type are read, and damage is always noticed. */
import { assertEquals } from "@std/assert";
import { readNpz } from "../../../nmt/imported/npz.ts";
import { assertInputError } from "../../fixtures/input_error.ts";
import { type MadeArrays, npy, npz, zip } from "./made.ts";

const WHAT = `the model "m.npz"`;
const ARRAYS: MadeArrays = {
  W: { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6.5) },
  b: { shape: [1, 2], data: Float32Array.of(-1, 0) },
  "special:model.yml": { shape: [3], data: Int8Array.of(97, 58, 0) },
};

for (const [name, method] of [["stored", 0], ["deflated", 8]] as const) {
  Deno.test(`arrays that are ${name} are read as they were`, () => {
    assertEquals(
      Object.fromEntries(readNpz(npz(ARRAYS, method), WHAT)),
      ARRAYS,
    );
  });
}

Deno.test("16-bit and 64-bit floats become 32-bit floats", () => {
  const arrays = readNpz(
    npz({
      half: { shape: [2], data: Float16Array.of(0.5, -2) },
      double: { shape: [], data: Float64Array.of(0.25) },
    }),
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
    assertInputError(() => readNpz(bytes, WHAT), `Cannot read ${WHAT}: `, part);
  });
}

Deno.test("no byte of an archive can be changed without an error or the same arrays", () => {
  for (let position = 0; position < good.length; position += 7) {
    try {
      assertEquals(
        [...readNpz(changed(position, good[position] ^ 0x55), WHAT).values()],
        Object.values(ARRAYS),
      );
    } catch (error) {
      if (!(error instanceof Error && error.name === "InputError")) throw error;
    }
  }
});
