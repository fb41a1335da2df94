/** The command reproduce: what is made anew, what is found the same, and what is said where it is not. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { canonical, sha256 } from "../../../engine/files/hash.ts";
import { machine } from "../../../engine/store/run_log.ts";
import { keyOf } from "../../../engine/keys/key.ts";
import { readManifest } from "../../../engine/store/manifest.ts";
import { recordedMachine } from "../../../engine/provenance/recorded_machine.ts";
import {
  compareNodes,
  firstDifference,
} from "../../../engine/provenance/reproduce.ts";
import { openWorkspace } from "../../../engine/store/workspace.ts";
import pipeline from "../../../pipeline.ts";
import { saveResults } from "../../../apps/results/committed.ts";
import { gather } from "../../../apps/results/gather.ts";
import type { Json, Manifest } from "../../../schemas/manifest.ts";
import { makeRun, temporary } from "../../fixtures/made_run.ts";
import { flipBit } from "../fixtures/bits.ts";
import { inProcess, objectOf } from "../fixtures/in_process.ts";
import { stageProcesses, tryKill, until } from "../fixtures/processes.ts";
import {
  exists,
  inState,
  makeProject,
  type Project,
  SLOW_TEXT,
  WORDS,
} from "../fixtures/project.ts";
import { makeRepository } from "../fixtures/repository.ts";

interface ReproductionJson {
  readonly folder: string;
  readonly nodes: readonly {
    readonly node: string;
    readonly verdict: string;
    readonly outputs: readonly string[];
    readonly metrics: readonly unknown[];
  }[];
  readonly first: {
    readonly node: string;
    readonly why: readonly string[];
  } | null;
}

const ONE = 'counts={"all":{}}';
const ALL = ["split", "count:all", "total:all", "count:short", "total:short"];

/** The recorded manifest, beside no objects. */
const RECORDED = "recorded/manifest.json";

/** Runs the pipeline, of one count unless `set` says otherwise, and puts its manifest aside. */
async function record(
  project: Project,
  set: readonly string[] = [ONE],
): Promise<Manifest> {
  await inProcess(project).run({ set });
  Deno.mkdirSync(project.path("recorded"), { recursive: true });
  const text = project.read("artifacts/manifest.json");
  project.write(RECORDED, text);
  return JSON.parse(text);
}

async function reproduce(
  project: Project,
  expected: number,
  ...args: string[]
): Promise<ReproductionJson> {
  const { code, out, err } = await project.run(
    ...["reproduce", RECORDED, "--json", ...args],
  );
  assertEquals(code, expected, `${err}${out}`);
  return JSON.parse(out);
}

const verdicts = ({ nodes }: ReproductionJson) =>
  nodes.map(({ node, verdict }) => [node, verdict]);

Deno.test("what is deterministic is made anew with the same bytes, from nothing but the manifest and the project", async () => {
  using project = makeProject();
  await record(project, ["counts.all.longest=4"]);
  Deno.removeSync(project.path("artifacts"), { recursive: true });
  const made = await reproduce(project, 0);
  assertEquals(verdicts(made), ALL.map((node) => [node, "same bytes"]));
  assertEquals(made.first, null);
  assertMatch(made.folder, /artifacts\/reproduced\/[0-9a-f]{12}$/);
  assertEquals(
    Deno.readTextFileSync(`${made.folder}/manifest.json`),
    project.read(RECORDED),
  );
  assert(!exists(project.path("artifacts/objects")));
  const { code, out } = await project.run("reproduce", RECORDED);
  assertEquals(code, 0);
  assertStringIncludes(out, "Of 5 nodes: 5 same bytes.");
});

Deno.test("a folder that has other results is refused, as nothing would be made anew", async () => {
  using project = makeProject();
  await record(project);
  for (const folder of ["artifacts", "recorded"]) {
    const { code, err } = await project.run(
      ...["reproduce", RECORDED, "--artifacts", folder],
    );
    assertEquals(code, 2);
    assertStringIncludes(err, "would not be made anew");
  }
  await reproduce(project, 0, "--artifacts", "fresh", "--until", "split");
  const { code } = await project.run(
    ...["reproduce", RECORDED, "--artifacts", "fresh"],
  );
  assertEquals(code, 2);
});

Deno.test("other bytes and equal metrics pass, and the first node with other bytes is named, with why", async () => {
  using project = makeProject();
  project.edit(
    `${WORDS}/stages/count.ts`,
    "JSON.stringify({ seed, counts })",
    "JSON.stringify({ seed, counts, noise: Math.random() })",
  );
  await record(project);
  const made = await reproduce(project, 0);
  assertEquals(verdicts(made), [
    ["split", "same bytes"],
    ["count:all", "same metrics"],
    ["total:all", "same bytes"],
  ]);
  assertEquals(made.first?.node, "count:all");
  assertMatch(
    made.first?.why[0] ?? "",
    /no record tells which machine made it/,
  );
  Deno.removeSync(made.folder, { recursive: true });
  // Beside its own folder, the runs tell the machine.
  const beside = await project.run(
    ...["reproduce", "artifacts/manifest.json", "--json"],
  );
  assertEquals(beside.code, 0);
  assertStringIncludes(
    JSON.parse(beside.out).first.why[0],
    "the stage is not deterministic",
  );
});

Deno.test("another machine is named feature by feature, as far as records tell", async () => {
  using project = makeProject();
  project.edit(
    `${WORDS}/stages/count.ts`,
    "JSON.stringify({ seed, counts })",
    "JSON.stringify({ seed, counts, noise: Math.random() })",
  );
  await record(project);
  const [run] = [...Deno.readDirSync(project.path("artifacts/runs"))]
    .filter(({ isFile }) => isFile);
  const path = `artifacts/runs/${run.name}`;
  const [start, ...events] = project.read(path).split("\n");
  const began = JSON.parse(start);
  began.machine = { ...began.machine, features: "avx2 fma", deno: "2.0.0" };
  project.write(path, [JSON.stringify(began), ...events].join("\n"));
  const { out } = await project.run(
    ...["reproduce", "artifacts/manifest.json", "--json"],
  );
  const { why } = JSON.parse(out).first;
  assertEquals(why.length, 2);
  assertStringIncludes(
    why[0],
    `machine.deno "2.0.0" -> "${Deno.version.deno}"`,
  );
  assertStringIncludes(why[1], 'machine.features "avx2 fma" -> ');
});

Deno.test("metrics pass within the tolerance, a part of all or an amount of one, and fail outside", async () => {
  using project = makeProject();
  await record(project);
  const manifest: Manifest = JSON.parse(project.read(RECORDED));
  manifest.nodes["total:all"].metrics.words = 6.05;
  project.write(RECORDED, JSON.stringify(manifest));
  const verdictOf = async (code: number, ...args: string[]) =>
    (await reproduce(project, code, ...args)).nodes
      .find(({ node }) => node === "total:all")?.verdict;
  assertEquals(await verdictOf(0), "same metrics");
  assertEquals(await verdictOf(1, "--tolerance", "0.005"), "different");
  assertEquals(await verdictOf(1, "--tolerance", "words=0.01"), "different");
  assertEquals(
    await verdictOf(0, "--tolerance", "0", "--tolerance", "w*=0.06"),
    "same metrics",
  );
  const { code, out } = await project.run(
    ...["reproduce", RECORDED, "--tolerance", "0"],
  );
  assertEquals(code, 1);
  assertMatch(out, /total:all +different +words 6\.05 -> 6 \(-0\.05\)/);
  assertStringIncludes(out, "2 same bytes, 1 different.");
  const wrong = await project.run(
    ...["reproduce", RECORDED, "--tolerance", "much"],
  );
  assertEquals(wrong.code, 2);
  assertStringIncludes(wrong.err, "METRIC=AMOUNT");
});

Deno.test("a node without metrics whose bytes differ is no better than what was made of it", async () => {
  using project = makeProject();
  const manifest = await record(project);
  const text = project.read(RECORDED);
  const { sha256 } = manifest.nodes["count:all"].outputs.counts;
  const other = text.replaceAll(sha256, "0".repeat(64));
  project.write(RECORDED, other);
  const only = ["--only", "count:all"];
  assertEquals(verdicts(await reproduce(project, 1, ...only)), [
    ["count:all", "different"],
  ]);
  assertEquals((await reproduce(project, 0)).nodes[1].verdict, "same metrics");
  project.write(RECORDED, other.replace('"words":6', '"words":9'));
  assertEquals((await reproduce(project, 1)).nodes[1].verdict, "different");
});

Deno.test("other data are different, and so is what reads them and has other bytes, though their metrics are equal", async () => {
  using project = makeProject();
  await record(project);
  project.write(
    "text.txt",
    project.read("text.txt").replace(/ ([^ ]+)\n/, "\n$1 "),
  );
  assertEquals(verdicts(await reproduce(project, 1)), [
    ["split", "different"],
    ["count:all", "different"],
    ["total:all", "same bytes"],
  ]);
});

Deno.test("where the code is not what made the nodes, each is named with the revision that has it, and nothing runs", async () => {
  using project = makeProject();
  const repository = makeRepository(project);
  repository.commit("unlike it");
  project.edit(`${WORDS}/stages/count.ts`, "seed, counts", "counts, seed");
  await record(project);
  const commit = repository.commit("what made it");
  project.edit(
    `${WORDS}/stages/count.ts`,
    "counts, seed",
    "counts, x: 1, seed",
  );
  repository.commit("after it");
  const refused = await project.run("reproduce", RECORDED);
  assertEquals(refused.code, 2);
  const changed = `code ${WORDS}/stages/count.ts changed`;
  assertEquals(refused.out, `count:all: ${changed}\n`);
  assertStringIncludes(refused.err, "1 of its nodes");
  const short = commit.slice(0, 12);
  assertStringIncludes(refused.err, `git worktree add ../${short} ${short}`);
  assert(!exists(project.path("artifacts/reproduced")));
  // Where it is not asked for, it does not matter.
  await reproduce(project, 0, "--until", "split");
  const made = await reproduce(project, 0, "--anyway");
  assertEquals(made.first, { node: "count:all", why: [changed] });
  const json = await project.run("reproduce", RECORDED, "--json");
  assertEquals(JSON.parse(json.out).changed, [
    { node: "count:all", why: [changed] },
  ]);
});

Deno.test("parts that have nothing of each other are told apart where several revisions made them", async () => {
  using project = makeProject();
  const repository = makeRepository(project);
  const set = ["one", "other"].flatMap((name) => [
    `texts.${name}.text=${project.path("text.txt")}`,
    `texts.${name}.counts.all={}`,
  ]);
  const { run } = inProcess(project);
  Deno.mkdirSync(project.path("recorded"), { recursive: true });
  await run({ set, selection: { nodes: ["one/*"] } });
  const first = repository.commit("what made one");
  project.edit(`${WORDS}/stages/count.ts`, "seed, counts", "counts, seed");
  await run({ set, selection: { nodes: ["other/*"] } });
  const second = repository.commit("what made the other");
  const [short, later] = [first, second].map((each) => each.slice(0, 12));
  project.write(RECORDED, project.read("artifacts/manifest.json"));
  const here = await project.run("reproduce", RECORDED);
  assertEquals(here.code, 2, here.err);
  assertStringIncludes(here.err, `git worktree add ../${short} ${short}`);
  assertStringIncludes(
    here.err,
    "; those of --only 'other/*' are made here, or make them",
  );
  await reproduce(project, 0, "--only", "other/*");
  project.edit(
    `${WORDS}/stages/count.ts`,
    "counts, seed",
    "counts, x: 1, seed",
  );
  repository.commit("after both");
  const { code, err } = await project.run("reproduce", RECORDED);
  assertEquals(code, 2);
  for (const [name, commit] of [["one", short], ["other", later]]) {
    assertMatch(
      err,
      new RegExp(
        `with --only '${name}/\\*' [^;]*git worktree add ../${commit}`,
      ),
    );
  }
});

Deno.test("where no revision has the code, that is said, and where git tells nothing too", async () => {
  using project = makeProject();
  await record(project);
  project.edit(`${WORDS}/stages/count.ts`, "seed, counts", "counts, seed");
  const alone = await project.run("reproduce", RECORDED);
  assertEquals(alone.code, 2);
  assertStringIncludes(
    alone.err,
    "no revision in this repository has their code",
  );
  const commit = makeRepository(project).commit("not what made it");
  const refused = await project.run("reproduce", RECORDED);
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.err, "the manifest was last committed");
  assertStringIncludes(refused.err, commit.slice(0, 12));
});

Deno.test("an experiment that the pipeline does not know any more is told with the way to the revision that did", async () => {
  using project = makeProject();
  const repository = makeRepository(project);
  await record(project);
  const commit = repository.commit("what made it");
  project.edit(
    `${WORDS}/pipeline.ts`,
    "text: z.string().min(1).optional()",
    "txt: z.string().optional()",
  );
  project.edit(
    `${WORDS}/pipeline.ts`,
    "const { seed, text, lowercase } = words",
    "const { seed, txt: text, lowercase } = words",
  );
  const { code, err } = await project.run("reproduce", RECORDED);
  assertEquals(code, 2);
  assertStringIncludes(err, 'unknown key "text"');
  assertStringIncludes(err, `git worktree add ../${commit.slice(0, 12)}`);
});

Deno.test("--only makes these nodes alone, of objects that are copied and hashed on the way", async () => {
  using project = makeProject();
  await record(project, []);
  const nodes = await inProcess(project).status();
  const only = ["--only", "total:*"];
  const made = await reproduce(project, 0, ...only);
  assertEquals(verdicts(made), [
    ["total:all", "same bytes"],
    ["total:short", "same bytes"],
  ]);
  const { manifest } = await manifestOf(made.folder);
  assertEquals(Object.keys(manifest.nodes).sort(), ALL.toSorted());
  const { status } = inProcess(project, { artifacts: made.folder });
  assertEquals(inState(await status(), "cached"), ALL);
  Deno.removeSync(made.folder, { recursive: true });
  flipBit(objectOf(project, nodes, "count:all", "counts"));
  const damaged = await project.run("reproduce", RECORDED, ...only);
  assertEquals(damaged.code, 1);
  assertStringIncludes(damaged.err, 'Cannot make others of "count:all"');
  assertStringIncludes(damaged.err, "counts is damaged");
  const nowhere = await project.run(
    ...["reproduce", RECORDED, ...only, "--objects", "nowhere"],
  );
  assertEquals(nowhere.code, 1);
  assertStringIncludes(nowhere.err, "counts is missing");
});

Deno.test("a node that fails is not made, nor what needs it, and the exit code says so", async () => {
  using project = makeProject();
  await record(project);
  project.edit(
    `${WORDS}/stages/total.ts`,
    "const words =",
    'throw new Error("it broke");\n    const words =',
  );
  const made = await reproduce(project, 1, "--anyway");
  assertEquals(verdicts(made), [
    ["split", "same bytes"],
    ["count:all", "same bytes"],
    ["total:all", "not made"],
  ]);
});

Deno.test("a reproduction that was killed goes on from what was finished", async () => {
  using project = makeProject(SLOW_TEXT);
  await record(project, ['counts={"all":{"milliseconds":150}}']);
  const running = project.start("reproduce", RECORDED, "--artifacts", "fresh");
  await until(() => stageProcesses(project, "count.ts")[0]);
  tryKill(running.pid);
  await running.output();
  const { out } = await project.run(
    ...["reproduce", RECORDED, "--artifacts", "fresh"],
  );
  assert(!out.includes("split: done"), out);
  assertStringIncludes(out, "Of 3 nodes: 3 same bytes.");
});

function manifestOf(folder: string): { readonly manifest: Manifest } {
  const text = Deno.readTextFileSync(`${folder}/manifest.json`);
  return { manifest: JSON.parse(text) };
}

const PREIMAGE = {
  stage: "teacher",
  code: sha256("code then"),
  config: { steps: 10 },
  inputs: { tokens: { train: sha256("train") } },
  files: {},
  seed: 1,
  environment: { name: "onnx", version: "1.29.0" } as Json,
};

/** A manifest of a teacher that was made by these packages on this runtime, with this model. */
function teacherManifest(
  zod: string,
  environment: Json,
  model: string,
): Manifest {
  const code = { modules: {}, packages: { [zod]: "sha512-" }, resolutions: {} };
  const hash = sha256(canonical(code));
  const preimage = { ...PREIMAGE, code: hash, environment };
  return {
    schema: 1,
    experiment: { name: "quick", value: {} },
    code: { [hash]: code },
    nodes: {
      teacher: {
        key: keyOf(preimage),
        preimage,
        inputs: { tokens: "tokenize" },
        outputs: { model: { sha256: sha256(model), bytes: 1, mediaType: "x" } },
        metrics: { perplexity: 6 },
      },
    },
  };
}

Deno.test("a package's version, the runtime and the machine's features are each named where bytes differ first", () => {
  const [cpu, features] = ["An EPYC", "avx2 fma"];
  const before = teacherManifest(
    "zod@4.6.6",
    { name: "onnx", version: "1.29.0" },
    "one",
  );
  const after = teacherManifest(
    "zod@4.6.7",
    { name: "onnx", version: "1.30.0" },
    "other",
  );
  const nodes = compareNodes(before.nodes, after.nodes, ["teacher"], []);
  assertEquals(nodes.map(({ verdict }) => verdict), ["same metrics"]);
  const first = firstDifference(before, after, nodes, {
    then: () => ({ cpu, features }),
    now: { cpu, features: "avx2 avx512f fma" },
  });
  assertEquals(first, {
    node: "teacher",
    why: [
      'environment.version "1.29.0" -> "1.30.0"',
      "package zod 4.6.6 -> 4.6.7",
      'machine.features "avx2 fma" -> "avx2 avx512f fma"',
    ],
  });
});

Deno.test("the machine of a committed result is known from the file beside its manifest", () => {
  using folder = temporary();
  const records = makeRun(folder.path);
  const manifest = readManifest(folder.path);
  const teacher = records.get("teacher");
  assert(manifest !== undefined && teacher !== undefined);
  const graph = pipeline.graph(manifest.experiment.value, "tiny");
  const workspace = openWorkspace(folder.path);
  saveResults(folder.path, gather(workspace, manifest, graph, []));
  const path = `${folder.path}/results/tiny/manifest.json`;
  assertEquals(recordedMachine(path, "teacher", teacher), machine());
  Deno.removeSync(`${folder.path}/results/tiny/results.json`);
  assertEquals(recordedMachine(path, "teacher", teacher), undefined);
});
