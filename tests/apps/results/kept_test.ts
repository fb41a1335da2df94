/** Results of several machines: a save keeps what is committed of pairs and test sets that its run has nothing of. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { isFailure } from "../../../engine/files/failure.ts";
import { sha256 } from "../../../engine/files/hash.ts";
import { keyOf } from "../../../engine/keys/key.ts";
import { readManifest } from "../../../engine/store/manifest.ts";
import { openWorkspace } from "../../../engine/store/workspace.ts";
import pipeline from "../../../pipeline.ts";
import type { Manifest } from "../../../schemas/manifest.ts";
import {
  committedFolder,
  readResults,
  saveResults,
} from "../../../apps/results/committed.ts";
import { gather, type Saved } from "../../../apps/results/gather.ts";
import { withCommitted } from "../../../apps/results/kept.ts";
import { pack, packedIn } from "../../../apps/results/packed.ts";
import { makeRun, temporary, writeRun } from "../../fixtures/made_run.ts";
import { lines } from "../../nmt/metrics/compared.ts";

const EXPERIMENT = "captions-quarter";

/** The first run of both pairs, saved by a machine called `first`. */
function saveFirst(artifacts: string, edit = (_: Manifest) => {}): void {
  const texts = lines.slice(0, 20);
  makeRun(artifacts, {
    experiment: EXPERIMENT,
    real: {
      pairs: texts.map((target, i) => ({ source: `frase ${i}`, target })),
      translationsOf: () => texts,
    },
  });
  const { found } = gathered(artifacts, edit);
  const saved = {
    ...found,
    results: { ...found.results, machines: [{ name: "first" }] },
  };
  saveResults(
    artifacts,
    saved,
    pack(openWorkspace(artifacts).store, found.manifest),
  );
}

/** A later run, of these nodes alone. */
function runLater(
  artifacts: string,
  isRun: (name: string) => boolean,
  set: readonly string[] = [],
): void {
  makeRun(artifacts, { experiment: EXPERIMENT, better: 2, set });
  runAgain(artifacts, isRun);
}

/** The run before once more, of these nodes alone. */
function runAgain(artifacts: string, isRun: (name: string) => boolean): void {
  const manifest = readManifest(artifacts);
  assert(manifest !== undefined);
  const { nodes, experiment: { name, value } } = manifest;
  const records = Object.entries(nodes).filter(([name]) => isRun(name));
  writeRun(artifacts, name, value, new Map(records));
}

function gathered(artifacts: string, edit = (_: Manifest) => {}) {
  const manifest = readManifest(artifacts);
  assert(manifest !== undefined);
  edit(manifest);
  const graph = pipeline.graph(manifest.experiment.value, EXPERIMENT);
  const order = [...graph.keys()];
  const found = gather(openWorkspace(artifacts), manifest, graph, order);
  const save = () => withCommitted(artifacts, found, graph, order);
  return { found, save };
}

const isGerman = (name: string) => name.startsWith("en-de");

Deno.test("a save of one pair keeps what is committed of the other: figures, curves, machine, translations", () => {
  using folder = temporary();
  saveFirst(folder.path);
  const before = readResults(folder.path, EXPERIMENT);
  runLater(folder.path, isGerman);
  const { kept, dropped, files, ...saved } = gathered(folder.path).save();
  assertEquals([...kept], ["pt-en/"]);
  assertEquals(dropped.size, 0);
  assertEquals([...files.keys()], [
    "pt-en.hypotheses.jsonl.gz",
    "pt-en.statistics.jsonl.gz",
  ]);
  saveResults(folder.path, saved, { files });
  const after = readResults(folder.path, EXPERIMENT);
  assert(before !== undefined && after !== undefined);
  const of = (results: Saved, pair: string) =>
    JSON.parse(JSON.stringify(
      results.results.systems.filter((system) => system.pair === pair),
    ));
  assertEquals(of(after, "pt-en"), of(before, "pt-en"));
  assert(
    of(after, "en-de")[0].bleu.score !== of(before, "en-de")[0].bleu.score,
  );
  const { measured, machines, curves } = after.results;
  const machineOf = (node: string) => machines[measured[node].machine ?? -1];
  assertEquals(machineOf("pt-en/teacher"), { name: "first" });
  assert(JSON.stringify(machineOf("en-de/teacher")).includes('"cores":'));
  assertEquals(curves["pt-en/teacher"], before.results.curves["pt-en/teacher"]);
  assertEquals(packedIn(committedFolder(folder.path, EXPERIMENT)), [
    "pt-en.hypotheses.jsonl.gz",
    "pt-en.statistics.jsonl.gz",
  ]);
});

Deno.test("a further test set is kept where its models are those of the run, and goes with models that are others", () => {
  using folder = temporary();
  saveFirst(folder.path);
  runAgain(folder.path, (name) => name.startsWith("en-de/"));
  assertEquals(
    [...gathered(folder.path).save().kept].sort(),
    ["en-de.coco-2017/", "en-de.flickr-2017/", "pt-en/"],
  );
  runLater(folder.path, (name) => name.startsWith("en-de/"), [
    "pairs.en-de.teacher.training.steps=4000",
  ]);
  const { kept, dropped } = gathered(folder.path).save();
  assertEquals([...kept], ["pt-en/"]);
  assertEquals([...dropped].sort(), ["en-de.coco-2017/", "en-de.flickr-2017/"]);
});

Deno.test("a pair that the experiment asks otherwise for is not kept", () => {
  using folder = temporary();
  saveFirst(folder.path);
  runLater(folder.path, isGerman, ["pairs.pt-en.teacher.training.steps=3000"]);
  const { kept, dropped, files, results } = gathered(folder.path).save();
  assertEquals([kept.size, files.size], [0, 0]);
  assertEquals([...dropped], ["pt-en/"]);
  assert(results.systems.every(({ pair }) => pair?.startsWith("en-de")));
});

Deno.test("a pair of another revision of the code is kept, a test set is refused with what to do, and nothing is read for a run of all", () => {
  using folder = temporary();
  const path = "nmt/training/train.ts";
  const codeOf = (content: string) => ({
    modules: { [path]: sha256(content) },
    packages: {},
    resolutions: {},
  });
  saveFirst(folder.path, (manifest) => {
    for (const hash of Object.keys(manifest.code)) {
      manifest.code[hash] = codeOf("before");
    }
  });
  const later = sha256("later code");
  const edit = (manifest: Manifest) => {
    manifest.code = { [later]: codeOf("after") };
    for (const record of Object.values(manifest.nodes)) {
      record.preimage.code = later;
      record.key = keyOf(record.preimage);
    }
  };
  runAgain(folder.path, (name) => name.startsWith("en-de/"));
  const error = assertThrows(() => gathered(folder.path, edit).save());
  assert(isFailure(error), `${error}`);
  for (const part of ["beside those in", path, "run all of it, or remove"]) {
    assert(error.message.includes(part), error.message);
  }
  runLater(folder.path, isGerman);
  assertEquals([...gathered(folder.path, edit).save().kept], ["pt-en/"]);
  runLater(folder.path, () => true);
  Deno.writeTextFileSync(
    join(committedFolder(folder.path, EXPERIMENT), "results.json"),
    "cut of",
  );
  const { found, save } = gathered(folder.path, edit);
  const { kept, results } = save();
  assertEquals(kept.size, 0);
  assertEquals(results, found.results);
});
