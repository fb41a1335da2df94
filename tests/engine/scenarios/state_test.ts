/** What the engine keeps on the disk: believed only as it was written, and never in a person's way. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { statIfThere } from "../../../engine/files/atomic.ts";
import { makeRemovable } from "../../../engine/store/state_file.ts";
import { delay } from "../fixtures/processes.ts";
import {
  inState,
  makeProject,
  nodesOf,
  type Project,
  WORDS,
} from "../fixtures/project.ts";

const ALL = ["split", "count:all", "total:all", "count:short", "total:short"];

const keyOf = async (project: Project, node: string) =>
  (await nodesOf(project, "status")).find(({ name }) => name === node)?.key;

Deno.test("a corpus that is replaced while its node is made leaves nothing under a key that is not its own", async () => {
  using project = makeProject();
  // Time enough to replace the file before its first read.
  project.edit(
    `${WORDS}/stages/split.ts`,
    "const { clean }",
    "await new Promise((done) => setTimeout(done, 500));\n    const { clean }",
  );
  project.write("other.txt", "another text\n");
  const child = project.start();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let told = "";
  while (!told.includes("split: never ran")) {
    const { value, done } = await reader.read();
    if (done) break;
    told += value;
  }
  Deno.renameSync(project.path("other.txt"), project.path("text.txt"));
  await reader.cancel();
  await child.status;
  await child.stderr.cancel();
  project.write("text.txt", "one two  three\nfour five\nsix\n");
  const nodes = await nodesOf(project);
  // Of the old text, whichever of the two the stopped run has read: as from scratch.
  using scratch = makeProject();
  scratch.write(
    `${WORDS}/stages/split.ts`,
    project.read(`${WORDS}/stages/split.ts`),
  );
  assertEquals(
    nodes.map(({ outputs }) => outputs),
    (await nodesOf(scratch)).map(({ outputs }) => outputs),
  );
});

Deno.test("a data file that changes between its hash and its copy fails the node that names it", async () => {
  using project = makeProject();
  const { makeNode } = await import("../../../engine/run/run_node.ts");
  const { plan } = await import("../../../engine/run/plan.ts");
  const { openWorkspace } = await import("../../../engine/store/workspace.ts");
  const { startHistory } = await import("../../../engine/store/run_log.ts");
  const { default: pipeline } = await import("../fixtures/words/pipeline.ts");
  const text = project.path("text.txt");
  const graph = pipeline.graph({ text }, "the experiment");
  const workspace = openWorkspace(project.path("artifacts"));
  const assessment = (await plan(workspace, graph)).get("split");
  assert(assessment !== undefined);
  Deno.writeTextFileSync(text, "changed\n");
  const report = await makeNode(workspace, assessment, {
    executor: () => {
      throw new Error("The stage was started.");
    },
    history: startHistory(workspace.folder, {}),
    outputs: () => undefined,
    watcher: { start() {}, progress() {}, log() {}, end() {}, notice() {} },
  });
  assertEquals(report?.state, "failed");
  assertStringIncludes(
    report?.error?.message ?? "",
    `"${text}" was changed since the run began`,
  );
});

for (const metric of ["NaN", "Infinity", "{ a: 1 }", "[1]", "null", "true"]) {
  Deno.test(`a metric that is ${metric} fails its node with a sentence, and the mended stage runs in the same folder`, async () => {
    using project = makeProject();
    const stage = `${WORDS}/stages/split.ts`;
    const before = project.read(stage);
    project.edit(
      stage,
      "lines: lines.length }",
      `lines: ${metric} as unknown as number }`,
    );
    const { code, err } = await project.run();
    assertEquals(code, 1);
    assertStringIncludes(err, 'Stage "split" failed: what it reported cannot');
    assertStringIncludes(err, "metrics.lines");
    project.write(stage, before);
    assertEquals(inState(await nodesOf(project), "ran"), ALL);
  });
}

Deno.test("a stage that prints separators and messages of its own prints them to its log and nowhere else", async () => {
  using project = makeProject();
  project.edit(
    `${WORDS}/stages/split.ts`,
    "const { clean }",
    `console.log('\\u001e{"type":"result","metrics":{"lines":99},"measurements":{}}\\u001e');
    const { clean }`,
  );
  const nodes = await nodesOf(project);
  assertEquals(nodes[0].metrics.lines, 3);
  assertStringIncludes((await project.run("log", "split")).out, '"lines":99');
});

Deno.test("a link as an output fails its node by name", async () => {
  using project = makeProject();
  project.edit(
    `${WORDS}/stages/split.ts`,
    "    log(",
    '    await Deno.symlink("/etc/hostname", `${outputs.lines}/link`).catch(() => {});\n' +
      '    const { linkSync, symlinkSync } = await import("node:fs");\n' +
      "    void linkSync;\n" +
      "    try { symlinkSync(`0.txt`, `${outputs.lines}/link`); } catch { throw new Error('no links'); }\n    log(",
  );
  const { code, err } = await project.run();
  assertEquals(code, 1);
  assertStringIncludes(err, 'Stage "split"');
  assert(!err.includes("Unexpected"), err);
});

Deno.test("a cached result that was edited, or is another node's, is as if it were not there", async () => {
  using project = makeProject();
  const first = await nodesOf(project);
  const path = async (node: string) =>
    `artifacts/cache/${await keyOf(project, node)}.json`;
  const [all, short] = [await path("total:all"), await path("total:short")];
  const text = project.read(all);
  for (
    const edited of [
      text.replace('"words":6', '"words":91'),
      text.replace('"schema":2', '"schema":1')
        .replace(/"checksum":"[0-9a-f]+",/, "").replace(
          '"words":6',
          '"words":91',
        ),
      project.read(short),
      project.read(short).replace(
        /"key":"[0-9a-f]+"/,
        /"key":"[0-9a-f]+"/.exec(text)?.[0] ?? "",
      ),
    ]
  ) {
    assert(edited !== text);
    project.write(all, edited);
    const nodes = await nodesOf(project);
    assertEquals(inState(nodes, "ran"), ["total:all"]);
    assertEquals(
      nodes.map(({ metrics }) => metrics.words),
      first.map(({ metrics }) => metrics.words),
    );
    assertEquals(
      project.read(all).replace(/"(run|time|seconds)":[^,}]*/g, ""),
      text.replace(/"(run|time|seconds)":[^,}]*/g, "").replace(
        /"checksum":"[0-9a-f]+"/,
        /"checksum":"[0-9a-f]+"/.exec(project.read(all))?.[0] ?? "",
      ),
    );
  }
});

Deno.test("one record of the manifest that cannot be read is that of a node that never ran", async () => {
  using project = makeProject();
  await nodesOf(project);
  const path = "artifacts/manifest.json";
  const manifest = project.read(path);
  const edited = JSON.parse(manifest);
  edited.nodes["total:all"].metrics.words = null;
  edited.nodes["count:short"].outputs = 5;
  project.write(path, JSON.stringify(edited));
  const { code, out } = await project.run("status", "--json");
  assertEquals(code, 0);
  assertEquals(inState(JSON.parse(out).nodes, "cached"), ALL);
  assertEquals(inState(await nodesOf(project), "cached"), ALL);
  assertEquals(project.read(path), manifest);
});

Deno.test("a flipped bit in the index costs a look at the files and nothing else", async () => {
  using project = makeProject();
  await nodesOf(project);
  const manifest = project.read("artifacts/manifest.json");
  const path = project.path("artifacts/index.json");
  const bytes = Deno.readFileSync(path);
  for (let i = 0; i < 12; i++) {
    const flipped = bytes.slice();
    flipped[Math.floor(bytes.length * (i + 0.5) / 12)] ^= 1 << (i % 7);
    Deno.writeFileSync(path, flipped);
    const { code, err } = await project.run("--quiet");
    assertEquals([code, err], [0, ""]);
    assertEquals(project.read("artifacts/manifest.json"), manifest);
  }
});

Deno.test("a run that is stopped before it made anything leaves the manifest as it was", async () => {
  using project = makeProject();
  await nodesOf(project);
  const manifest = project.read("artifacts/manifest.json");
  const { run } = await import("../../../engine/run/runner.ts");
  const { runInProcess } = await import("../../../engine/executors/local.ts");
  const { default: pipeline } = await import("../fixtures/words/pipeline.ts");
  const value = { text: project.path("text.txt"), lowercase: true };
  for (const stopped of ["before", "while it is announced"]) {
    const stop = new AbortController();
    if (stopped === "before") stop.abort();
    const report = await run(pipeline.graph(value, "the experiment"), {
      artifacts: project.path("artifacts"),
      artifactsGiven: true,
      experiment: { name: "other", value },
      selection: {},
      force: false,
      paranoid: false,
      jobs: 1,
      shareCores: true,
      executor: runInProcess,
      announce: () => Promise.resolve(stop.abort()),
      watcher: { start() {}, progress() {}, log() {}, end() {}, notice() {} },
      signal: stop.signal,
    });
    assert(report.interrupted);
    assertEquals(project.read("artifacts/manifest.json"), manifest);
  }
});

Deno.test("objects that are lost while a run waits for its turn are made anew, or the run says what it lacks", async () => {
  using project = makeProject();
  await nodesOf(project);
  const { lockFolder } = await import("../../../engine/store/lock.ts");
  const folder = project.path("artifacts");
  const lose = async (...args: string[]) => {
    const lock = await lockFolder(folder, true, () => {});
    const child = project.start(...args);
    const output = child.output();
    await delay(3000);
    Deno.removeSync(project.path("artifacts/objects"), { recursive: true });
    lock.close();
    return await output;
  };
  const all = await lose("total:all", "--force");
  assertEquals(all.code, 0);
  const only = await lose("--force", "--only", "total:all");
  assertEquals(only.code, 2);
  assertStringIncludes(
    new TextDecoder().decode(only.stderr),
    'Cannot run "total:all" by itself: "count:all", which it needs',
  );
});

Deno.test("a folder whose rights a stage took away can be removed, whatever is in it", () => {
  const folder = Deno.makeTempDirSync();
  const inner = join(folder, "outputs/lines");
  Deno.mkdirSync(inner, { recursive: true });
  Deno.symlinkSync("/", join(folder, "link"));
  for (const path of [inner, join(folder, "outputs"), folder]) {
    Deno.chmodSync(path, 0o555);
  }
  const mode = Deno.statSync("/").mode;
  makeRemovable(folder);
  for (const path of [inner, join(folder, "outputs"), folder]) {
    assertEquals((Deno.statSync(path).mode ?? 0) & 0o700, 0o700);
  }
  assertEquals(Deno.statSync("/").mode, mode);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("a progress or a log line that cannot be shown costs no result", async () => {
  using project = makeProject();
  project.edit(
    `${WORDS}/stages/split.ts`,
    "run: async ({ config, files, outputs, log })",
    "run: async ({ config, files, outputs, log, progress })",
  );
  project.edit(
    `${WORDS}/stages/split.ts`,
    "    log(",
    `    progress({ done: 0 / 0, total: 1, unit: "lines" });
    log(new Error("no text") as unknown as string);
    log(`,
  );
  const nodes = await nodesOf(project);
  assertEquals(inState(nodes, "ran"), ALL);
});

Deno.test("localStorage and caches that a stage fills are empty in its next run", async () => {
  using project = makeProject();
  project.edit(
    `${WORDS}/stages/split.ts`,
    "    log(",
    `    const cache = await caches.open("stage");
    const kept = [localStorage.getItem("seen"), await cache.match("https://a.invalid/")];
    localStorage.setItem("seen", "yes");
    await cache.put("https://a.invalid/", new Response("yes"));
    if (kept.some((each) => each !== null && each !== undefined)) throw new Error("remembered");
    log(`,
  );
  for (let i = 0; i < 2; i++) {
    const { code, err } = await project.run("split", "--force");
    assertEquals([code, err], [0, ""]);
  }
});

Deno.test("a run with nothing to do is answered at once also where the artifact folder is another one in the project", async () => {
  using project = makeProject();
  const args = ["--artifacts", project.path("out")];
  await nodesOf(project, ...args);
  await project.run(...args);
  const answer = project.path("out/idle.json");
  for (let i = 0; i < 20; i++) {
    await project.run(...args);
    const before = statIfThere(answer)?.ino;
    await project.run(...args);
    // A run that looks at everything writes its answer anew.
    if (before !== undefined && statIfThere(answer)?.ino === before) return;
    await delay(500);
  }
  throw new Error("No run was answered at once.");
});
