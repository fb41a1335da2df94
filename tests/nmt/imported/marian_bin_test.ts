/** Tests of Marian's `.bin` files: floats and integers are read, and damage is always noticed. */
import { assertEquals } from "@std/assert";
import { readMarianBin } from "../../../nmt/imported/marian_bin.ts";
import { type Bytes, partsOf } from "../../../nmt/imported/parts.ts";
import { assertInputError } from "../../fixtures/input_error.ts";
import {
  bin,
  type BinArray,
  counting,
  FLOAT32,
  floats,
  INT8,
  integers,
  INTGEMM8,
} from "./made.ts";

const WHAT = `the model "m.bin"`;
function read(bytes: Bytes, only?: string) {
  return readMarianBin(partsOf(bytes), WHAT, only);
}

const BIAS = floats({ shape: [1, 2], data: Float32Array.of(0.5, -1) });

Deno.test("floats, text and integers are read, matrices of integers as they are multiplied with", () => {
  const arrays = read(
    bin({
      Wemb: integers([2, 3], [1, 2, 3, 4, 5, 6], 2),
      Wemb_QuantMultA: integers([1, 1], [127], 1),
      // The columns of [2, 3], one after the other.
      layer_Wq: integers([2, 3], [1, 4, 2, 5, 3, -6], 4),
      layer_bq: BIAS,
      none_QuantMultA: floats({ shape: [1, 1], data: Float32Array.of(NaN) }),
      "special:model.yml": {
        type: INT8,
        shape: [2],
        bytes: Uint8Array.of(97, 0, 0, 0),
      },
    }),
  );
  assertEquals(Object.fromEntries(arrays), {
    Wemb: { shape: [2, 3], data: Float32Array.of(0.5, 1, 1.5, 2, 2.5, 3) },
    layer_Wq: {
      shape: [2, 3],
      data: Float32Array.of(0.25, 0.5, 0.75, 1, 1.25, -1.5),
    },
    layer_bq: { shape: [1, 2], data: Float32Array.of(0.5, -1) },
    "special:model.yml": { shape: [2], data: Int8Array.of(97, 0) },
  });
});

function typed(type: number): BinArray {
  return { type, shape: [2, 2], bytes: new Uint8Array(64) };
}

const good = bin({ b: BIAS });
for (
  const [name, bytes, part] of [
    ["nothing", new Uint8Array(), "truncated"],
    [
      "another version",
      bin({ b: BIAS }, { version: 2 }),
      "expected version 1, found 2",
    ],
    [
      "a huge number of arrays",
      bin({ b: BIAS }, { count: 2 ** 40 }),
      "its arrays, found 1099511627776",
    ],
    [
      "more arrays than the file has room for",
      bin({ b: BIAS }, { count: 5000 }),
      "expected 5000 arrays",
    ],
    [
      "a file cut short",
      good.slice(0, -1),
      `truncated: "b" takes 8 bytes where 7 are left`,
    ],
    [
      "bytes after the last array",
      new Uint8Array([...good, 0]),
      "1 bytes follow its last array",
    ],
    [
      "an array smaller than its shape",
      bin({ b: { ...BIAS, shape: [3, 2] } }),
      "expected 24 bytes for shape [3,2]",
    ],
    [
      "an array of a negative size",
      bin({ b: { ...BIAS, shape: [-1, 2] } }),
      "for shape [-1,2]",
    ],
    [
      "a value that is no number",
      bin({ b: floats({ shape: [1], data: Float32Array.of(NaN) }) }),
      `"b", found NaN at position 0`,
    ],
    [
      "a multiplier of zero",
      bin({ W: integers([1, 1], [1], 0) }),
      `multiplier above 0 of "W", found 0`,
    ],
    [
      "16-bit integers",
      bin({ W: typed(0x4102) }),
      "16-bit integers of intgemm (type 0x4102)",
    ],
    [
      "integers for one kind of processor",
      bin({ W: typed(0x14101) }),
      "one kind of processor (type 0x14101)",
    ],
    [
      "packed numbers of FBGEMM",
      bin({ W: typed(0x1801) }),
      "FBGEMM (type 0x1801)",
    ],
    [
      "64-bit floats",
      bin({ W: typed(0x408) }),
      `"marian-conv --gemm-type intgemm8"`,
    ],
    [
      "an untied matrix of the output in integers",
      bin({ decoder_ff_logit_out_Wt: typed(INTGEMM8) }),
      "found 8-bit integers",
    ],
    [
      "a name without its end",
      good.map((byte, i) => i === 49 ? 65 : byte),
      "zero byte after the name",
    ],
  ] as const
) {
  Deno.test(`${name} is refused in one sentence`, () => {
    assertInputError(
      () => read(bytes),
      `Cannot read ${WHAT}: `,
      part,
    );
  });
}

Deno.test("an array that is there twice is refused", () => {
  // Two names of one letter; the second is made equal to the first.
  const bytes = bin({ a: BIAS, b: floats(counting([1, 2])) });
  bytes[16 + 2 * 32 + 2] = "a".charCodeAt(0);
  assertInputError(() => read(bytes), `found "a" twice`);
});

Deno.test("floats may be followed by padding", () => {
  const padded = { type: FLOAT32, shape: [1], bytes: new Uint8Array(256) };
  assertEquals(
    read(bin({ b: padded })).get("b")?.data,
    new Float32Array(1),
  );
});

Deno.test("one array is read alone, whatever the others hold", () => {
  const bytes = bin({
    W: typed(0x408),
    b: BIAS,
    c: floats({ shape: [1], data: Float32Array.of(NaN) }),
  });
  assertEquals(Object.keys(Object.fromEntries(read(bytes, "b"))), ["b"]);
});
