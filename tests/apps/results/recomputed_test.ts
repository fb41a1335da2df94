/** Translations and statistics beside committed results: saved packed, without a text of others, and every figure recomputed from them alone. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { gunzipSync, gzipSync } from "node:zlib";
import { namesIn, removeIfThere } from "../../../engine/files/atomic.ts";
import { isInputError } from "../../../base/input_error.ts";
import { isFailure } from "../../../engine/files/failure.ts";
import { readManifest } from "../../../engine/store/manifest.ts";
import { openWorkspace } from "../../../engine/store/workspace.ts";
import pipeline from "../../../pipeline.ts";
import type { Metrics } from "../../../schemas/manifest.ts";
import {
  committedFolder,
  readResults,
  saveResults,
} from "../../../apps/results/committed.ts";
import {
  gather,
  nodesOf,
  type Saved,
  savedOf,
} from "../../../apps/results/gather.ts";
import { recomputed as recomputedIn } from "../../../apps/results/recomputed.ts";
import { pack, packedIn, unpack } from "../../../apps/results/packed.ts";
import { makeRun, objectPath, temporary } from "../../fixtures/made_run.ts";
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

const FILES = ["hypotheses.jsonl.gz", "statistics.jsonl.gz"];

const SOURCES = Array.from({ length: COUNT }, (_, i) => `frase ${i}`);
const REFERENCES = lines.slice(0, COUNT);

/** Saves a made run with such translations. */
function save(
  artifacts: string,
  edit: (manifest: Saved["manifest"]) => void = () => {},
) {
  makeRun(artifacts, {
    set: PLAN,
    real: {
      pairs: REFERENCES.map((target, i) => ({ source: SOURCES[i], target })),
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
  edit(found.manifest);
  const packed = pack(workspace.store, found.manifest);
  saveResults(artifacts, found, packed);
  return { saved: found, folder: committedFolder(artifacts, "tiny"), packed };
}

/** The same without the artifacts, as in a clone. */
function committed(artifacts: string) {
  const { folder, packed } = save(artifacts);
  assertEquals(packed.lacking, []);
  Deno.removeSync(join(artifacts, "objects"), { recursive: true });
  const saved = readResults(artifacts, "tiny");
  assert(saved !== undefined);
  return { saved, folder };
}

function recomputed(saved: Saved, results: string) {
  const artifacts = join(results, "..", "..");
  return recomputedIn(saved, results, openWorkspace(artifacts).store);
}

async function refused(saved: Saved, results: string, part: string) {
  const error = await assertRejects(() => recomputed(saved, results));
  assert(isFailure(error), `${error}`);
  assert(error.message.includes(part), error.message);
  assert(/^Cannot [^\n]*\.$/.test(error.message), error.message);
}

function unzipped(path: string): string {
  return gunzipSync(Deno.readFileSync(path)).toString();
}

Deno.test("each score, interval and p-value is recomputed from the packed statistics alone", async () => {
  using folder = temporary();
  const { saved, folder: results } = committed(folder.path);
  assertEquals(packedIn(results), FILES);
  Deno.removeSync(join(results, "hypotheses.jsonl.gz"));
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

Deno.test("what is saved has the translations of every system and seed, and no source and no reference", () => {
  using folder = temporary();
  const { folder: results } = committed(folder.path);
  const texts = namesIn(results).map((name) =>
    name.endsWith(".gz")
      ? unzipped(join(results, name))
      : Deno.readTextFileSync(join(results, name))
  );
  const isSaved = (line: string) => {
    const quoted = JSON.stringify(line).slice(1, -1);
    return texts.some((text) => text.includes(quoted));
  };
  const translations = Object.values(TRANSLATIONS)
    .flatMap((lines) => lines.slice(0, COUNT));
  assert(translations.every(isSaved));
  assertEquals(SOURCES.filter(isSaved), []);
  // But for what a system translated so, and parts of that.
  const others = REFERENCES.filter((line) =>
    !translations.some((translation) => translation.includes(line))
  );
  assert(others.length > 0);
  assertEquals(others.filter(isSaved), []);
});

Deno.test("a recorded p-value that the statistics do not give is a failure", async () => {
  using folder = temporary();
  const { saved, folder: results } = committed(folder.path);
  const { compare } = saved.manifest.nodes;
  compare.metrics["ckd-regular.bleu.to.no-kd.p"] = 0.9;
  await refused(
    saved,
    results,
    "ckd-regular.bleu.to.no-kd.p is recorded as 0.9",
  );
});

Deno.test("a difference that was invented or removed is a failure, and a planned one that was removed is not saved", async () => {
  using folder = temporary();
  const { saved, folder: results } = committed(folder.path);
  const { metrics } = saved.manifest.nodes.compare;
  const refusedWith = (changed: Metrics, part: string) => {
    const nodes = { ...saved.manifest.nodes };
    nodes.compare = { ...nodes.compare, metrics: changed };
    const manifest = { ...saved.manifest, nodes };
    return refused({ ...saved, manifest }, results, part);
  };
  const invented = "rkd.bleu.to.no-kd.p";
  await refusedWith(
    { ...metrics, [invented]: 0.0001 },
    `${invented} is recorded as 0.0001, and its artifacts give none`,
  );
  const { "ckd-regular.bleu.to.no-kd.p": p, ...without } = metrics;
  await refusedWith(
    without,
    `ckd-regular.bleu.to.no-kd.p is not recorded, and its artifacts give ${p}`,
  );
  for (const name of Object.keys(metrics)) {
    if (name.includes(".to.no-kd.")) delete metrics[name];
  }
  const error = assertThrows(() => saveResults(folder.path, saved));
  assert(isFailure(error), `${error}`);
  assert(
    error.message.includes(
      "records ckd-regular.bleu.to.no-kd.planned as absent, and superiority is planned",
    ),
    error.message,
  );
});

Deno.test("a changed byte in a packed file is told in one sentence, packed anew or not", async () => {
  using folder = temporary();
  const { saved, folder: results } = committed(folder.path);
  for (const name of FILES) {
    const path = join(results, name);
    const bytes = Deno.readFileSync(path);
    const text = unzipped(path);
    // In the last line of the last system.
    const end = text.length - 4;
    const changed = text[end] === "1" ? "2" : "1";
    const edited = text.slice(0, end) + changed + text.slice(end + 1);
    Deno.writeFileSync(path, gzipSync(edited));
    const [output] = name.split(".");
    await refused(saved, results, `"${path}": its ${output} of "evaluate:`);
    Deno.writeFileSync(path, gzipSync(text.slice(0, -9)));
    await refused(saved, results, `"${path}": `);
    Deno.writeFileSync(path, gzipSync("[]\n"));
    await refused(saved, results, "does not say what it has");
    const broken = bytes.slice();
    broken[broken.length >> 1] ^= 1;
    Deno.writeFileSync(path, broken);
    await refused(saved, results, "it is no whole gzip file");
    Deno.writeFileSync(path, bytes);
  }
  assertEquals((await recomputed(saved, results)).lacking, []);
});

Deno.test("a packed file that unpacks to more than any has is refused, as is one of another node", () => {
  using folder = temporary();
  const { saved, folder: results } = committed(folder.path);
  const path = join(results, "statistics.jsonl.gz");
  const reason = () =>
    assertThrows(() => unpack(path, saved.manifest), RangeError).message;
  const text = unzipped(path);
  Deno.writeFileSync(path, gzipSync(text.replace("evaluate:rkd", "__proto__")));
  assert(reason().includes('statistics of "__proto__"'), reason());
  Deno.writeFileSync(path, gzipSync(new Uint8Array((256 << 20) + 1)));
  assert(reason().includes("no whole gzip file"), reason());
  Deno.truncateSync(path, (64 << 20) + 1);
  assert(reason().includes("expected at most"), reason());
});

Deno.test("where the test pairs are in the store, statistics of other translations are found", async () => {
  using folder = temporary();
  const { saved, folder: results } = save(folder.path, ({ nodes }) => {
    // All that a record says of the teacher's statistics is another system's.
    const { outputs, metrics } = nodes["evaluate:no-kd"];
    const teacher = nodes["evaluate:teacher"];
    const { bleu, chrf } = metrics;
    nodes["evaluate:teacher"] = {
      ...teacher,
      outputs: { ...teacher.outputs, statistics: outputs.statistics },
      metrics: { ...teacher.metrics, bleu, chrf },
    };
  });
  await refused(
    saved,
    results,
    'of node "evaluate:teacher": its statistics are not those of its translations',
  );
  const { test } = saved.manifest.nodes.corpus.outputs;
  removeIfThere(objectPath(folder.path, test));
  const { lacking } = await recomputed(saved, results);
  // What was compared had the teacher's own.
  assertEquals(lacking, ["compare"]);
});

Deno.test("results of an earlier version, without statistics, are recomputed where the test pairs are in the store", async () => {
  using folder = temporary();
  const { saved, folder: results, packed } = save(folder.path, ({ nodes }) => {
    for (const [name, record] of Object.entries(nodes)) {
      const { statistics: _, ...outputs } = record.outputs;
      nodes[name] = { ...record, outputs };
    }
  });
  assertEquals([...packed.files.keys()], FILES.slice(0, 1));
  assertEquals(packed.lacking.length, 5);
  const { nodes, lacking } = await recomputed(saved, results);
  assertEquals([nodes, lacking], [5, ["compare"]]);
  Deno.removeSync(join(folder.path, "objects"), { recursive: true });
  const error = await assertRejects(() => recomputed(saved, results));
  assert(isInputError(error), `${error}`);
  assert(error.message.includes("saved without statistics"), error.message);
});

Deno.test("comparisons by the method of an earlier version are made anew beside what is recorded, which may be off as its draws were", async () => {
  using folder = temporary();
  const { saved, folder: results } = committed(folder.path);
  const files = new Map(
    FILES.map((file) => [file, Deno.readFileSync(join(results, file))]),
  );
  const { compare } = saved.manifest.nodes;
  const name = "ckd-regular.bleu.to.no-kd.p";
  const order = nodesOf(saved.results.systems);
  const withMetrics = (metrics: Metrics) => {
    const nodes = { ...saved.manifest.nodes };
    const recorded = Object.entries(compare.metrics).filter(([name]) =>
      !/\.(sentenceError|seedError|degrees)$/.test(name)
    );
    nodes.compare = {
      ...compare,
      metrics: { ...Object.fromEntries(recorded), ...metrics },
    };
    return savedOf({ ...saved.manifest, nodes }, saved.results, order);
  };
  const signature = String(compare.metrics.signature)
    .replace("|bs:10000|", "|bs:1000|");
  const p = Number(compare.metrics[name]);
  const before = withMetrics({ signature, [name]: p + 0.02 });
  assertEquals((await recomputed(before, results)).lacking, []);
  for (
    const [metric, forged] of [
      [name, p - 0.15],
      ["ckd-regular.bleu.to.no-kd.low", 5],
      ["ckd-regular.bleu.low", 5],
    ] as const
  ) {
    const other = withMetrics({ signature, [metric]: forged });
    await refused(other, results, `${metric} is recorded as ${forged}`);
  }

  const { store } = openWorkspace(folder.path);
  const anew = await recomputedIn(before, results, store, { anew: true });
  assertEquals(anew.lacking, []);
  saveResults(folder.path, anew, { files });
  const after = readResults(folder.path, "tiny");
  assert(after !== undefined);
  assertEquals(after.manifest, before.manifest);
  const systems = (results: Saved["results"]) =>
    JSON.parse(JSON.stringify(results.systems));
  assertEquals(systems(after.results), systems(saved.results));
  assertEquals((await recomputed(after, results)).lacking, []);

  const forge = (comparedAnew: Record<string, Metrics>) => {
    const beside = { ...after.results, comparedAnew };
    return savedOf(after.manifest, beside, order);
  };
  const { comparedAnew = {} } = after.results;
  const with5 = { compare: { ...comparedAnew.compare, [name]: 0.5 } };
  await refused(forge(with5), results, `${name} is recorded as 0.5`);
  const { "ckd-regular.bleu.to.no-kd.planned": _, ...unplanned } =
    comparedAnew.compare;
  assertThrows(
    () => saveResults(folder.path, forge({ compare: unplanned }), { files }),
    Error,
    "as absent, and superiority is planned",
  );
  saveResults(
    folder.path,
    forge({ ...comparedAnew, "evaluate:rkd": { bleu: 99 } }),
    { files },
  );
  assertThrows(
    () => readResults(folder.path, "tiny"),
    Error,
    'compares "evaluate:rkd" anew, which is no comparison',
  );
});

Deno.test("the next save leaves no packed file of an earlier one, nor of an earlier version", async () => {
  using folder = temporary();
  const { saved, folder: results } = committed(folder.path);
  Deno.writeTextFileSync(join(results, "translations.jsonl.gz"), "");
  saveResults(folder.path, saved);
  assertEquals(namesIn(results).sort(), ["manifest.json", "results.json"]);
  const error = await assertRejects(() => recomputed(saved, results));
  assert(isInputError(error), `${error}`);
  assert(error.message.includes("saved without statistics"), error.message);
});

Deno.test("an evaluation whose statistics are not in the store is named, and the others are packed", async () => {
  using folder = temporary();
  const { saved, folder: results } = save(folder.path);
  const { store } = openWorkspace(folder.path);
  const { outputs } = saved.manifest.nodes["evaluate:rkd"];
  Deno.removeSync(objectPath(folder.path, outputs.statistics));
  const packed = pack(store, saved.manifest);
  assertEquals(packed.lacking, ["evaluate:rkd"]);
  saveResults(folder.path, saved, packed);
  Deno.removeSync(join(folder.path, "objects"), { recursive: true });
  const { nodes, lacking } = await recomputed(saved, results);
  assertEquals([nodes, lacking.toSorted()], [4, ["compare", "evaluate:rkd"]]);
});
