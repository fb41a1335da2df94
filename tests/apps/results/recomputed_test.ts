/** Translations beside committed results: saved packed, and every figure recomputed from them alone. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { gzipSync } from "node:zlib";
import { namesIn } from "../../../engine/files/atomic.ts";
import { isFailure } from "../../../engine/files/failure.ts";
import { readManifest } from "../../../engine/store/manifest.ts";
import { openWorkspace } from "../../../engine/store/workspace.ts";
import pipeline from "../../../pipeline.ts";
import {
  committedFolder,
  readResults,
  saveResults,
} from "../../../apps/results/committed.ts";
import { gather } from "../../../apps/results/gather.ts";
import { recomputed } from "../../../apps/results/recomputed.ts";
import {
  packedIn,
  packTranslations,
  unpackTranslations,
} from "../../../apps/results/translations.ts";
import { makeRun, temporary } from "../../fixtures/made_run.ts";
import { fair, good, lines, other, poor } from "../../nmt/metrics/compared.ts";

const COUNT = 60;

/** Translations of messages as four systems might have made them, one of them with two seeds. */
const TRANSLATIONS: Readonly<Record<string, readonly string[]>> = {
  teacher: good,
  "no-kd": poor,
  rkd: fair,
  "ckd-regular@1": other,
  "ckd-regular@2": other.map((line, i) => i % 3 === 0 ? good[i] : line),
};

const PLAN = [
  "students.ckd-regular.seeds=[1,2]",
  'evaluation.comparisons=[{"system":"ckd-regular","baseline":"no-kd"},{"system":"ckd-regular","baseline":"teacher","test":"non-inferiority","margin":1}]',
];

/** Saves a made run with such translations; without its artifacts, as in a clone. */
function committed(artifacts: string, set: readonly string[] = PLAN) {
  makeRun(artifacts, {
    set,
    real: {
      pairs: lines.slice(0, COUNT)
        .map((target, i) => ({ source: `frase ${i}`, target })),
      translationsOf: (run) => {
        const translations = TRANSLATIONS[run.replace(/^rkd@.*/, "rkd")];
        assert(translations !== undefined, run);
        return translations.slice(0, COUNT);
      },
    },
  });
  const manifest = readManifest(artifacts);
  assert(manifest !== undefined);
  const workspace = openWorkspace(artifacts);
  const graph = pipeline.graph(manifest.experiment.value, "tiny");
  const found = gather(workspace, manifest, graph, [...graph.keys()]);
  const packed = packTranslations(workspace.store, found.manifest);
  assertEquals(packed.lacking, []);
  saveResults(artifacts, found, packed);
  Deno.removeSync(join(artifacts, "objects"), { recursive: true });
  const saved = readResults(artifacts, "tiny");
  assert(saved !== undefined);
  return { saved, folder: committedFolder(artifacts, "tiny") };
}

Deno.test("each score, interval and p-value is recomputed from the packed translations alone", async () => {
  using folder = temporary();
  const { saved, folder: results } = committed(folder.path);
  assertEquals(packedIn(results), ["translations.jsonl.gz"]);
  const found = await recomputed(saved, results);
  assertEquals(found.lacking, []);
  // Five evaluations and a comparison.
  assertEquals(found.nodes, 6);
  assert(found.figures > 50, `${found.figures}`);
  assertEquals(
    JSON.parse(JSON.stringify(found.results)),
    JSON.parse(JSON.stringify(saved.results)),
  );
  const ckd = saved.results.systems
    .find(({ system }) => system === "ckd-regular");
  const { "no-kd": better, teacher, rkd } = ckd?.bleu.to ?? {};
  assertEquals([better?.planned, better?.tails], ["superiority", 2]);
  assertEquals([teacher?.planned, teacher?.margin], ["non-inferiority", 1]);
  assert(teacher?.pMargin !== undefined);
  assertEquals(rkd?.planned, undefined);
});

Deno.test("a recorded p-value that the translations do not give is a failure", async () => {
  using folder = temporary();
  const { saved, folder: results } = committed(folder.path);
  const { compare } = saved.manifest.nodes;
  compare.metrics["ckd-regular.bleu.to.no-kd.p"] = 0.9;
  const error = await assertRejects(() => recomputed(saved, results));
  assert(isFailure(error), `${error}`);
  assert(
    error.message.includes("ckd-regular.bleu.to.no-kd.p is recorded as 0.9"),
    error.message,
  );
});

Deno.test("translations that were changed are not taken for those of the manifest", async () => {
  using folder = temporary();
  const { saved, folder: results } = committed(folder.path);
  const path = join(results, "translations.jsonl.gz");
  const texts = unpackTranslations(Deno.readFileSync(path));
  const rows = texts.map((text) => text.split("\n").slice(0, -1));
  rows[1][0] = "another translation";
  const columns = rows.map((_, i) => ({
    node: `evaluate:${i}`,
    output: "hypotheses",
  }));
  const text = [columns, ...rows[0].map((_, i) => rows.map((row) => row[i]))]
    .map((row) => `${JSON.stringify(row)}\n`).join("");
  Deno.writeFileSync(path, gzipSync(text));
  const { lacking } = await recomputed(saved, results);
  // The first system's evaluation, and the comparison of all.
  assertEquals(lacking.length, 2);
  Deno.writeFileSync(path, gzipSync(text.slice(0, -9)));
  const broken = await assertRejects(() => recomputed(saved, results));
  assert(isFailure(broken), `${broken}`);
  Deno.writeTextFileSync(path, "no gzip");
  const error = await assertRejects(() => recomputed(saved, results));
  assert(isFailure(error) && error.message.includes("no whole gzip file"));
});

Deno.test("results that were saved without translations say that they cannot be recomputed, and the next save leaves none of the old", async () => {
  using folder = temporary();
  const { saved, folder: results } = committed(folder.path);
  saveResults(folder.path, saved);
  assertEquals(namesIn(results).sort(), ["manifest.json", "results.json"]);
  const error = await assertRejects(() => recomputed(saved, results));
  assert(isFailure(error), `${error}`);
  assert(error.message.includes("without translations"), error.message);
});

Deno.test("a test set without its references is not packed, and its evaluations are named", () => {
  using folder = temporary();
  makeRun(folder.path);
  const manifest = readManifest(folder.path);
  assert(manifest !== undefined);
  const { store } = openWorkspace(folder.path);
  const { files, lacking } = packTranslations(store, manifest);
  assertEquals(files.size, 0);
  assertEquals(lacking.toSorted(), [
    ...["evaluate:ckd-regular", "evaluate:no-kd"],
    ...["evaluate:rkd", "evaluate:teacher"],
  ]);
});
