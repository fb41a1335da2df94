/** Quantized matrices and products on every runtime, and translation in 8-bit integers against floats. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { createTranslator } from "../../../nmt/decoding/beam_search.ts";
import { random } from "../../../nmt/random.ts";
import type { Program } from "../../../nmt/tensor/program.ts";
import {
  dequantize,
  quantize,
  quantizedProduct,
  transposed,
} from "../../../nmt/tensor/quantization.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { randomModel, randomSources } from "../fixtures/plain_search.ts";

const RUNTIMES = ["onnx", "reference"] as const;

Deno.test("a quantized matrix is off by half a level of its column at most, and its extremes are exact", () => {
  const next = random("matrix", 1);
  const rows = 7, columns = 5;
  const matrix = Float32Array.from(
    { length: rows * columns },
    (_, i) => i % columns === 3 ? 0 : (next() - 0.5) * 10 ** (i % columns),
  );
  const quantized = quantize(matrix, columns);
  const back = dequantize(quantized);
  for (let column = 0; column < columns; column++) {
    const own = matrix.filter((_, i) => i % columns === column);
    const greatest = Math.max(...own.map(Math.abs));
    assertAlmostEquals(
      quantized.scales[column],
      greatest / 127,
      1e-6 * greatest,
    );
    own.forEach((value, row) => {
      const error = Math.abs(value - back[row * columns + column]);
      assert(error <= greatest / 127 * 0.5001);
      if (Math.abs(value) === greatest) assert(error <= 1e-6 * greatest);
    });
  }
  assertEquals(quantize(back, columns).codes, quantized.codes);
  assertEquals(
    transposed(Float32Array.of(1, 2, 3, 4, 5, 6), 3),
    Float32Array.of(1, 4, 2, 5, 3, 6),
  );
});

for (const maps of [1, 2, 3]) {
  Deno.test(`${maps} maps side by side that were quantized before keep their codes and scales`, () => {
    const next = random("codes", maps);
    const rows = 5, width = 4, columns = maps * width;
    const steps = [0.03, 0.0007, 1.9].slice(0, maps);
    const codes = Array.from(
      { length: rows * columns },
      () => Math.round(254 * next()) - 127,
    );
    // A code of 1 and one of 127 in each map, so that its step can be told.
    steps.forEach((_, map) => {
      codes[map * width] = 1;
      codes[map * width + 1] = -127;
    });
    const stepOf = (i: number) => steps[Math.floor(i % columns / width)];
    const matrix = Float32Array.from(codes, (code, i) => code * stepOf(i));
    const found = quantize(matrix, columns);
    assertEquals([...new Int8Array(found.codes.buffer)], codes);
    found.scales.forEach((scale, column) =>
      assertAlmostEquals(scale / stepOf(column), 1, 1e-6)
    );
  });
}

Deno.test("a quantized product is the product of what was rounded, on every runtime", async () => {
  const next = random("product", 2);
  const rows = 6, inner = 32, columns = 9;
  const draw = (count: number) =>
    Float32Array.from({ length: count }, () => next() - 0.4);
  const x = draw(rows * inner), matrix = draw(inner * columns);
  const bias = draw(columns);
  const { codes, scales } = quantize(matrix, columns);
  const program: Program = {
    name: "quantized product",
    inputs: {
      x: { shape: ["rows", inner], dtype: "float32" },
      codes: { shape: [inner, columns], dtype: "uint8" },
      scales: { shape: [columns], dtype: "float32" },
      bias: { shape: [columns], dtype: "float32" },
    },
    build: ({ x, codes, scales, bias }) => ({
      y: quantizedProduct(x, codes, scales, bias),
      plain: quantizedProduct(x, codes, scales),
    }),
  };
  const level = (Math.max(...x) - Math.min(0, ...x)) / 255;
  const rounded = dequantize({ codes, scales });
  for (const name of RUNTIMES) {
    const executable = await (await loadRuntime({ name })).compile(program, {
      constants: {
        codes: { shape: [inner, columns], data: codes },
        scales: { shape: [columns], data: scales },
        bias: { shape: [columns], data: bias },
      },
      threads: 1,
    });
    const { y, plain } = await executable.run({
      x: { shape: [rows, inner], data: x },
    });
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let exact = 0, bound = 1e-5;
        for (let i = 0; i < inner; i++) {
          const weight = rounded[i * columns + column];
          exact += x[row * inner + i] * weight;
          bound += level * Math.abs(weight);
        }
        const at = row * columns + column;
        assert(Math.abs(plain.data[at] - exact) <= bound, name);
        assertAlmostEquals(y.data[at], plain.data[at] + bias[column], 1e-5);
      }
    }
    await executable.dispose();
  }
});

Deno.test("translations in int8 are scored nearly as in floats, and the runtimes agree", async () => {
  const vocabulary = 40;
  const saved = randomModel(vocabulary, 8);
  const sources = randomSources(vocabulary, 12, 9, 8);
  const options = { beam: 3, lengthPenalty: 1, maximumLength: 8 };
  const translated = async (
    name: typeof RUNTIMES[number],
    precision: "float32" | "int8",
  ) => {
    const runtime = await loadRuntime({ name });
    const translator = await createTranslator(runtime, saved, {
      threads: 1,
      precision,
    });
    const found = await translator.translate(sources, options);
    await translator.dispose();
    return found;
  };
  const float = await translated("onnx", "float32");
  const rounded = await translated("onnx", "int8");
  const reference = await translated("reference", "int8");
  assert(rounded.some(({ score }, i) => score !== float[i].score));
  float.forEach(({ normalised }, i) =>
    assertAlmostEquals(rounded[i].normalised, normalised, 0.3)
  );
  const same = rounded.filter(({ ids }, i) =>
    ids.join() === reference[i].ids.join()
  );
  // A value on the border of two levels may be rounded either way.
  assert(same.length >= 10, `${same.length} of 12 are the same`);
});
