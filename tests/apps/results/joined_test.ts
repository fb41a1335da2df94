/** Results of several machines: a save keeps what is committed of pairs and test sets that its run has no results of. */
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
import {
  gather,
  nodesOf,
  type Saved,
  savedOf,
} from "../../../apps/results/gather.ts";
import { joinedWithCommitted } from "../../../apps/results/joined.ts";
import { pack, packedIn } from "../../../apps/results/packed.ts";
import { makeRun, temporary, writeRun } from "../../fixtures/made_run.ts";
import type { System } from "../../../schemas/results.ts";
import { assertInputError } from "../../fixtures/input_error.ts";
import { lines } from "../../nmt/metrics/compared.ts";

const EXPERIMENT = "captions-quarter";

/** The first run of all, saved by a machine called `first`. */
function saveFirst(
  artifacts: string,
  edit = (_: Manifest) => {},
  experiment = EXPERIMENT,
): void {
  const texts = lines.slice(0, 20);
  makeRun(artifacts, {
    experiment,
    real: {
      pairs: texts.map((target, i) => ({ source: `frase ${i}`, target })),
      translationsOf: () => texts,
    },
  });
  const { found, packed } = gathered(artifacts, edit);
  const machines = [{ name: "unused" }, { name: "first" }];
  const measured = Object.fromEntries(
    Object.entries(found.results.measured)
      .map(([name, figures]) => [name, { ...figures, machine: 1 }]),
  );
  const anew = ["pt-en/compare", "en-de/compare"].flatMap((name) => {
    const metrics = found.manifest.nodes[name]?.metrics;
    return metrics === undefined ? [] : [[name, metrics] as const];
  });
  const comparedAnew = Object.fromEntries(anew);
  const beside = { ...found.results, machines, measured, comparedAnew };
  const saved = savedOf(found.manifest, beside, nodesOf(beside.systems));
  saveResults(artifacts, saved, packed);
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
  const { name, value } = manifest.experiment;
  const graph = pipeline.graph(value, name);
  const order = [...graph.keys()];
  const workspace = openWorkspace(artifacts);
  const found = gather(workspace, manifest, graph, order);
  const packed = pack(workspace.store, found.manifest);
  const join = () =>
    joinedWithCommitted(artifacts, found, packed, graph, order);
  return { found, packed, join };
}

const PORTUGUESE = ["pt-en.hypotheses.jsonl.gz", "pt-en.statistics.jsonl.gz"];

const isGerman = (name: string) => name.startsWith("en-de");

const isGermanTest = (name: string) => name.startsWith("en-de/");

Deno.test("a save of one pair keeps what is committed of the other: figures, curves, machine, translations", () => {
  using folder = temporary();
  saveFirst(folder.path);
  const before = readResults(folder.path, EXPERIMENT);
  // Of an interrupted run of all, some nodes of the other pair are there.
  runLater(
    folder.path,
    (name) => isGerman(name) || name === "pt-en/fetch",
  );
  const { kept, gone, ...saved } = gathered(folder.path).join();
  assertEquals([...kept], ["pt-en/"]);
  assertEquals(gone, []);
  assertEquals([...saved.files.keys()], PORTUGUESE);
  saveResults(folder.path, saved, saved);
  const after = readResults(folder.path, EXPERIMENT);
  assert(before !== undefined && after !== undefined);
  const systems = ({ results }: Saved) =>
    JSON.parse(JSON.stringify(results.systems));
  const [one, other] = [before, after].map(systems);
  assertEquals(
    other.map(({ pair, system }: System) => [pair, system]),
    one.map(({ pair, system }: System) => [pair, system]),
  );
  for (const [i, system] of one.entries()) {
    const isKept = system.pair === "pt-en";
    assertEquals(other[i].bleu.score === system.bleu.score, isKept);
    if (isKept) assertEquals(other[i], system);
  }
  const { measured, machines, curves } = after.results;
  assertEquals(machines.length, 2);
  const machineOf = (node: string) => machines[measured[node].machine ?? -1];
  assertEquals(machineOf("pt-en/teacher"), { name: "first" });
  assert(JSON.stringify(machineOf("en-de/teacher")).includes('"cores":'));
  assertEquals(curves["pt-en/teacher"], before.results.curves["pt-en/teacher"]);
  const { comparedAnew = {} } = after.results;
  assertEquals(Object.keys(comparedAnew), ["pt-en/compare"]);
  assertEquals(
    packedIn(committedFolder(folder.path, EXPERIMENT)),
    PORTUGUESE,
  );
});

Deno.test("a further test set is kept where its models are those of the run, and goes with models that are others", () => {
  using folder = temporary();
  saveFirst(folder.path);
  runAgain(folder.path, isGermanTest);
  assertEquals(
    [...gathered(folder.path).join().kept].sort(),
    ["en-de.coco-2017/", "en-de.flickr-2017/", "pt-en/"],
  );
  runLater(folder.path, isGermanTest);
  const { kept, gone } = gathered(folder.path).join();
  assertEquals([...kept], ["pt-en/"]);
  assert(gone.includes("en-de.coco-2017/compare"));
  assert(gone.every((name) => /^en-de\.(coco|flickr)-2017\//.test(name)));
});

Deno.test("a run that evaluates a further test set alone keeps what its models scored before, and loses what others did", () => {
  using folder = temporary();
  saveFirst(folder.path);
  const isOfCoco = (name: string) =>
    name.startsWith("en-de.coco-2017/") ||
    isGermanTest(name) && !/\/(evaluate|export|compare)/.test(name);
  runAgain(folder.path, isOfCoco);
  const same = gathered(folder.path).join();
  assertEquals(
    [...same.kept].sort(),
    ["en-de.flickr-2017/", "en-de/", "pt-en/"],
  );
  assertEquals(same.gone, []);
  runLater(folder.path, isOfCoco);
  const other = gathered(folder.path).join();
  assertEquals([...other.kept], ["pt-en/"]);
  assert(other.gone.includes("en-de/compare"));
  assert(other.manifest.nodes["en-de.coco-2017/compare"] !== undefined);
});

Deno.test("a pair that the experiment asks otherwise for is not kept: of another config, or of fewer systems", () => {
  for (
    const set of [
      "pairs.pt-en.teacher.training.steps=3000",
      'pairs.pt-en.students={"no-kd":{}}',
    ]
  ) {
    using folder = temporary();
    saveFirst(folder.path);
    runLater(folder.path, isGerman, [set]);
    const { kept, gone, files, results } = gathered(folder.path).join();
    assertEquals([kept.size, files.size], [0, 0], set);
    assert(gone.length > 0 && gone.every((name) => name.startsWith("pt-en/")));
    assert(results.systems.every(({ pair }) => pair?.startsWith("en-de")));
  }
});

Deno.test("a run of some seeds does not take the place of all of a test set", () => {
  using folder = temporary();
  saveFirst(folder.path);
  const isSome = (name: string) => !/@14$|^pt-en\/compare$/.test(name);
  runAgain(folder.path, (name) => isGerman(name) || isSome(name));
  assertInputError(
    () => gathered(folder.path).join(),
    'Cannot save the results of "captions-quarter" in place of those in',
    'found a run without "pt-en/',
    "run them too, or remove that folder",
  );
});

Deno.test("nodes that were pulled, of which nothing was measured here, keep times, curves and translations", () => {
  using folder = temporary();
  saveFirst(folder.path);
  const before = readResults(folder.path, EXPERIMENT);
  for (const name of ["cache", "objects"]) {
    Deno.removeSync(join(folder.path, name), { recursive: true });
  }
  const { found, packed, join: joined } = gathered(folder.path);
  assertEquals(Object.keys(found.results.measured), []);
  assert(packed.lacking.length > 0);
  const { results, files, lacking, kept, gone } = joined();
  assertEquals([kept.size, gone.length, lacking.length], [0, 0, 0]);
  assertEquals(files.size, 8);
  assertEquals(results.curves, before?.results.curves);
  assertEquals(
    Object.keys(results.measured).sort(),
    Object.keys(before?.results.measured ?? {}).sort(),
  );
});

Deno.test("an experiment without pairs keeps its own test set, or the further one", () => {
  const experiment = "captions-ways";
  using folder = temporary();
  saveFirst(folder.path, () => {}, experiment);
  const isFurther = (name: string) => name.startsWith("validation/");
  const isModel = (name: string) => !/(^|\/)(evaluate|compare)/.test(name);
  runAgain(folder.path, (name) => isFurther(name) || isModel(name));
  const own = gathered(folder.path).join();
  assertEquals([...own.kept], [""]);
  assertEquals(own.files.size, 4);
  saveFirst(folder.path, () => {}, experiment);
  runAgain(folder.path, (name) => !isFurther(name));
  assertEquals([...gathered(folder.path).join().kept], ["validation/"]);
});

Deno.test("a pair of another revision of the code is kept, a test set is refused with what to do", () => {
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
  runAgain(folder.path, isGermanTest);
  const error = assertThrows(() => gathered(folder.path, edit).join());
  assert(isFailure(error), `${error}`);
  for (
    const part of ["beside those in", path, '"en-de.coco-2017/*"', "or remove"]
  ) {
    assert(error.message.includes(part), error.message);
  }
  runLater(folder.path, isGerman);
  assertEquals([...gathered(folder.path, edit).join().kept], ["pt-en/"]);
});

Deno.test("damaged results are refused where some would be kept, and made anew where all were run", () => {
  using folder = temporary();
  saveFirst(folder.path);
  const committed = committedFolder(folder.path, EXPERIMENT);
  const translations = join(committed, PORTUGUESE[0]);
  const bytes = Deno.readFileSync(translations);
  Deno.writeFileSync(translations, bytes.subarray(0, 40));
  runAgain(folder.path, isGerman);
  const error = assertThrows(() => gathered(folder.path).join());
  assert(isFailure(error), `${error}`);
  assert(error.message.includes(PORTUGUESE[0]), error.message);
  Deno.writeTextFileSync(join(committed, "results.json"), "cut of");
  assertInputError(
    () => gathered(folder.path).join(),
    "do not hold together",
    "run all of it",
  );
  runLater(folder.path, () => true);
  const { found, join: joined } = gathered(folder.path);
  assertEquals(joined().results, found.results);
});
