/** Records the states of the first `--pairs` pairs of `--tokens` with a narrow teacher and reads batches of them back; prints one JSON line. */
import { parseArgs } from "@std/cli/parse-args";
import {
  initialWeights,
  parameterShapes,
} from "../../nmt/transformer/parameters.ts";
import { openStates, recordStates } from "../../nmt/states/states.ts";
import {
  Distillation,
  Signals,
} from "../../schemas/experiment/distillation.ts";
import { Model } from "../../schemas/experiment/model.ts";
import { batchOrder, makeBatch } from "../../nmt/text/subwords/batches.ts";
import { ID_NUMBERS } from "../../nmt/text/subwords/sentence_ids.ts";
import { readTokens, type Side } from "../../nmt/text/subwords/tokens.ts";
import { report, versionOf } from "../figures.ts";
import { loadRuntime } from "../../nmt/tensor/runtime.ts";

const VOCABULARY = 8000, BATCHES = 50;
const { tokens: path, pairs } = parseArgs(Deno.args, {
  string: ["tokens", "pairs"],
});
const all = readTokens(String(path));
const count = Math.min(Number(pairs), all.pairs);
const first = ({ ids, offsets, sentenceIds }: Side): Side => ({
  ids: ids.subarray(0, offsets[count]),
  offsets: offsets.subarray(0, count + 1),
  sentenceIds: sentenceIds.subarray(0, ID_NUMBERS * count),
});
const tokens = {
  source: first(all.source),
  target: first(all.target),
  pairs: count,
};
const model = Model.parse({ width: 32, feedForward: 64, heads: 4 });
const weights = initialWeights(parameterShapes(model, VOCABULARY), 1);
const runtime = await loadRuntime();
const folder = await Deno.makeTempDir({ prefix: "ckd-scale-" });
try {
  const started = performance.now();
  await recordStates({
    runtime,
    teacher: { model, vocabulary: VOCABULARY, weights },
    tokens,
    signals: Signals.parse({ final: true, encoder: [1, 2, 3, 4, 5, 6] }),
    folder,
    report: () => {},
  });
  const seconds = (performance.now() - started) / 1000;
  const distillation = Distillation.parse({
    alpha: 0.6,
    beta: 0.2,
    encoder: [[1, 2, 3], [4, 5, 6]],
  });
  const states = openStates(() => folder, tokens, model, distillation);
  const batches = batchOrder(tokens, 4096, 1, 0).slice(0, BATCHES)
    .map((pairs) => makeBatch(tokens, pairs));
  const opened = performance.now();
  for (const batch of batches) states.read(batch);
  const read_ms = (performance.now() - opened) / batches.length;
  states.close();
  await report(
    { seconds, read_ms },
    navigator.hardwareConcurrency,
    versionOf(runtime),
  );
} finally {
  await Deno.remove(folder, { recursive: true });
}
