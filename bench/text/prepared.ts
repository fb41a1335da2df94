/** Makes what the rows on real text need, once: subwords, batches, a teacher and students. */
import { join } from "@std/path";
import { removeIfThere } from "../../engine/files/atomic.ts";
import { ROOT } from "../../engine/keys/project.ts";
import {
  type StoredTensor,
  writeSafetensors,
} from "../../nmt/tensor/safetensors.ts";
import { translationPath } from "../../nmt/export/folder.ts";
import { batchOrder, makeBatch } from "../../nmt/text/subwords/batches.ts";
import {
  readTokens,
  type Tokens,
  writeTokens,
} from "../../nmt/text/subwords/tokens.ts";
import { cacheFolder } from "../../apps/doctor/peers.ts";
import { touched } from "../measures/pairs.ts";
import { runStages } from "./stages.ts";
import { type TextName, TEXTS } from "./texts.ts";

/** What is made of bench/experiment.jsonc. */
const NODES = ["teacher", "student:plain", "student:small", "export:plain"];

/** Tokens a batch, as in bench/experiment.jsonc, and how many batches are written. */
const BATCH_TOKENS = 2560, BATCHES = 40;

/**
 * The folder with `teacher.safetensors`, `student.safetensors`, `student-int8.onnx`, `small.safetensors`, `tokenizer.json`,
 * `train.tsv`, `test.source`, the pairs of the first batches of an epoch (`tokens.safetensors` and, as rectangles of ids,
 * `batches.safetensors`), and how much an epoch is (`epoch.json`). Or what is missing.
 */
export type Prepared =
  | { readonly folder: string; readonly missing?: undefined }
  | { readonly missing: string };

/**
 * Brings bench/experiment.jsonc on a text up to date by the product's own pipeline and lays out what the rows read.
 * `settings` change the experiment, as `--set` does.
 */
export async function prepare(
  text: TextName,
  { cache = join(cacheFolder(), "text", text), settings = [] }: {
    readonly cache?: string;
    readonly settings?: readonly string[];
  } = {},
): Promise<Prepared> {
  const missing = TEXTS[text].missing();
  if (missing !== undefined) return { missing };
  const artifacts = join(cache, "artifacts"), folder = join(cache, "prepared");
  const changes = Object.entries(TEXTS[text].settings()).map(([key, value]) =>
    `${key}=${JSON.stringify(value)}`
  );
  const output = await runStages(NODES, {
    experiment: join(ROOT, "bench", "experiment.jsonc"),
    artifacts,
    options: [...changes, ...settings].map((setting) => `--set=${setting}`),
  });
  Deno.mkdirSync(folder, { recursive: true });
  const copies = {
    "teacher.safetensors": output("teacher", "model"),
    "student.safetensors": output("student:plain", "model"),
    "student-int8.onnx": translationPath(
      output("export:plain", "folder"),
      "int8",
    ),
    "small.safetensors": output("student:small", "model"),
    "tokenizer.json": output("tokenize", "tokenizer"),
    "train.tsv": output("corpus", "train"),
  };
  for (const [name, path] of Object.entries(copies)) {
    removeIfThere(join(folder, name));
    Deno.copyFileSync(path, join(folder, name));
  }
  const test = Deno.readTextFileSync(output("corpus", "test"));
  Deno.writeTextFileSync(
    join(folder, "test.source"),
    test.replaceAll(/\t.*$/gm, ""),
  );
  writeBatches(readTokens(output("tokenize", "train")), folder);
  return { folder };
}

/** The first batches of an epoch, and the pairs that they touch, as a corpus of its own. */
function writeBatches(train: Tokens, folder: string): void {
  const epoch = batchOrder(train, BATCH_TOKENS, 1, 0);
  const { tokens, order } = touched({
    tokens: train,
    order: epoch.slice(0, BATCHES),
  });
  const tensors: Record<string, StoredTensor> = {};
  order.forEach((pairs, i) => {
    const { rows, sourceLength, targetLength, source, target, labels } =
      makeBatch(tokens, pairs);
    tensors[`${i}.pairs`] = { shape: [rows], data: pairs };
    tensors[`${i}.source`] = { shape: [rows, sourceLength], data: source };
    tensors[`${i}.target`] = { shape: [rows, targetLength], data: target };
    tensors[`${i}.labels`] = { shape: [rows, targetLength], data: labels };
  });
  writeTokens(join(folder, "tokens.safetensors"), tokens);
  writeSafetensors(join(folder, "batches.safetensors"), tensors, {});
  Deno.writeTextFileSync(
    join(folder, "epoch.json"),
    JSON.stringify({ pairs: train.pairs, batches: epoch.length }),
  );
}
