/** Times the training step of the 12-layer teacher on one synthetic batch and prints one JSON line. */
import { parseArgs } from "@std/cli/parse-args";
import { createTrainer } from "../model/trainer.ts";
import { Model, Training } from "../schemas/model.ts";
import { random } from "../schemas/random.ts";
import { loadRuntime } from "../tensor/runtime.ts";
import { makeBatch } from "../text/batches.ts";
import { packSide } from "../text/tokens.ts";

const flags = parseArgs(Deno.args, {
  default: {
    width: 256,
    "feed-forward": 1024,
    heads: 8,
    layers: 6,
    vocabulary: 8000,
    rows: 32,
    length: 32,
    dropout: 0.1,
    steps: 12,
    threads: 2,
  },
});
const count = (name: string) => Number(flags[name]);
const layers = count("layers");
const model = Model.parse({
  encoderLayers: layers,
  decoderLayers: layers,
  width: count("width"),
  feedForward: count("feed-forward"),
  heads: count("heads"),
  dropout: count("dropout"),
});
const next = random("bench", 1);
const sentence = () =>
  Int32Array.from(
    { length: count("length") - 1 },
    () => 3 + Math.floor(next() * (count("vocabulary") - 3)),
  );
const sentences = Array.from({ length: count("rows") }, sentence);
const tokens = {
  source: packSide(sentences),
  target: packSide(sentences.map(sentence)),
  pairs: sentences.length,
};
const batch = makeBatch(tokens, Int32Array.from(sentences.keys()));

const started = performance.now();
const trainer = await createTrainer(
  await loadRuntime("onnx"),
  { model, vocabulary: count("vocabulary"), training: Training.parse({}) },
  { seed: 1, threads: count("threads") },
);
const compiled = performance.now() - started;
const times: number[] = [];
const WARM_UP = 2;
for (let step = 0; step < count("steps") + WARM_UP; step++) {
  const before = performance.now();
  await trainer.run(batch, step);
  if (step >= WARM_UP) times.push(performance.now() - before);
}
const sorted = times.toSorted((a, b) => a - b);
const peak = /VmHWM:\s+(\d+)/.exec(await Deno.readTextFile("/proc/self/status"))
  ?.[1];
console.log(JSON.stringify({
  median_ms: sorted[sorted.length >> 1],
  steps_ms: times.map((time) => Math.round(time * 10) / 10),
  compile_ms: Math.round(compiled),
  peak_mb: Math.round(Number(peak) / 1024),
  version: "onnxruntime-node 1.30.0",
  threads: count("threads"),
}));
