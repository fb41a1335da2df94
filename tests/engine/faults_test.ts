/** Kills, two runs at once, full and read-only disks: nothing finished is lost, and nothing needs repair. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { random } from "../../schemas/random.ts";
import {
  exists,
  inState,
  makeProject,
  nodesOf,
  type Project,
} from "./project.ts";

/** Twelve files that take 40 ms each: a kill hits before, in and between the stages. */
const SLOW_TEXT = Array.from({ length: 12 }, (_, i) => `word ${i}\n`).join("");
const SLOW = [
  "--set",
  'counts={"slow":{"milliseconds":40},"other":{"longest":3}}',
];

async function undisturbed(): Promise<string> {
  using project = makeProject(SLOW_TEXT);
  await nodesOf(project, ...SLOW);
  return project.read("artifacts/manifest.json");
}

Deno.test("equal runs in two places write equal manifests", async () => {
  const [one, two] = [await undisturbed(), await undisturbed()];
  assertEquals(one, two);
  for (const varying of ["/", Deno.hostname(), "filesPerSecond"]) {
    const manifest = JSON.parse(one);
    manifest.code = {};
    if (varying !== "/") assert(!one.includes(varying));
    else assert(!JSON.stringify(manifest.nodes).includes('"/'));
  }
});

Deno.test("the run is killed at random moments: a plain rerun gives the manifest of an undisturbed run", async () => {
  const expected = await undisturbed();
  using project = makeProject(SLOW_TEXT);
  const next = random("kills", 1);
  for (let kill = 0; kill < 8; kill++) {
    const child = project.start(...SLOW);
    await delay(60 + next() * 700);
    tryKill(child.pid);
    await child.output();
  }
  await nodesOf(project, ...SLOW);
  assertEquals(project.read("artifacts/manifest.json"), expected);
  assertEquals((await project.run("verify")).code, 0);
  assertEquals(leftovers(project), []);
});

Deno.test("a stage's process is killed: its node fails with one sentence, the other branch goes on, the rerun resumes", async () => {
  const expected = await undisturbed();
  using project = makeProject(SLOW_TEXT);
  const child = project.start(...SLOW, "--json");
  const stage = await until(() => stageProcess(project, "count.ts"));
  await until(() => checkpointOf(project));
  tryKill(stage);
  const { code, stdout, stderr } = await child.output();
  assertEquals(code, 1);
  const err = new TextDecoder().decode(stderr);
  assertStringIncludes(
    err,
    'Stage "count" ended without a result (signal SIGKILL',
  );
  assert(!err.includes("    at "));
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout));
  assertEquals(inState(nodes, "failed"), ["count:slow"]);
  assertEquals(inState(nodes, "skipped"), ["total:slow"]);
  assertEquals(inState(nodes, "ran"), ["split", "count:other", "total:other"]);
  await nodesOf(project, ...SLOW);
  assertEquals(project.read("artifacts/manifest.json"), expected);
  const log = (await project.run("log", "count:slow", ...SLOW)).out;
  assertStringIncludes(log, "resumed after ");
});

Deno.test("a killed run takes its stage's process with it", async () => {
  using project = makeProject(SLOW_TEXT);
  const child = project.start("--set", 'counts={"slow":{"milliseconds":1000}}');
  const stage = await until(() => stageProcess(project, "count.ts"));
  tryKill(child.pid);
  await child.output();
  await until(() => exists(`/proc/${stage}/exe`) ? undefined : true);
});

Deno.test("an interrupt ends the stage, keeps its checkpoint and exits with 130", async () => {
  using project = makeProject(SLOW_TEXT);
  const child = project.start(...SLOW);
  const stage = await until(() => stageProcess(project, "count.ts"));
  await until(() => checkpointOf(project));
  Deno.kill(child.pid, "SIGINT");
  const { code, stderr } = await child.output();
  assertEquals(code, 130);
  assertStringIncludes(new TextDecoder().decode(stderr), "run again to go on");
  assert(!exists(`/proc/${stage}/exe`));
  assert(checkpointOf(project) !== undefined);
  const rerun = await nodesOf(project, ...SLOW);
  assertEquals(inState(rerun, "cached"), ["split"]);
  const log = (await project.run("log", "count:slow", ...SLOW)).out;
  assertStringIncludes(log, "resumed after ");
});

Deno.test("of two runs at once on one folder, one waits for the other and finds its work done", async () => {
  using project = makeProject(SLOW_TEXT);
  const children = [project.start(...SLOW), project.start(...SLOW)];
  const outputs = await Promise.all(children.map((child) => child.output()));
  const texts = outputs.map(({ stdout }) => new TextDecoder().decode(stdout));
  assertEquals(outputs.map(({ code }) => code), [0, 0]);
  const waited = texts.filter((text) => text.includes("Another run is using"));
  assertEquals(waited.length, 1);
  assertStringIncludes(waited[0], "Nothing to do: 5 cached.");
});

Deno.test("a run that waits for another can be interrupted", async () => {
  using project = makeProject(SLOW_TEXT);
  const first = project.start("--set", 'counts={"slow":{"milliseconds":5000}}');
  await until(() => stageProcess(project, "count.ts"));
  const second = project.start(...SLOW);
  const reader = second.stdout.getReader();
  await reader.read();
  reader.releaseLock();
  Deno.kill(second.pid, "SIGINT");
  assertEquals((await second.output()).code, 130);
  Deno.kill(first.pid, "SIGINT");
  assertEquals((await first.output()).code, 130);
});

Deno.test("--jobs runs independent stages at once, and gives the manifest of one after the other", async () => {
  const expected = await undisturbed();
  using project = makeProject(SLOW_TEXT);
  await nodesOf(project, ...SLOW, "--jobs", "3");
  assertEquals(project.read("artifacts/manifest.json"), expected);
});

Deno.test("a stage that fails shows its sentence, and its log has the stack", async () => {
  using project = makeProject();
  project.edit(
    "tests/engine/words/stages/total.ts",
    "const words =",
    'throw new Error("it broke");\n    const words =',
  );
  const { code, err } = await project.run();
  assertEquals(code, 1);
  assertStringIncludes(err, 'Stage "total" failed: it broke; its log is ');
  assert(!err.includes("    at "));
  assertStringIncludes((await project.run("log", "total:all")).out, "    at ");
});

Deno.test("the record of a run is readable after a kill", async () => {
  using project = makeProject(SLOW_TEXT);
  const child = project.start(...SLOW);
  await until(() => stageProcess(project, "count.ts"));
  tryKill(child.pid);
  await child.output();
  const [file] = [...Deno.readDirSync(project.path("artifacts/runs"))]
    .filter(({ name }) => name.endsWith(".jsonl"));
  const events = project.read(`artifacts/runs/${file.name}`).trim().split("\n")
    .map((line) => JSON.parse(line));
  assertEquals(events.map(({ event }) => event), [
    "start",
    "node-start",
    "node",
    "node-start",
  ]);
  assert(events[0].machine.cores >= 1);
  assert(Deno.build.os !== "linux" || events[2].peakMemoryBytes > 1_000_000);
});

const canMount = Deno.build.os === "linux" && Deno.uid() === 0 && tryMount();

Deno.test({
  name:
    "a disk that fills up ends the run with one sentence, and more room is all it needs" +
    (canMount
      ? ""
      : " (skipped: run as root on Linux, to mount a small tmpfs)"),
  ignore: !canMount,
  fn: async () => {
    using project = makeProject("long words\n".repeat(2000));
    const artifacts = project.path("small");
    Deno.mkdirSync(artifacts);
    const args = ["--artifacts", artifacts, "--set", "counts={}"];
    mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", artifacts);
    try {
      const { code, err } = await project.run(...args);
      assertEquals(code, 2);
      assertStringIncludes(err, "its disk is full; free some space and run");
      assert(!err.includes("    at "));
      mount("-o", "remount,size=64m", artifacts);
      assertEquals((await project.run(...args)).code, 0);
      assertEquals(
        (await project.run("verify", "--artifacts", artifacts)).code,
        0,
      );
    } finally {
      new Deno.Command("umount", { args: [artifacts] }).outputSync();
    }
  },
});

Deno.test({
  name:
    "a read-only artifact folder is refused in one sentence, unless there is nothing to do" +
    (canMount
      ? ""
      : " (skipped: run as root on Linux, to mount a small tmpfs)"),
  ignore: !canMount,
  fn: async () => {
    using project = makeProject();
    const artifacts = project.path("small");
    Deno.mkdirSync(artifacts);
    mount("-t", "tmpfs", "tmpfs", artifacts);
    try {
      await nodesOf(project, "--artifacts", artifacts);
      mount("-o", "remount,ro", artifacts);
      assertEquals((await project.run("--artifacts", artifacts)).code, 0);
      const { code, err } = await project.run(
        "--artifacts",
        artifacts,
        "--set",
        "seed=2",
      );
      assertEquals(code, 2);
      assertStringIncludes(err, "Cannot write to the artifact folder");
      assertEquals(err.trim().split("\n").length, 1);
    } finally {
      new Deno.Command("umount", { args: [artifacts] }).outputSync();
    }
  },
});

function mount(...args: string[]): void {
  const { success, stderr } = new Deno.Command("mount", { args }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

function tryMount(): boolean {
  const folder = Deno.makeTempDirSync();
  try {
    mount("-t", "tmpfs", "tmpfs", folder);
    new Deno.Command("umount", { args: [folder] }).outputSync();
    return true;
  } catch {
    return false;
  } finally {
    Deno.removeSync(folder);
  }
}

/** The process id of a stage of this project, found by what it executes. */
function stageProcess(project: Project, stage: string): number | undefined {
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const command = Deno.readTextFileSync(`/proc/${name}/cmdline`);
      const isStage = command.includes("data:text/javascript") &&
        command.includes(encodeURIComponent(stage)) &&
        command.includes(project.folder);
      if (isStage) return Number(name);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  return undefined;
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    error instanceof Error && error.message.includes("os error 3");
}

function checkpointOf(project: Project): string | undefined {
  const work = project.path("artifacts/work");
  if (!exists(work)) return undefined;
  return [...Deno.readDirSync(work)]
    .map(({ name }) => join(work, name, "work", "counts.json")).find(exists);
}

/** Temporary files that a finished run should not leave. */
function leftovers(project: Project): string[] {
  const found: string[] = [];
  const walk = (folder: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(folder)) {
      if (name.endsWith(".tmp")) found.push(name);
      if (isDirectory) walk(`${folder}/${name}`);
    }
  };
  walk(project.path("artifacts/objects"));
  return found;
}

async function until<T>(probe: () => T | undefined): Promise<T> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const found = probe();
    if (found !== undefined) return found;
    await delay(20);
  }
  throw new Error("What was waited for did not come.");
}

function tryKill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}
