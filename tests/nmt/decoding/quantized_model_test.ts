/** Translation in 8-bit integers beside that in floats, and the file of a quantized model. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  loadQuantizedModel,
  saveQuantizedModel,
} from "../../../nmt/decoding/quantized_model.ts";
import { saveModel } from "../../../nmt/transformer/checkpoint.ts";
import { createTranslator } from "../../../nmt/decoding/beam_search.ts";
import { isInputError } from "../../../base/input_error.ts";
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
  const saved = randomModel(vocabulary, 5);
  const sources = randomSources(vocabulary, 12, 9, 5);
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

Deno.test("a quantized file gives the weights that it rounded, the same bytes again, and a quarter of the size", async () => {
  const folder = await Deno.makeTempDir();
  const path = (name: string) => `${folder}/${name}`;
  const saved = randomModel(3000, 6);
  saveModel(path("float"), saved);
  saveQuantizedModel(path("bytes"), saved);
  const loaded = loadQuantizedModel(path("bytes"), "the model");
  assertEquals(loaded.model, saved.model);
  assertEquals(loaded.vocabulary, saved.vocabulary);
  const width = saved.model.width;
  for (const [name, values] of Object.entries(saved.weights)) {
    const others = loaded.weights[name];
    assertEquals(others.length, values.length);
    if (!name.endsWith(".weight") && name !== "embedding") {
      assertEquals(others, values);
    }
  }
  const { embedding } = saved.weights;
  for (let row = 0; row < 3000; row++) {
    const own = embedding.subarray(row * width, (row + 1) * width);
    const level = Math.max(...own.map(Math.abs)) / 127;
    own.forEach((value, i) =>
      assert(
        Math.abs(value - loaded.weights.embedding[row * width + i]) <=
          0.5001 * level,
      )
    );
  }
  saveQuantizedModel(path("again"), loaded);
  assertEquals(
    await Deno.readFile(path("again")),
    await Deno.readFile(path("bytes")),
  );
  const size = async (name: string) => (await Deno.stat(path(name))).size;
  assert(await size("bytes") < 0.45 * await size("float"));

  const runtime = await loadRuntime();
  const sources = randomSources(3000, 5, 6, 6);
  const found = [];
  for (const model of [saved, loaded]) {
    const translator = await createTranslator(runtime, model, {
      threads: 1,
      precision: "int8",
    });
    found.push(
      await translator.translate(sources, {
        beam: 2,
        lengthPenalty: 1,
        maximumLength: 6,
      }),
    );
    await translator.dispose();
  }
  assertEquals(found[0].map(({ ids }) => ids), found[1].map(({ ids }) => ids));
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a file that is no whole quantized model is refused in one sentence", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/model.safetensors`;
  const saved = randomModel(50, 7);
  const refused = (text: string) => {
    const error = assertThrows(() => loadQuantizedModel(path, "the model"));
    assert(isInputError(error));
    assert(error.message.includes(text), error.message);
    assert(!error.message.includes("\n"), error.message);
  };
  saveModel(path, saved);
  refused("quantization");
  saveQuantizedModel(path, saved);
  const bytes = await Deno.readFile(path);
  await Deno.writeFile(path, bytes.subarray(0, bytes.length - 100));
  refused("truncated");
  const text = new TextDecoder("latin1").decode(bytes);
  const renamed = text.replace(
    "encoder.0.self.output.weight",
    "encoder.0.self.output.weighs",
  );
  await Deno.writeFile(
    path,
    Uint8Array.from(renamed, (character) => character.charCodeAt(0)),
  );
  refused('expected tensor "encoder.0.self.output.weight"');
  await Deno.remove(folder, { recursive: true });
  await assertRejects(() => Deno.stat(path));
});
