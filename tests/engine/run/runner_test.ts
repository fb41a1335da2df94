/** Runs, as one process sees them: what they ask of the machine, refuse, wait for, and write. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Executor } from "../../../engine/executors/executor.ts";
import { lockFolder } from "../../../engine/store/lock.ts";
import {
  inProcess,
  inThisProcess,
  objectOf,
  reasonOf,
  refusalOf,
  SILENT,
} from "../fixtures/in_process.ts";
import { flipBit } from "../fixtures/bits.ts";
import { openProject } from "../../../engine/keys/project.ts";
import { openIndex } from "../../../engine/keys/stat_index.ts";
import { inputError } from "../../../base/input_error.ts";
import { readLog } from "../../../engine/store/node_log.ts";
import { readRuns } from "../../../engine/store/run_log.ts";
import { delay, until } from "../fixtures/processes.ts";
import {
  exists,
  inState,
  makeProject,
  type Project,
  SLOW_TEXT,
} from "../fixtures/project.ts";

const ALL = ["split", "count:all", "total:all", "count:short", "total:short"];
const MANIFEST = "artifacts/manifest.json";
const TWO =
  'counts={"one":{"milliseconds":20},"two":{"milliseconds":20,"longest":3}}';

/** The stages in this process, with something done before or after them. */
function executorWith(
  hook: (...args: Parameters<Executor["run"]>) => void,
): Executor {
  return {
    ...inThisProcess,
    run: async (...args) => {
      const ran = await inThisProcess.run(...args);
      hook(...args);
      return ran;
    },
  };
}

Deno.test("equal runs in two places, of one job or more, write equal manifests that name neither place nor machine", async () => {
  using one = makeProject(SLOW_TEXT);
  using two = makeProject(SLOW_TEXT);
  // The name of the text is in the key.
  const set = [TWO, `text=${one.path("text.txt")}`];
  await inProcess(one).run({ set });
  await inProcess(two).run({ set, jobs: 3 });
  const manifest = one.read(MANIFEST);
  assertEquals(two.read(MANIFEST), manifest);
  const { nodes } = JSON.parse(manifest.replaceAll(one.path("text.txt"), ""));
  assert(!JSON.stringify(nodes).includes('"/'));
  for (const varying of [Deno.hostname(), "filesPerSecond"]) {
    assert(!manifest.includes(varying));
  }
});

Deno.test("what a stage requires of the machine is asked before a run writes anything, and only for what has to run", async () => {
  using project = makeProject();
  let isThere = false;
  const requires = () =>
    isThere
      ? Promise.resolve()
      : Promise.reject(inputError("Cannot use it: it is not there."));
  const { run } = inProcess(project, { total: { requires } });
  assertEquals(await refusalOf(run), "Cannot use it: it is not there.");
  assert(!exists(project.path("artifacts")));
  isThere = true;
  assertEquals((await run()).at(-1)?.state, "ran");
  isThere = false;
  assertEquals((await run()).at(-1)?.state, "cached");
  await refusalOf(() => run({ force: true }));
});

Deno.test("an output that is not written, and one that is not declared, fail the stage by name", async () => {
  using project = makeProject();
  const outputs = { total: { path: "t.json", mediaType: "application/json" } };
  const { run } = inProcess(project, { total: { outputs } });
  const errorWith = async (hook: (path: string) => void) => {
    const executor = executorWith(({ stage }, job) => {
      if (stage.name === "total") hook(job.outputs.total.path);
    });
    const nodes = await run({ executor, selection: { nodes: ["total:all"] } });
    return nodes.at(-1)?.error?.message ?? "";
  };
  assertStringIncludes(
    await errorWith((path) => Deno.renameSync(path, `${path}x`)),
    'did not write its output "total", the file "t.json"',
  );
  assertStringIncludes(
    await errorWith((path) => Deno.writeTextFileSync(`${path}x`, "")),
    'wrote "t.jsonx", which it does not declare',
  );
});

Deno.test("a data file that changes between its hash and its copy fails the node that names it", async () => {
  using project = makeProject();
  const watcher = {
    ...SILENT,
    start: () => project.write("text.txt", "changed\n"),
  };
  const [split, ...others] = await inProcess(project).run({ watcher });
  assertEquals(split.state, "failed");
  assertStringIncludes(
    split.error?.message ?? "",
    "was changed since the run began",
  );
  assertEquals(inState(others, "skipped").length, 4);
});

Deno.test("a run that is stopped before it made anything leaves the manifest as it was", async () => {
  using project = makeProject();
  const { run, report } = inProcess(project);
  await run();
  const manifest = project.read(MANIFEST);
  for (const stopped of ["before", "while it is announced"]) {
    const stop = new AbortController();
    if (stopped === "before") stop.abort();
    const { interrupted } = await report({
      set: ["lowercase=true"],
      announce: () => Promise.resolve(stop.abort()),
      signal: stop.signal,
    });
    assert(interrupted);
    assertEquals(project.read(MANIFEST), manifest);
  }
});

Deno.test("a run that is interrupted records what is up to date, also what it did not come to", async () => {
  using project = makeProject();
  const { run, report, status } = inProcess(project);
  const first = await run();
  await run({ set: ["lowercase=true", "seed=2"] });
  const key = first.find(({ name }) => name === "count:all")?.key;
  Deno.removeSync(project.path(`artifacts/cache/${key}.json`));
  const stop = new AbortController();
  const watcher = { ...SILENT, start: () => stop.abort() };
  const executor: Executor = {
    ...inThisProcess,
    run: () => Promise.resolve({ outcome: { kind: "interrupted" } }),
  };
  const { interrupted } = await report({
    ...{ executor, watcher, signal: stop.signal },
  });
  assert(interrupted);
  const { nodes } = JSON.parse(project.read(MANIFEST));
  const cached = inState(await status(), "cached");
  assertEquals(cached, ["split", "count:short", "total:short"]);
  const states = readRuns(project.path("artifacts")).at(-1)?.states;
  for (const name of cached) {
    const key = first.find((node) => node.name === name)?.key;
    assertEquals(nodes[name].key, key, name);
    assertEquals(states?.get(name), "cached", name);
  }
});

Deno.test("a run that fetches all that it lacks is recorded as one that makes it is", async () => {
  using project = makeProject();
  const { run } = inProcess(project);
  const folder = project.path("artifacts");
  const total = (await run()).find(({ name }) => name === "total:short");
  const path = project.path(`artifacts/cache/${total?.key}.json`);
  const result = Deno.readTextFileSync(path);
  await run({ set: ["counts.short.longest=4"] });
  Deno.removeSync(path);
  const before = readRuns(folder).length;
  await run({
    remoteCache: (_workspace, _node, key) => {
      const isThere = key === total?.key;
      if (isThere) Deno.writeTextFileSync(path, result);
      return Promise.resolve(isThere);
    },
  });
  const runs = readRuns(folder);
  assertEquals(runs.length, before + 1);
  assertEquals(runs.at(-1)?.states.get("total:short"), "cached");
});

Deno.test("a node whose making was cut off is told as one: its log has all pieces, its time is their sum", async () => {
  using project = makeProject();
  const { run, status } = inProcess(project);
  const folder = project.path("artifacts");
  const stop = new AbortController();
  const logging = (line: string, ends: boolean): Executor => ({
    ...inThisProcess,
    run: async (node, job, options) => {
      if (node.name !== "count:all") {
        return await inThisProcess.run(node, job, options);
      }
      Deno.writeTextFileSync(options.logPath, `${line}\n`, { append: true });
      await delay(300);
      if (ends) return await inThisProcess.run(node, job, options);
      stop.abort();
      return { outcome: { kind: "interrupted" } };
    },
  });
  await run({ executor: logging("one", false), signal: stop.signal });
  await run({ executor: logging("two", false) });
  await run({ executor: logging("three", true) });
  const runs = readRuns(folder).map(({ run }) => run);
  assertEquals(
    readLog(folder, "count:all"),
    `Run ${runs[0]}:\none\nRun ${runs[1]}:\ntwo\nRun ${runs[2]}:\nthree\n`,
  );
  const made = (await status()).find(({ name }) => name === "count:all");
  assert(Number(made?.seconds) >= 0.9, String(made?.seconds));
  const pieces = readRuns(folder)
    .map(({ work }) => work.get(made?.key ?? "")?.seconds ?? 0);
  const sum = pieces.reduce((sum, each) => sum + each);
  assert(Math.abs(sum - Number(made?.seconds)) < 0.01);
  // Made again, it is a piece of its own.
  await run({ executor: logging("four", true), force: true });
  assertEquals(readLog(folder, "count:all"), "four\n");
});

Deno.test("of runs at once on one folder each waits for the other, and the manifest is that of the last", async () => {
  using project = makeProject(SLOW_TEXT);
  const { run } = inProcess(project);
  const notices: string[] = [];
  const watcher = { ...SILENT, notice: (line: string) => notices.push(line) };
  const experiments = [3, 4, 4].map((longest) => ({
    set: [`counts={"slow":{"milliseconds":5,"longest":${longest}}}`],
    watcher,
  }));
  const order: number[] = [];
  const reports = await Promise.all(experiments.map(async (options, i) => {
    const nodes = await run(options);
    order.push(i);
    return nodes;
  }));
  assertEquals(notices.length, 2);
  assertStringIncludes(notices[0], "Another command is using");
  // What the first of the two equal ones made, the other found.
  const counts = reports.slice(1).map(([, count]) => count.state);
  assertEquals(counts.sort(), ["cached", "ran"]);
  const last = project.read(MANIFEST);
  const { experiment } = JSON.parse(last);
  assertEquals(
    experiment.value.counts.slow.longest,
    [3, 4, 4][order.at(-1) ?? 0],
  );
  for (const options of experiments) {
    assertEquals(inState(await run(options), "cached").length, 3);
  }
});

Deno.test("objects that are lost while a run waits for its turn are made anew, or the run says what it lacks", async () => {
  using project = makeProject();
  const { run } = inProcess(project);
  await run();
  const folder = project.path("artifacts");
  const lose = async (selection: Parameters<typeof run>[0]) => {
    const lock = await lockFolder(folder, () => {});
    let isWaiting = false;
    const watcher = { ...SILENT, notice: () => void (isWaiting = true) };
    const running = run({ ...selection, watcher });
    await until(() => isWaiting || undefined);
    Deno.removeSync(project.path("artifacts/objects"), { recursive: true });
    lock.close();
    return await running;
  };
  const force = true;
  const all = await lose({ force, selection: { nodes: ["total:all"] } });
  assertEquals(inState(all, "ran"), ["split", "count:all", "total:all"]);
  assertStringIncludes(
    await refusalOf(() => lose({ force, selection: { only: ["total:all"] } })),
    'Cannot run "total:all" by itself: "count:all", which it needs',
  );
});

Deno.test("a cached result that was edited, or is another node's, is as if it were not there", async () => {
  using project = makeProject();
  const { run, status } = inProcess(project);
  const first = await run();
  const keys = new Map((await status()).map(({ name, key }) => [name, key]));
  const path = (node: string) => `artifacts/cache/${keys.get(node)}.json`;
  const [all, short] = [path("total:all"), path("total:short")];
  const text = project.read(all);
  const [key] = /"key":"[0-9a-f]+"/.exec(text) ?? [""];
  const forged = text.replace('"words":6', '"words":91');
  for (
    const edited of [
      forged,
      forged.replace('"schema":2', '"schema":1')
        .replace(/"checksum":"[0-9a-f]+",/, ""),
      project.read(short),
      project.read(short).replace(/"key":"[0-9a-f]+"/, key),
    ]
  ) {
    assert(edited !== text);
    project.write(all, edited);
    const nodes = await run();
    assertEquals(inState(nodes, "ran"), ["total:all"]);
    assertEquals(
      nodes.map(({ metrics }) => metrics),
      first.map(({ metrics }) => metrics),
    );
  }
});

Deno.test("a record of the manifest that cannot be read is that of a node that never ran", async () => {
  using project = makeProject();
  const { run, status } = inProcess(project);
  await run();
  const manifest = project.read(MANIFEST);
  const edited = JSON.parse(manifest);
  edited.nodes["total:all"].metrics.words = null;
  edited.nodes["count:short"].outputs = 5;
  project.write(MANIFEST, JSON.stringify(edited));
  assertEquals(inState(await status(), "cached"), ALL);
  assertEquals(inState(await run(), "cached"), ALL);
  assertEquals(project.read(MANIFEST), manifest);
});

Deno.test("a flipped bit that no time tells of is found by a paranoid run only", async () => {
  using project = makeProject();
  const { run, status } = inProcess(project);
  const nodes = await run();
  const path = objectOf(project, nodes, "count:all", "counts");
  const whole = Deno.readTextFileSync(path);
  flipBit(path);
  // The kernel lets nobody set the time of the change: the index is told that it had always been that.
  const artifacts = project.path("artifacts");
  const index = openIndex(artifacts, openProject().printer);
  const { sha256 } = nodes[1].outputs.counts;
  const name = `objects/${sha256.slice(0, 2)}/${sha256.slice(2)}`;
  index.rememberFile(name, Deno.statSync(path), sha256, true);
  index.save();
  assertEquals(inState(await run(), "cached"), ALL);
  const found = await status({ paranoid: true });
  assertEquals(inState(found, "stale"), ["count:all", "total:all"]);
  assertStringIncludes(reasonOf(found, "count:all"), "object damaged");
  assertEquals(inState(await run({ paranoid: true }), "ran"), ["count:all"]);
  assertEquals(Deno.readTextFileSync(path), whole);
});

/** What may lie at the path of a file of the engine. */
const THINGS: Readonly<Record<string, (path: string) => void>> = {
  "a folder": (path) => Deno.mkdirSync(`${path}/inner`, { recursive: true }),
  "an empty file": (path) => Deno.writeTextFileSync(path, ""),
  "noise": (path) => Deno.writeTextFileSync(path, "\0{]"),
  "marks of a merge": (path) =>
    Deno.writeTextFileSync(path, "<<<<<<< ours\n{}\n>>>>>>> theirs\n"),
  "a link to nowhere": (path) => Deno.symlinkSync("/nowhere/at/all", path),
};

Deno.test("whatever is at the path of a file that the engine keeps, a run goes on as if it had been lost", async () => {
  using project = makeProject();
  const { run, status } = inProcess(project);
  await run();
  const manifest = project.read(MANIFEST);
  const key = (await status())[2].key;
  const kept = [
    ...[...Deno.readDirSync(project.path("artifacts/runs"))]
      .filter(({ name }) => name.endsWith(".jsonl"))
      .map(({ name }) => `runs/${name}`),
    ...["manifest.json", "index.json", "lock"],
    ...[`cache/${key}.json`, "cache", "runs", "work"],
  ];
  for (const name of kept) {
    const path = project.path(`artifacts/${name}`);
    for (const [what, put] of Object.entries(THINGS)) {
      if (exists(path)) Deno.removeSync(path, { recursive: true });
      put(path);
      await run();
      assertEquals(project.read(MANIFEST), manifest, `${what} at ${name}`);
    }
  }
});

/** Whether two stages of the last run were under way at the same time. */
function overlapped(project: Project): boolean {
  const runs = project.path("artifacts/runs");
  const last = [...Deno.readDirSync(runs)].map(({ name }) => name)
    .filter((name) => name.endsWith(".jsonl")).sort().at(-1);
  const events = project.read(`artifacts/runs/${last}`).trim().split("\n")
    .map((line) => JSON.parse(line).event)
    .filter((event) => event.startsWith("node"));
  return events.join(" ").includes("node-start node-start");
}

Deno.test({
  name:
    "a stage that takes all cores shares them with no other unless the run says so" +
    (navigator.hardwareConcurrency > 1 ? "" : " (skipped: one core)"),
  ignore: navigator.hardwareConcurrency < 2,
  fn: async () => {
    using project = makeProject();
    const { run } = inProcess(project);
    const { run: runGreedy } = inProcess(project, {
      total: { resources: { cores: "all" } },
    });
    const once = async (
      seed: number,
      start: typeof run,
      shareCores: boolean,
    ) => {
      const set = [TWO, `seed=${seed}`];
      await run({ set, selection: { nodes: ["count:*"] }, jobs: 2 });
      await start({ set, jobs: 2, shareCores });
      return overlapped(project);
    };
    assertEquals(await once(1, run, false), true);
    assertEquals(await once(2, runGreedy, false), false);
    assertEquals(await once(3, runGreedy, true), true);
  },
});

Deno.test("a run that makes nothing is recorded where it leaves other results than the run before it", async () => {
  using project = makeProject();
  const { run } = inProcess(project);
  const folder = project.path("artifacts");
  await run();
  await run({ set: ["counts.all.longest=4"] });
  assertEquals(readRuns(folder).length, 2);
  for (const _ of [1, 2]) await run();
  const runs = readRuns(folder);
  assertEquals(runs.length, 3);
  const [first, , last] = runs;
  assertEquals(last.outcome, "done");
  assertEquals([...last.states.values()], ALL.map(() => "cached"));
  assertEquals(new Set(last.nodes.keys()), new Set(first.nodes.keys()));
  assertEquals([last.work.size, last.stale.size], [0, 0]);
});
