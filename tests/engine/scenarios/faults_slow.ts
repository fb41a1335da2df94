/** Kills, clocks, full and read-only disks: nothing finished is lost or needs repair. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readCached, writeCached } from "../../../engine/store/manifest.ts";
import { flipBit } from "../fixtures/bits.ts";
import {
  delay,
  isAlive,
  stageProcesses,
  tryKill,
  until,
} from "../fixtures/processes.ts";
import { canMount, mount, unmount } from "../fixtures/mounts.ts";
import {
  checkpointOf,
  exists,
  inState,
  makeProject,
  nodesOf,
  objectPath,
  type Project,
  SLOW_TEXT,
  WORDS,
} from "../fixtures/project.ts";

/** 40 ms a line of the slow text. */
const SLOW = [
  "--set",
  'counts={"slow":{"milliseconds":40},"other":{"longest":3}}',
];
const IN_TURN = ["--jobs", "1"];

async function undisturbed(args = SLOW, text = SLOW_TEXT): Promise<string> {
  using project = makeProject(text);
  await nodesOf(project, ...args);
  return project.read("artifacts/manifest.json");
}

Deno.test("a stage's process is killed: its node fails with one sentence, the other branch goes on, the rerun resumes", async () => {
  const expected = await undisturbed();
  using project = makeProject(SLOW_TEXT);
  const child = project.start(...SLOW, ...IN_TURN, "--json");
  const stage = await until(() => stageProcesses(project, "count.ts")[0]);
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

Deno.test("a killed run takes a stage's process with it that is too busy to hear of its end", async () => {
  using project = busyProject(60_000);
  const child = project.start(...BUSY);
  const busy = await until(() => stageProcesses(project, "count.ts")[0]);
  await until(() => checkpointOf(project));
  tryKill(child.pid);
  await child.output();
  await until(() => isAlive(busy) ? undefined : true);
});

Deno.test("where the system cannot end a process with its parent, a rerun waits for it", async () => {
  using project = busyProject(6000);
  Deno.mkdirSync(project.path("bin"));
  Deno.symlinkSync("/bin/sh", project.path("bin/sh"));
  const child = project.startWith({ PATH: project.path("bin") }, ...BUSY);
  const busy = await until(() => stageProcesses(project, "count.ts")[0]);
  await until(() => checkpointOf(project));
  tryKill(child.pid);
  await child.output();
  assert(isAlive(busy));
  const { code, out } = await project.run(...BUSY);
  assertStringIncludes(
    out,
    "count:busy: waiting for the process of an earlier",
  );
  assertEquals(code, 0);
  assert(!isAlive(busy));
  assertEquals((await project.run("verify")).code, 0);
});

const BUSY = ["--set", 'counts={"busy":{}}'];

/** A project whose stage computes without a pause, from its first checkpoint on. */
function busyProject(milliseconds: number): Project {
  const project = makeProject();
  project.edit(
    `${WORDS}/stages/count.ts`,
    "for (const [i, name]",
    `await Deno.writeTextFile(checkpoint, JSON.stringify(counts));
    for (const end = Date.now() + ${milliseconds}; Date.now() < end;);
    for (const [i, name]`,
  );
  return project;
}

Deno.test("status and explain during a run neither wait for it nor disturb it", async () => {
  const args = ["--set", 'counts={"slow":{"milliseconds":250}}'];
  const expected = await undisturbed(args);
  using project = makeProject(SLOW_TEXT);
  const run = project.start(...args);
  const stage = await until(() => stageProcesses(project, "count.ts")[0]);
  await until(() => checkpointOf(project));
  const status = await nodesOf(project, "status", ...args);
  assertEquals(inState(status, "cached"), ["split"]);
  assertEquals(status.map(({ reason }) => reason), [
    "",
    "never ran",
    "never ran",
  ]);
  const { code, out } = await project.run("explain", "count:slow", ...args);
  assertEquals(code, 0);
  assertStringIncludes(out, "count:slow is new, as it never ran here\n");
  assert(isAlive(stage));
  assertEquals((await run.output()).code, 0);
  assertEquals(project.read("artifacts/manifest.json"), expected);
  assertEquals((await project.run("verify")).code, 0);
});

Deno.test("a run that waits for another can be interrupted", async () => {
  using project = makeProject(SLOW_TEXT);
  const first = project.start("--set", 'counts={"slow":{"milliseconds":5000}}');
  await until(() => stageProcesses(project, "count.ts")[0]);
  const second = project.start(...SLOW);
  const reader = second.stdout.getReader();
  await reader.read();
  reader.releaseLock();
  Deno.kill(second.pid, "SIGINT");
  assertEquals((await second.output()).code, 130);
  Deno.kill(first.pid, "SIGINT");
  assertEquals((await first.output()).code, 130);
});

Deno.test("the record of a run is readable after a kill", async () => {
  using project = makeProject(SLOW_TEXT);
  const child = project.start(...SLOW, ...IN_TURN);
  await until(() => stageProcesses(project, "count.ts")[0]);
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

const PAST = new Date("2001-02-03T04:05:06Z");
const FUTURE = new Date("2101-02-03T04:05:06Z");

for (const [when, time] of [["past", PAST], ["future", FUTURE]] as const) {
  Deno.test(`a change is found that keeps a file's size and its time, which lies in the ${when}`, async () => {
    using project = makeProject();
    const clean = `${WORDS}/clean.ts`;
    const find = async (path: string, change: () => void, reason: string) => {
      // Deno tells the time of an inode's change in whole seconds: two changes within one are the hardest to summarize apart.
      await delay(1000 - Date.now() % 1000);
      Deno.utimeSync(path, time, time);
      await delay(100);
      const before = await nodesOf(project);
      assertEquals(inState(before, "cached").length, 5);
      change();
      Deno.utimeSync(path, time, time);
      const after = await nodesOf(project, "status");
      assertStringIncludes(after.map((node) => node.reason).join("; "), reason);
      const mended = await nodesOf(project);
      assert(inState(mended, "ran").length > 0);
      return mended;
    };
    await nodesOf(project);
    await find(
      project.path("text.txt"),
      () => project.edit("text.txt", "three", "seven"),
      "file text.txt: content changed",
    );
    const nodes = await find(
      project.path(clean),
      () => project.edit(clean, "/ +/g", "/_+/g"),
      `${clean} changed`,
    );
    const object = objectPath(project, nodes, "count:all", "counts");
    await find(object, () => flipBit(object), "object damaged: output counts");
    assertEquals((await project.run("verify")).code, 0);
  });
}

Deno.test("what was made in the future has an age of nothing", async () => {
  using project = makeProject();
  await nodesOf(project);
  const folder = project.path("artifacts");
  for (const { name } of [...Deno.readDirSync(join(folder, "cache"))]) {
    const found = readCached(folder, name.replace(/\.json$/, ""));
    assert(found !== undefined);
    writeCached(folder, { ...found, time: FUTURE.toISOString() });
  }
  const { code, out } = await project.run("status");
  assertEquals(code, 0);
  assertEquals(out.match(/ 0\.0 s$/gm)?.length, 5, out);
});

Deno.test({
  name:
    "wherever a run is when the disk fills up, it ends with one sentence, and more room is all it needs" +
    (canMount
      ? ""
      : " (skipped: run as root on Linux, to mount a small tmpfs)"),
  ignore: !canMount,
  fn: async () => {
    const text = "one two\nthree\n";
    const settings = ["--set", 'counts={"all":{}}'];
    const expected = await undisturbed(settings, text);
    using project = makeProject(text);
    const finished = new Set<number>();
    let isFull = true;
    // A page more each time: the outputs, the log, the store, the cache, the manifest, the index and a checkpoint each
    // are the first to find no room.
    for (let pages = 1; isFull; pages++) {
      const artifacts = project.path(`pages-${pages}`);
      const args = ["--artifacts", artifacts, ...settings];
      Deno.mkdirSync(artifacts);
      mount("-t", "tmpfs", "-o", `size=${4 * pages}k`, "tmpfs", artifacts);
      try {
        const { code, err } = await project.run(...args);
        isFull = code !== 0;
        if (!isFull) continue;
        const summary = `of ${pages} pages: ${err}`;
        assertEquals(code, 2, summary);
        assertStringIncludes(err, "its disk is full; free some space and run");
        assertEquals(err.trim().split("\n").length, 1, summary);
        const cache = join(artifacts, "cache");
        finished.add(exists(cache) ? [...Deno.readDirSync(cache)].length : 0);
        mount("-o", "remount,size=64m", artifacts);
        const rerun = await project.run(...args);
        assertEquals(rerun.code, 0, rerun.err);
        assertEquals(
          Deno.readTextFileSync(join(artifacts, "manifest.json")),
          expected,
        );
        assertEquals(
          (await project.run("verify", "--artifacts", artifacts)).code,
          0,
        );
      } finally {
        unmount(artifacts);
      }
    }
    // How much is finished at each size depends on how the nodes that run at once take turns.
    assert(finished.has(0) && finished.size > 1, [...finished].join());
  },
});

Deno.test({
  name:
    "a full or read-only artifact folder does for a run with nothing to do, and is refused in one sentence otherwise" +
    (canMount
      ? ""
      : " (skipped: run as root on Linux, to mount a small tmpfs)"),
  ignore: !canMount,
  fn: async () => {
    using project = makeProject();
    const artifacts = project.path("small");
    Deno.mkdirSync(artifacts);
    mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", artifacts);
    const args = ["--artifacts", artifacts];
    const refuse = async (sentence: string) => {
      // Old enough for the answer to be worth keeping.
      await delay(1500);
      const idle = await project.run(...args);
      assertEquals(idle.code, 0, idle.err);
      assertStringIncludes(idle.out, "Nothing to do: 5 cached");
      const { code, err } = await project.run(...args, "--set", "seed=2");
      assertEquals(code, 2);
      assertStringIncludes(err, sentence);
      assertEquals(err.trim().split("\n").length, 1);
    };
    try {
      await nodesOf(project, ...args);
      fill(artifacts);
      await refuse("its disk is full; free some space and run");
      mount("-o", "remount,ro", artifacts);
      await refuse("Cannot write to the artifact folder");
    } finally {
      unmount(artifacts);
    }
  },
});

/** Writes until no byte more fits. */
function fill(folder: string): void {
  using file = Deno.createSync(`${folder}/filler`);
  try {
    for (;;) file.writeSync(new Uint8Array(4096));
  } catch (error) {
    if (!String(error).includes("os error 28")) throw error;
  }
}
