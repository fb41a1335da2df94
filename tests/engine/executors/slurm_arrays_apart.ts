/** Nodes that are submitted together to a real Slurm: each task of an array is a job of its own in all but its submission. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { until } from "../fixtures/processes.ts";
import {
  checkpointOf,
  inState,
  makeProject,
  type NodeJson,
  nodesOf,
  type Project,
  SLOW_TEXT,
} from "../fixtures/project.ts";
import { jobOutputs, runToEnd, settled } from "../fixtures/run_to_end.ts";
import { testsOnSlurm } from "../fixtures/slurm.ts";

const test = await testsOnSlurm();

const SLURM = ["--executor", "slurm"];

/** Counts by name, each with its longest word; `a` to `e` are of one stage and need the same. */
function counting(names: string, milliseconds: number): string[] {
  const counts = Object.fromEntries(
    [...names].map((name, i) => [name, { longest: 10 + i, milliseconds }]),
  );
  return ["--set", `counts=${JSON.stringify(counts)}`];
}

interface Submitted extends NodeJson {
  readonly job?: string;
}

async function jobsOf(
  project: Project,
  ...args: string[]
): Promise<ReadonlyMap<string, string>> {
  const nodes: readonly Submitted[] = await nodesOf(project, ...args);
  return new Map(nodes.flatMap(({ name, job }) => job ? [[name, job]] : []));
}

test("nodes of one stage that need the same are one array, and its tasks are found by whoever submits some of them again", async (cluster) => {
  using project = makeProject(SLOW_TEXT);
  const many = counting("abcde", 100);
  await cluster.wait();
  const jobs = await jobsOf(project, ...many, ...SLURM);
  const [, array] = /^(\d+)_0$/.exec(jobs.get("count:a") ?? "") ?? [];
  assertEquals(
    [..."abcde"].map((name) => jobs.get(`count:${name}`)),
    [0, 1, 2, 3, 4].map((task) => `${array}_${task}`),
  );
  const lines = await cluster.ask("squeue", "--noheader", "--format=%i %j");
  assertMatch(
    lines,
    new RegExp(`^${array}_\\[0-4\\] count@[0-9a-f]{16}$`, "m"),
  );
  // Every total needs its own count, and so is a job by itself.
  assertMatch(jobs.get("total:a") ?? "", /^\d+$/);
  // Two that are submitted, and one that is new.
  const others = counting("abf", 100).map((arg) =>
    arg.replace('"f":{"longest":12', '"f":{"longest":3')
  );
  const again = await jobsOf(project, ...others, ...SLURM);
  for (const name of ["split", "count:a", "count:b", "total:a"]) {
    assertEquals(again.get(name), jobs.get(name), name);
  }
  assertMatch(again.get("count:f") ?? "", /^\d+$/);
  await cluster.resume();
  const nodes = await settled(project, ...many);
  assertEquals(inState(nodes, "cached").length, 11, jobOutputs(project));
  assertEquals(
    jobOutputs(project).match(/^Job begins: count:[a-e], job \d+_\d /gm)
      ?.length,
    5,
    jobOutputs(project),
  );
  const rest = await settled(project, ...others);
  assertEquals(inState(rest, "cached").length, 7);
  const log = await project.run("log", "count:a", ...many);
  assertEquals([log.code, log.err], [0, ""]);
});

test("an array is no longer than the cluster takes", async () => {
  using project = makeProject();
  const names = Array.from({ length: 25 }, (_, i) => `n${i}`);
  const counts = Object.fromEntries(
    names.map((name, i) => [name, { longest: 1 + i }]),
  );
  const settings = ["--set", `counts=${JSON.stringify(counts)}`];
  const jobs = await jobsOf(project, ...settings, ...SLURM);
  const arrays = Map.groupBy(
    names.map((name) => jobs.get(`count:${name}`) ?? ""),
    (id) => id.split("_")[0],
  );
  assertEquals([...arrays.values()].map(({ length }) => length), [20, 5]);
  const { out } = await project.run("cancel", ...settings);
  assertStringIncludes(out, "Stopped");
});

test("cancel of a waiting task stops it and what needs it, and no other; submitted again it is found", async (cluster) => {
  using project = makeProject(SLOW_TEXT);
  const settings = counting("abcde", 300);
  // On one machine the last task waits for four others.
  const others = ["update", "NodeName=n2,n3"];
  await cluster.ask("scontrol", ...others, "State=DRAIN", "Reason=test");
  const jobs = await jobsOf(project, ...settings, ...SLURM);
  await until(() => jobOutputs(project).includes("count:a: ") || undefined);
  const stopped = await project.run("cancel", "count:e", ...settings);
  assertStringIncludes(stopped.out, "Stopped count:e;");
  await cluster.ask("scontrol", ...others, "State=RESUME");
  const nodes = await settled(project, ...settings);
  assertEquals(inState(nodes, "stale"), ["count:e", "total:e"]);
  assertEquals(inState(nodes, "cached").length, 9, jobOutputs(project));
  assert(!jobOutputs(project).includes("Job begins: total:e"));
  const again = await jobsOf(project, ...settings, ...SLURM);
  assertEquals([...again.keys()], ["count:e", "total:e"]);
  assert(again.get("count:e") !== jobs.get("count:e"));
  assertEquals(
    inState(await settled(project, ...settings), "cached").length,
    11,
  );
});

test("what needs a waiting task that scancel has taken out fails with a sentence, and a plain rerun mends it", async (cluster) => {
  using project = makeProject(SLOW_TEXT);
  const late = "LATE_MILLISECONDS =";
  project.edit("cli/jobs/job.ts", `${late} 60_000`, `${late} 1000`);
  const settings = counting("abcde", 300);
  const jobs = await jobsOf(project, ...settings, ...SLURM);
  await until(() => jobOutputs(project).includes("count:a: ") || undefined);
  await cluster.ask("scancel", jobs.get("count:e") ?? "");
  const nodes = await settled(project, ...settings);
  assertEquals(inState(nodes, "stale"), ["count:e"]);
  assertMatch(
    nodes.find(({ name }) => name === "total:e")?.reason ?? "",
    /^job \d+ failed: Cannot run "total:e" by itself: "count:e", which it needs, is not up to date; /,
  );
  const again = await runToEnd("slurm", project, ...settings);
  assertEquals(inState(again.nodes, "cached").length, 11);
});

test("a task that fails, and one that has to end, have their own number, words and log", async (cluster) => {
  using project = makeProject(SLOW_TEXT);
  project.edit(
    "tests/engine/fixtures/words/stages/count.ts",
    "const checkpoint =",
    'if (config.longest === 11) throw new Error("eleven");\n    const checkpoint =',
  );
  const settings = counting("ab", 2000);
  const jobs = await jobsOf(project, ...settings, ...SLURM);
  const a = jobs.get("count:a") ?? "", b = jobs.get("count:b") ?? "";
  await until(() => checkpointOf(project));
  await cluster.ask("scancel", "--signal=TERM", "--batch", a);
  await until(() =>
    jobOutputs(project).includes("continued later") || undefined
  );
  await cluster.ask("scontrol", "update", `JobId=${a}`, "StartTime=now");
  const nodes: readonly Submitted[] = await settled(project, ...settings);
  assertEquals(inState(nodes, "cached").sort(), [
    "count:a",
    "split",
    "total:a",
  ]);
  const failed = nodes.find(({ name }) => name === "count:b");
  assertEquals([failed?.state, failed?.job], ["failed", b]);
  assertStringIncludes(
    failed?.reason ?? "",
    `job ${b} failed: Stage "count" failed: eleven`,
  );
  assertEquals(
    jobOutputs(project).match(/^Job begins: count:a, job \d+_\d+/gm),
    Array(2).fill(`Job begins: count:a, job ${a}`),
  );
  const log = await project.run("log", "count:a", ...settings);
  assertStringIncludes(log.out, "resumed after ");
});
