/** Times beam search of a student, ids in and ids out, batched and one sentence at a time; prints one JSON line. */
import { parseArgs } from "@std/cli/parse-args";
import { loadModel } from "../../nmt/transformer/checkpoint.ts";
import { createParallelTranslator } from "../../nmt/decoding/parallel_translator.ts";
import { inputError } from "../../base/input_error.ts";
import { loadSubwords } from "../../nmt/text/subwords/subwords.ts";
import { openExported } from "./exported.ts";
import { chosenRuntime, numbers, report, versionOf } from "../figures.ts";

const paths = parseArgs(Deno.args, {
  string: [
    "model",
    "tokenizer",
    "source",
    "hypotheses",
    "part",
    "precision",
  ],
});
const { beam, threads, sentences, singles, repeats, ...given } = numbers({
  beam: 5,
  "length-penalty": 1,
  sentences: 1000,
  /** Sentences that are translated one at a time. */
  singles: 100,
  repeats: 3,
});
const part = String(paths.part ?? "all");

/** The path that a flag must name. */
function path(name: "model" | "tokenizer" | "source"): string {
  const value = String(paths[name] ?? "");
  if (value !== "") return value;
  throw inputError(`Cannot time decoding: expected a file as --${name}.`);
}

const lines = (await Deno.readTextFile(path("source"))).split("\n")
  .slice(0, sentences).map((line) => line.trim());
const subwords = await loadSubwords(path("tokenizer"));
const source = await subwords.encode(lines);
const model = path("model");
const precision = String(paths.precision ?? "float32");
if (precision !== "float32" && precision !== "int8") {
  throw inputError(
    `Cannot use --precision: expected float32 or int8, found "${precision}".`,
  );
}
const runtime = await chosenRuntime();
// A graph translates as its users run it; a model file by the project's own search.
const translator = model.endsWith(".onnx")
  ? await openExported(model, { threads, maximumRows: 64 })
  : createParallelTranslator(runtime, loadModel(model, "the student"), {
    threads,
    precision,
  });
const options = { beam, lengthPenalty: given["length-penalty"] };
const figures: Record<string, number> = { bytes: Deno.statSync(model).size };

/** The value that this share of the values does not exceed. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** Milliseconds of a translation. */
async function time(sentences: readonly Int32Array[]): Promise<number> {
  const before = performance.now();
  await translator.translate(sentences, options);
  return performance.now() - before;
}

if (part !== "single") {
  await time(source); // To warm up.
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) times.push(await time(source));
  figures.beam_ms = quantile(times, 0.5);
}
if (part !== "batch") {
  const every = Math.max(1, Math.floor(source.length / singles));
  const chosen = source.filter((_, index) => index % every === 0)
    .slice(0, singles);
  for (const sentence of chosen) await time([sentence]);
  const times: number[] = [];
  for (const sentence of chosen) times.push(await time([sentence]));
  figures.latency_p50_ms = quantile(times, 0.5);
  figures.latency_p95_ms = quantile(times, 0.95);
}
if (paths.hypotheses !== undefined) {
  const found = await translator.translate(source, options);
  const texts = await subwords.decode(found.map(({ ids }) => ids));
  const records = found.map(({ ids, score, normalised }, index) =>
    JSON.stringify({ ids: [...ids], score, normalised, text: texts[index] })
  );
  await Deno.writeTextFile(
    String(paths.hypotheses),
    records.map((line) => line + "\n").join(""),
  );
}
await translator.dispose();
await report(figures, threads, versionOf(runtime));
