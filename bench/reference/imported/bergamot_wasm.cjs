// Greedy translation of an 8-bit Bergamot model by its WebAssembly build in Node, on one core; prints one JSON line.
//
//   node bergamot_wasm.cjs PACKAGE MODEL VOCABULARY SHORTLIST SOURCE OUT
//
// PACKAGE is the folder of the npm package @browsermt/bergamot-translator. Only translation is timed, in seconds of the CPU.
const { readFileSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { runInThisContext } = require("node:vm");

const [folder, model, vocabulary, shortlist, source, out] = process.argv.slice(
  2,
);
const worker = join(folder, "worker");

/** What Firefox has kernels of its own for, by the names of those that the build brings. */
const FALLBACK = {
  int8_prepare_a: "int8PrepareAFallback",
  int8_prepare_b: "int8PrepareBFallback",
  int8_prepare_b_from_transposed: "int8PrepareBFromTransposedFallback",
  int8_prepare_b_from_quantized_transposed:
    "int8PrepareBFromQuantizedTransposedFallback",
  int8_prepare_bias: "int8PrepareBiasFallback",
  int8_multiply_and_add_bias: "int8MultiplyAndAddBiasFallback",
  int8_select_columns_of_b: "int8SelectColumnsOfBFallback",
};

const CONFIG = `
beam-size: 1
normalize: 1.0
word-penalty: 0
cpu-threads: 0
gemm-precision: int8shiftAlphaAll
skip-cost: true
alignment: soft
quiet: true
quiet-translation: true
max-length-break: 128
mini-batch-words: 1024
workspace: 128
max-length-factor: 2.0
`;

globalThis.Module = {
  instantiateWasm: (info, accept) => {
    const gemm = Object.fromEntries(
      Object.entries(FALLBACK).map((
        [name, own],
      ) => [name, (...given) => Module.asm[own](...given)]),
    );
    const bytes = readFileSync(join(worker, "bergamot-translator-worker.wasm"));
    WebAssembly.instantiate(bytes, { ...info, wasm_gemm: gemm }).then((
      { instance },
    ) => accept(instance));
    return {};
  },
  onRuntimeInitialized: measure,
};
Object.assign(globalThis, { require, __dirname: worker });
runInThisContext(
  readFileSync(join(worker, "bergamot-translator-worker.js"), "utf8"),
);

function measure() {
  const memory = (path, alignment) => {
    const bytes = readFileSync(path);
    const place = new Module.AlignedMemory(bytes.length, alignment);
    place.getByteArrayView().set(bytes);
    return place;
  };
  const vocabularies = new Module.AlignedMemoryList();
  vocabularies.push_back(memory(vocabulary, 64));
  const loaded = new Module.TranslationModel(
    CONFIG,
    memory(model, 256),
    memory(shortlist, 64),
    vocabularies,
    null,
  );
  const service = new Module.BlockingService({ cacheSize: 0 });
  const translate = (lines) => {
    const input = new Module.VectorString();
    const options = new Module.VectorResponseOptions();
    for (const line of lines) {
      input.push_back(line);
      options.push_back({
        alignment: false,
        html: false,
        qualityScores: false,
      });
    }
    const responses = service.translate(loaded, input, options);
    return lines.map((_, i) => responses.get(i).getTranslatedText());
  };
  const lines = readFileSync(source, "utf8").replace(/\n$/, "").split("\n");
  translate(lines.slice(0, 50));
  const before = process.cpuUsage();
  const found = translate(lines);
  const { user, system } = process.cpuUsage(before);
  writeFileSync(out, found.map((line) => `${line}\n`).join(""));
  const { name, version } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  );
  console.log(
    JSON.stringify({
      seconds: (user + system) / 1e6,
      version: `${name} ${version}`,
    }),
  );
}
