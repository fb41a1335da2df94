/** Makes what the rows on real text need, once: subwords, batches, a teacher and a student of Multi30k. */
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { join } from "@std/path";
import { statIfThere } from "../../base/stat.ts";
import { removeIfThere } from "../../engine/files/atomic.ts";
import { ROOT } from "../../engine/keys/project.ts";
import { openWorkspace } from "../../engine/store/workspace.ts";
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
import { corpora } from "../corpora.ts";
import { touched } from "./pairs.ts";
import { cacheFolder } from "../../apps/doctor/peers.ts";

/** SHA-256 of the files of Multi30k, so that everyone measures on the same text. */
const FILES: Readonly<Record<string, string>> = {
  "train.de.gz":
    "726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6",
  "train.en.gz":
    "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f",
  "val.de.gz":
    "f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a",
  "val.en.gz":
    "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28",
  "test_2016_flickr.de.gz":
    "9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8",
  "test_2016_flickr.en.gz":
    "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9",
};

/** Tokens a batch, as in bench/experiment.jsonc, and how many batches are written. */
const BATCH_TOKENS = 2560, BATCHES = 40;

/**
 * The folder with `teacher.safetensors`, `student.safetensors`, `student-int8.onnx`, `tokenizer.json`, `train.tsv`, `test.de`, and the pairs of
 * the first batches of an epoch: `tokens.safetensors` and, as rectangles of ids, `batches.safetensors`. Or what is missing.
 */
export type Prepared =
  | { readonly folder: string; readonly missing?: undefined }
  | { readonly missing: string };

/** Brings bench/experiment.jsonc up to date by the product's own pipeline and lays out what the rows read. */
export async function prepare(): Promise<Prepared> {
  const corpus = join(corpora(), "multi30k");
  const missing = missingFile(corpus);
  if (missing !== undefined) return { missing };
  const cache = cacheFolder();
  const artifacts = join(cache, "artifacts"), folder = join(cache, "prepared");
  await runPipeline(corpus, artifacts);
  const { manifest, store } = openWorkspace(artifacts);
  const output = (node: string, name: string) => {
    const artifact = manifest?.nodes[node]?.outputs[name];
    if (artifact === undefined) {
      throw new Error(`No ${name} of ${node} is there`);
    }
    return store.path(artifact);
  };
  Deno.mkdirSync(folder, { recursive: true });
  const copies = {
    "teacher.safetensors": output("teacher", "model"),
    "student.safetensors": output("student:plain", "model"),
    "student-int8.onnx": translationPath(
      output("export:plain", "folder"),
      "int8",
    ),
    "tokenizer.json": output("tokenize", "tokenizer"),
    "train.tsv": output("corpus", "train"),
  };
  for (const [name, path] of Object.entries(copies)) {
    removeIfThere(join(folder, name));
    Deno.copyFileSync(path, join(folder, name));
  }
  Deno.writeFileSync(
    join(folder, "test.de"),
    gunzipSync(Deno.readFileSync(join(corpus, "test_2016_flickr.de.gz"))),
  );
  writeBatches(readTokens(output("tokenize", "train")), folder);
  return { folder };
}

/** What is wrong with the text, in a sentence. */
function missingFile(corpus: string): string | undefined {
  const name =
    "name the folder that holds multi30k/ with CKD_BENCH_CORPUS to measure it";
  for (const [file, expected] of Object.entries(FILES)) {
    const path = join(corpus, file);
    if (statIfThere(path) === undefined) {
      return `"${path}" is not there; ${name}`;
    }
    const found = createHash("sha256").update(Deno.readFileSync(path))
      .digest("hex");
    if (found !== expected) {
      return `"${path}" has SHA-256 ${found}, expected ${expected}; ${name}`;
    }
  }
}

async function runPipeline(corpus: string, artifacts: string): Promise<void> {
  const parts = { train: "train", validation: "val", test: "test_2016_flickr" };
  const files = Object.entries(parts).flatMap(([part, file]) =>
    [["source", "de"], ["target", "en"]].map(([side, language]) =>
      `--set=data.${part}.${side}=${join(corpus, `${file}.${language}.gz`)}`
    )
  );
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-all",
      join(ROOT, "cli/main.ts"),
      "run",
      "teacher",
      "student:plain",
      "export:plain",
      `--experiment=${join(ROOT, "bench", "experiment.jsonc")}`,
      `--artifacts=${artifacts}`,
      ...files,
    ],
    // Standard output is that of the bench.
    stdout: "null",
  }).output();
  if (!success) {
    throw new Error(
      "The experiment of the bench failed, as the lines above say",
    );
  }
}

/** The first batches of an epoch, and the pairs that they touch, as a corpus of its own. */
function writeBatches(train: Tokens, folder: string): void {
  const { tokens, order } = touched({
    tokens: train,
    order: batchOrder(train, BATCH_TOKENS, 1, 0).slice(0, BATCHES),
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
}
