/** The command `log`: the table of runs, also from damaged records, and the logs of nodes. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { dirname } from "@std/path";
import {
  stageProcesses,
  tryKill,
  until,
} from "../../../engine/fixtures/processes.ts";
import {
  exists,
  makeProject,
  nodesOf,
  type Project,
  WORDS,
} from "../../../engine/fixtures/project.ts";
import { type Outcome, pipeline } from "../../fixtures/command_line.ts";

const SLOW = ["--set", 'counts={"slow":{"milliseconds":2000}}'];

interface RunJson {
  readonly run: string;
  readonly time: string | null;
  readonly experiment: string | null;
  readonly seconds: number | null;
  readonly outcome: string;
  readonly nodes: Readonly<Record<string, number | null>>;
  readonly peakMemoryBytes: number | null;
  readonly machine: { readonly cores: number } | null;
}

Deno.test("log before the first run says that there is none, and writes nothing", async () => {
  using project = makeProject();
  const { code, out } = await logOf(project);
  assertEquals(code, 0);
  assertMatch(out, /^No run is recorded in ".*artifacts"\.\n$/);
  assertEquals(await runsOf(project), []);
  assert(!exists(project.path("artifacts")));
});

Deno.test("log gives each run with its outcome, its nodes and the largest peak of them, the newest last", async () => {
  using project = makeProject();
  await nodesOf(project);
  project.edit(
    `${WORDS}/stages/total.ts`,
    "const words =",
    'throw new Error("it broke");\n    const words =',
  );
  assertEquals((await project.run()).code, 1);
  const runs = await runsOf(project);
  const [done, failed] = runs;
  assertEquals(runs.map(({ outcome }) => outcome), ["done", "failed"]);
  assertEquals(done.nodes, { ran: 5, cached: 0, failed: 0, skipped: 0 });
  assertEquals(failed.nodes, { ran: 0, cached: 3, failed: 2, skipped: 0 });
  for (const run of runs) {
    const events = eventsOf(project, run.run);
    assertEquals(run.time, events[0].time);
    assertEquals(run.experiment, "quick");
    assertEquals(run.seconds, events.at(-1)?.seconds);
    assert(Number(run.seconds) > 0);
    assertEquals(run.machine?.cores, navigator.hardwareConcurrency);
    const peaks = events.map(({ peakMemoryBytes }) => peakMemoryBytes ?? 0);
    assertEquals(run.peakMemoryBytes ?? 0, Math.max(...peaks));
    assert(Deno.build.os !== "linux" || Math.max(...peaks) > 1_000_000);
  }
  const of = async (name: string) => {
    const { out } = await logOf(project, "--json", "--experiment", name);
    return JSON.parse(out).runs.length;
  };
  assertEquals([await of("tiny"), await of("quick")], [0, 2]);
  const one = await project.run("log", "count:all", "--json");
  const text = await project.run("log", "count:all");
  assertEquals(JSON.parse(one.out), {
    ...{ node: "count:all", run: done.run, log: text.out },
  });
  const [header, first, second, ...more] = await rowsOf(project);
  assertEquals(
    header.join("|"),
    "run|began|experiment|took|outcome|nodes|peak memory",
  );
  assertMatch(
    first.join("|"),
    /^000001\|\d{4}-\d\d-\d\dT[\d:]{8}Z\|quick\|[\d.]+ s\|done\|5 ran\|\d.* MB$/,
  );
  assertMatch(
    second.join("|"),
    /^000002\|.*\|failed\|3 cached, 2 failed/,
  );
  assertEquals(more, []);
});

Deno.test("a run is running until it ends; killed it is cut off, interrupted it says so, and both keep what they did", async () => {
  using project = makeProject("one\ntwo\n");
  const outcomes = async () =>
    (await runsOf(project)).map(({ outcome }) => outcome);
  const killed = project.start(...SLOW);
  await until(() => stageProcesses(project, "count.ts")[0]);
  assertEquals(await outcomes(), ["running"]);
  tryKill(killed.pid);
  await killed.output();
  assertEquals(await outcomes(), ["cut off"]);
  // The stage of the killed run is not to be taken for that of the next one.
  await until(() =>
    stageProcesses(project, "count.ts").length === 0 || undefined
  );

  const interrupted = project.start(...SLOW);
  await until(() => stageProcesses(project, "count.ts")[0]);
  assertEquals(await outcomes(), ["cut off", "running"]);
  Deno.kill(interrupted.pid, "SIGINT");
  await interrupted.output();
  const [first, second] = await runsOf(project);
  assertEquals([first.outcome, second.outcome], ["cut off", "interrupted"]);
  assertEquals([first.seconds, first.nodes], [
    null,
    { ran: 1, cached: null, failed: 0, skipped: null },
  ]);
  assertEquals(first.machine, second.machine);
  assert(Number(second.seconds) > 0);
  // What it did not come to is skipped, as the run itself says.
  assertEquals(second.nodes, { ran: 0, cached: 1, failed: 0, skipped: 2 });
  const [, cutOff] = await rowsOf(project);
  assertEquals(cutOff.slice(3, 5), ["cut off", "1 ran"]);
});

Deno.test("records of older versions, cut off and damaged ones are read as far as they go, in the order of the runs", async () => {
  using project = makeProject();
  const time = "2026-11-24T17:39:24.819Z";
  const start = { event: "start", time, experiment: "old" };
  const node = { event: "node", name: "split", peakMemoryBytes: 5_000_000 };
  const first = "2026-11-24T17-39-24-819Z-9";
  writeRecord(project, first, [
    JSON.stringify(start),
    '{"event":"node","name":"a","sta',
    JSON.stringify({ ...node, state: "ran" }),
    JSON.stringify({ event: "end", seconds: 3, states: { split: "ran" } }),
  ]);
  writeRecord(project, "2026-11-24T18-00-00-000Z-10", [
    JSON.stringify({ event: "end", states: { a: "failed", b: "skipped" } }),
  ]);
  writeRecord(project, "002027-2001-01-01T00-00-00-000Z", [
    "null",
    '"text"',
    JSON.stringify({ ...node, time: 7, state: "failed", peakMemoryBytes: "" }),
    JSON.stringify({ event: "unheard of", time, experiment: "new" }),
  ]);
  writeRecord(project, "002028-2001-01-01T00-00-00-000Z", []);
  const damaged = (run: string, outcome: string, nodes: RunJson["nodes"]) => ({
    ...{ run, outcome, nodes, time: null, experiment: null, seconds: null },
    ...{ peakMemoryBytes: null, machine: null },
  });
  const cutOff = { ran: 0, cached: null, failed: 0, skipped: null };
  assertEquals(await runsOf(project), [
    {
      ...damaged(first, "done", { ran: 1, cached: 0, failed: 0, skipped: 0 }),
      ...{ time, experiment: "old", seconds: 3, peakMemoryBytes: 5_000_000 },
    },
    damaged(
      "2026-11-24T18-00-00-000Z-10",
      "failed",
      { ran: 0, cached: 0, failed: 1, skipped: 1 },
    ),
    {
      ...damaged("002027-2001-01-01T00-00-00-000Z", "cut off", {
        ...cutOff,
        failed: 1,
      }),
      time,
    },
    damaged("002028-2001-01-01T00-00-00-000Z", "cut off", cutOff),
  ]);
  await nodesOf(project);
  const latest = (await runsOf(project)).at(-1);
  assertMatch(latest?.run ?? "", /^002029-/);
  assertEquals(latest?.outcome, "done");
});

Deno.test("log NODE shows the last run's log, also after runs that had no numbers", async () => {
  using project = makeProject();
  const old = "2026-11-24T17-39-24-819Z-9";
  writeRecord(project, old, []);
  Deno.mkdirSync(project.path(`artifacts/runs/${old}`));
  project.write(`artifacts/runs/${old}/split.log`, "the old one\n");
  assertEquals((await project.run("log", "split")).out, "the old one\n");
  await nodesOf(project);
  assertMatch((await project.run("log", "split")).out, /3 lines/);
});

Deno.test("of two experiments with a node of one name in one folder, log shows and follows that of the experiment that is meant", async () => {
  using project = makeProject("one\ntwo\n");
  project.edit(
    `${WORDS}/stages/count.ts`,
    "progress({",
    "log(`within ${config.longest}`);\n      progress({",
  );
  const experiment = (counts: unknown) =>
    JSON.stringify({ text: "text.txt", counts });
  const [ours, theirs] = ["ours", "theirs"].map((name, i) => {
    const counts = { all: { longest: 10 + i, milliseconds: 1000 * i } };
    project.write(`${name}.jsonc`, experiment(counts));
    return ["--experiment", project.path(`${name}.jsonc`)];
  });
  await nodesOf(project, ...ours);
  const run = project.start(...theirs);
  await until(() => stageProcesses(project, "count.ts")[0]);
  // It is cached: nothing is to be waited for, though the other goes on.
  const [cached, theirLog] = await Promise.all([
    project.run("log", "count:all", "--follow", ...ours),
    project.run("log", "count:all", "--follow", ...theirs),
  ]);
  assertEquals((await run.output()).code, 0);
  assertEquals([cached.out, cached.err], ["within 10\n".repeat(2), ""]);
  assertEquals(theirLog.out, "within 11\n".repeat(2));
  assertEquals(
    (await project.run("log", "count:all", ...ours)).out,
    cached.out,
  );
  // The key of its changed value was never made: the last that it was.
  project.write("ours.jsonc", experiment({ all: { longest: 12 } }));
  assertEquals(
    (await project.run("log", "count:all", ...ours)).out,
    cached.out,
  );
  Deno.removeSync(project.path("text.txt"));
  assertEquals(
    (await project.run("log", "count:all", ...ours)).out,
    cached.out,
  );
  project.write("text.txt", "one\ntwo\n");
  project.write("third.jsonc", experiment({ all: { longest: 13 } }));
  const third = ["--experiment", project.path("third.jsonc")];
  const { code, err } = await project.run("log", "count:all", ...third);
  assertEquals(code, 1);
  assertMatch(err, /it never ran here in experiment "third"\.\n$/);
});

Deno.test("after a run with other values, log shows and follows that run, status and explain say so, and asked values come first", async () => {
  using project = makeProject();
  project.edit(
    `${WORDS}/stages/count.ts`,
    "progress({",
    "log(`within ${config.longest}`);\n      progress({",
  );
  project.edit(
    `${WORDS}/stages/total.ts`,
    "inputs, outputs }) => {",
    'inputs, outputs, log }) => {\n    log("added up");',
  );
  project.write(
    "mine.jsonc",
    '{ "text": "text.txt", "counts": { "all": { "longest": 10 } } }',
  );
  const mine = ["--experiment", project.path("mine.jsonc")];
  const outOf = async (...args: string[]) => {
    const { code, out, err } = await project.run(...args);
    assert(code === 0 || code === 10, err);
    return out;
  };
  const count = ["log", "count:all"];
  const within = (longest: number) => `within ${longest}\n`.repeat(3);
  await nodesOf(project, ...mine);
  assertEquals(await outOf(...count), within(10));
  assert(!(await outOf("status")).includes("other values"));
  await nodesOf(project, "--set", "counts.all.longest=3");
  assertEquals(await outOf(...count), within(3));
  assertEquals(
    await outOf(...count, "--set", "counts.all.longest=10"),
    within(10),
  );
  const other = "The last run had other values: --set counts.all.longest=3";
  for (const command of [["status"], ["explain", "count:all"]]) {
    assertEquals((await outOf(...command)).split("\n")[1], other);
    for (const longest of [3, 5]) {
      const set = ["--set", `counts.all.longest=${longest}`];
      assert(!(await outOf(...command, ...set)).includes("other values"));
    }
  }
  // With nothing to do it is the last run all the same, and is recorded once.
  for (const _ of [1, 2]) {
    assertMatch(await outOf("run"), /^Nothing to do: 3 cached/m);
  }
  assertEquals((await runsOf(project)).map(({ nodes }) => nodes.cached), [
    ...[0, 1, 3],
  ]);
  assertEquals(await outOf(...count), within(10));
  assert(!(await outOf("status")).includes("other values"));

  const run = project.start(
    "--set",
    'counts.all={"longest":4,"milliseconds":5000}',
  );
  await until(() => stageProcesses(project, "count.ts")[0]);
  const [counted, added] = await Promise.all([
    outOf(...count, "--follow"),
    outOf("log", "total:all", "--follow"),
  ]);
  assertEquals((await run.output()).code, 0);
  assertEquals(counted, within(4));
  assertMatch(added, /^added up\nRun 000004-.*:\nadded up\n$/);
});

Deno.test("the log of a node that a mistake of the user failed has the sentence, and of a fault of the stage where it was", async () => {
  using project = makeProject();
  project.edit(
    `${WORDS}/stages/count.ts`,
    "const names",
    'throw Object.assign(new Error("Cannot count it."), { name: "None" });\n    const names',
  );
  const logWith = async (name: string, before: string) => {
    project.edit(`${WORDS}/stages/count.ts`, `"${before}"`, `"${name}"`);
    await project.run();
    return (await project.run("log", "count:all")).out;
  };
  assertEquals(await logWith("InputError", "None"), "Cannot count it.\n");
  assertMatch(
    await logWith("Other", "InputError"),
    /Cannot count it\.\n +at .*count\.ts/,
  );
});

/** Runs of any pipeline: those of the project are read by this process. */
function logOf(project: Project, ...args: string[]): Promise<Outcome> {
  return pipeline("log", "--artifacts", project.path("artifacts"), ...args);
}

async function runsOf(project: Project): Promise<readonly RunJson[]> {
  const { code, out, err } = await logOf(project, "--json");
  if (code !== 0) throw new Error(`Exit code ${code}: ${err}`);
  return JSON.parse(out).runs;
}

/** The cells of the table that are not empty, by row. */
async function rowsOf(project: Project): Promise<readonly string[][]> {
  const { out } = await logOf(project);
  return out.trimEnd().split("\n").map((line) => line.split(/ {2,}/));
}

function eventsOf(
  project: Project,
  run: string,
): readonly {
  readonly time: string;
  readonly seconds?: number;
  readonly peakMemoryBytes?: number;
}[] {
  const text = project.read(`artifacts/runs/${run}.jsonl`);
  return text.trim().split("\n").map((line) => JSON.parse(line));
}

function writeRecord(
  project: Project,
  run: string,
  lines: readonly string[],
): void {
  const name = `artifacts/runs/${run}.jsonl`;
  Deno.mkdirSync(dirname(project.path(name)), { recursive: true });
  project.write(name, lines.join("\n") + "\n");
}
