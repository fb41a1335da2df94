/** How jobs of a real Slurm wait and end, as `status`, `log` and `cancel` have it. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { slurm } from "../../../engine/executors/slurm.ts";
import { namesIn, readIfThere } from "../../../engine/files/atomic.ts";
import { jobOutputs, runToEnd, settled } from "../fixtures/run_to_end.ts";
import { delay, until } from "../fixtures/processes.ts";
import {
  checkpointOf,
  inState,
  makeProject,
  type NodeJson,
  nodesOf,
  type Project,
  SLOW_TEXT,
  WORDS,
} from "../fixtures/project.ts";
import { testsOnSlurm } from "../fixtures/slurm.ts";

const test = await testsOnSlurm();

const SLURM = ["--executor", "slurm"];
const slow = (milliseconds: number) => [
  "--set",
  `counts=${JSON.stringify({ all: { milliseconds } })}`,
];
const stateOf = (nodes: readonly NodeJson[], node: string) =>
  nodes.find(({ name }) => name === node)?.state;

test("jobs wait for those that they need, are not submitted twice, and log --follow waits with them", async (cluster) => {
  using project = makeProject(SLOW_TEXT);
  await cluster.wait();
  const { code, out } = await project.run(...slow(200), ...SLURM);
  assertEquals(code, 0);
  assertMatch(out, /^total:all +queued +\d+$/m);
  const following = project.run("log", "count:all", "--follow", ...slow(200));
  const again = await project.run(...slow(200), ...SLURM);
  const jobs = (text: string) => /^total:all +queued +(\d+)$/m.exec(text)?.[1];
  assertEquals(jobs(again.out), jobs(out));
  // Slurm's scheduler finds out after the submission what a job waits for.
  let reason = "";
  await until(async () => {
    const nodes = await nodesOf(project, "status", ...slow(200));
    assertEquals(stateOf(nodes, "total:all"), "queued");
    reason = nodes.find(({ name }) => name === "total:all")?.reason ?? "";
    return /^job \d+ \(Dependency\)/.test(reason) || undefined;
  }, { pause: 200, seconds: 60, seen: () => reason });
  await cluster.resume();
  assertEquals(
    inState(await settled(project, ...slow(200)), "cached").length,
    3,
  );
  const followed = await following;
  assertEquals([followed.code, followed.err], [0, ""]);
  assertEquals(
    followed.out,
    (await project.run("log", "count:all", ...slow(200))).out,
  );
});

test("before its time limit a job saves a checkpoint, and goes on from it under the same number", async () => {
  using project = makeProject(SLOW_TEXT);
  await nodesOf(project, "split");
  // Slurm counts whole minutes; the node takes longer than is left of one.
  const settings = slow(4500);
  const limits = ["time=1", "signal=B:TERM@15"]
    .flatMap((option) => ["--set", `slurm.count:*.${option}`]);
  const { nodes, out } = await runToEnd(
    "slurm",
    project,
    ...settings,
    ...limits,
  );
  assertEquals(inState(nodes, "cached").length, 3, out);
  assertStringIncludes(out, "Job is continued later, from its checkpoint.");
  const begun = jobOutputs(project).match(/^Job begins: count:all, job \d+/gm);
  assert((begun ?? []).length > 1);
  assertEquals(new Set(begun).size, 1);
  const log = await project.run("log", "count:all", ...settings);
  assertStringIncludes(log.out, "resumed after ");
  const manifest = project.read("artifacts/manifest.json");
  Deno.removeSync(project.path("artifacts"), { recursive: true });
  await nodesOf(project, ...settings, "--set", "counts.all.milliseconds=0");
  const outputs = (text: string) => JSON.parse(text).nodes["total:all"].outputs;
  assertEquals(
    outputs(project.read("artifacts/manifest.json")),
    outputs(manifest),
  );
});

test("a job that is told to end and has no checkpoint is not continued for ever, and says what to do", async (cluster) => {
  using project = makeProject();
  project.edit(
    `${WORDS}/stages/total.ts`,
    "const words =",
    "await new Promise((go) => setTimeout(go, 600_000));\n    const words =",
  );
  const [, job] = await jobOf(
    await project.run("total:all", ...SLURM, "--json"),
  );
  await until(() => jobOutputs(project).includes("total:all: ") || undefined);
  await delay(3000);
  await cluster.ask("scancel", "--signal=TERM", "--batch", job);
  const nodes = await settled(project, "total:all");
  const total = nodes.find(({ name }) => name === "total:all");
  assertEquals(total?.state, "failed");
  assertMatch(
    total?.reason ?? "",
    /^job \d+ failed: Job \d+ had to end .* has saved no checkpoint; .*--slurm time=/,
  );
});

test("a job that leaves only what is of no use to its next start is continued twice, and then says what to do", async (cluster) => {
  using project = makeProject();
  project.edit(
    `${WORDS}/stages/total.ts`,
    "const words =",
    `await Deno.writeTextFile(work + "/scratch", String(Math.random()));
    await new Promise((go) => setTimeout(go, 600_000));
    const words =`,
  );
  project.edit(
    `${WORDS}/stages/total.ts`,
    "{ inputs, outputs }",
    "{ inputs, outputs, work }",
  );
  const [, job] = await jobOf(
    await project.run("total:all", ...SLURM, "--json"),
  );
  const times = (text: string) => jobOutputs(project).split(text).length - 1;
  let last: string | undefined;
  for (let start = 1; start <= 3; start++) {
    await until(() => times("Job begins: total:all") >= start || undefined);
    last = await until(() => {
      const scratch = scratchOf(project);
      return scratch === last ? undefined : scratch;
    });
    await cluster.ask("scancel", "--signal=TERM", "--batch", job);
    if (start < 3) {
      await until(() => times("continued later") >= start || undefined);
    }
  }
  const nodes = await settled(project, "total:all");
  const total = nodes.find(({ name }) => name === "total:all");
  assertEquals(total?.state, "failed", jobOutputs(project));
  assertMatch(
    total?.reason ?? "",
    /^job \d+ failed: Job \d+ had to end .* began no further on than before, 2 times in a row; .*--slurm time=/,
  );
});

test("a stage's own words on memory are told, and a folder may have spaces, quotes and percent signs in its name", async () => {
  using project = makeProject();
  project.edit(
    `${WORDS}/stages/total.ts`,
    "const words =",
    'throw new Error("over the memory limit of 3 words");\n    const words =',
  );
  const folder = ["--artifacts", project.path('it\'s 100%j "mine"')];
  const { code, err } = await project.run("total:all", ...SLURM, ...folder);
  assertEquals(code, 0, err);
  const nodes = await settled(project, "total:all", ...folder);
  const total = nodes.find(({ name }) => name === "total:all");
  assertEquals([total?.state, nodes.length], ["failed", 3]);
  assertMatch(
    total?.reason ?? "",
    /^job \d+ failed: Stage "total" failed: over the memory limit of 3 words; /,
  );
});

test("what sbatch does not take is told in its words, and nothing is submitted", async (cluster) => {
  using project = makeProject();
  const cases = [
    ["nonsense=1", /^Cannot use Slurm: sbatch says "unrecognized option/],
    ["time=soon", /^Cannot use Slurm: sbatch says "Invalid --time/],
    ["version", /^Cannot use Slurm: sbatch submitted nothing, and says "slurm/],
  ] as const;
  for (const [option, sentence] of cases) {
    const { code, err } = await project.run(...SLURM, "--slurm", option);
    assertEquals(code, 1);
    assertMatch(err, sentence);
    assertEquals(err.trim().split("\n").length, 1);
  }
  assertEquals(await cluster.ask("squeue", "--noheader"), "");
});

test("Slurm is asked for thousands of jobs", async () => {
  const names = Array.from(
    { length: 5000 },
    (_, i) => `evaluate:student-${i}@0123456789abcdef`,
  );
  assertEquals(await slurm.jobs(names), []);
});

test("cancel stops the run that makes a node and the job that waits for it", async () => {
  using project = makeProject(SLOW_TEXT);
  const run = project.start("count:all", ...slow(5000));
  await until(() => checkpointOf(project));
  await project.run("count:all", ...slow(5000), ...SLURM);
  await until(() =>
    jobOutputs(project).includes("another run makes it") || undefined
  );
  const { code, err } = await project.run("cancel", "count:all", ...slow(5000));
  assertEquals(code, 0, err);
  await run.output();
  const nodes = await settled(project, ...slow(5000));
  assertEquals(stateOf(nodes, "count:all"), "stale", jobOutputs(project));
});

test("Ctrl-C ends a submission that waits for another command", async () => {
  using project = makeProject();
  await nodesOf(project);
  const lock = Deno.openSync(project.path("artifacts/lock"), { write: true });
  lock.lockSync(true);
  const waiting = project.start(...SLURM, "--set", "seed=2");
  const reader = waiting.stderr.getReader();
  const { value } = await reader.read();
  assertStringIncludes(new TextDecoder().decode(value), "waiting for it");
  waiting.kill("SIGINT");
  assertEquals((await waiting.status).signal, "SIGINT");
  await reader.cancel();
  await waiting.stdout.cancel();
  lock.close();
});

test("cancel takes waiting jobs out of the queue, and a plain rerun submits them again", async () => {
  using project = makeProject(SLOW_TEXT);
  await project.run(...slow(2000), ...SLURM);
  await until(() => checkpointOf(project));
  const { code, out } = await project.run("cancel", ...slow(2000));
  assertEquals(code, 0);
  assertStringIncludes(out, "Stopped count:all, total:all; ");
  const nodes = await settled(project, ...slow(2000));
  assertEquals(nodes.map(({ state }) => state), ["cached", "stale", "stale"]);
  const again = await runToEnd("slurm", project, ...slow(2000));
  assertEquals(inState(again.nodes, "cached").length, 3);
});

test("without a controller status still answers, and a run is one sentence", async (cluster) => {
  using project = makeProject();
  await runToEnd("slurm", project);
  await cluster.killController();
  const began = performance.now();
  try {
    const set = ["--set", "seed=2"];
    const { code, err } = await project.run(...set, ...SLURM);
    assertEquals(code, 2);
    assertMatch(err, /^Cannot use Slurm: .*\.\n$/);
    const nodes = await nodesOf(project, "status");
    assertEquals(inState(nodes, "cached").length, 5);
    assert(performance.now() - began < 120_000);
  } finally {
    await cluster.startController();
  }
});

/** What the stage of the one unfinished node has written among its checkpoints. */
function scratchOf(project: Project): string | undefined {
  const work = project.path("artifacts/work");
  return namesIn(work)
    .map((key) => readIfThere(`${work}/${key}/work/scratch`))
    .find((text) => text !== undefined);
}

function jobOf(
  { out }: { readonly out: string },
): readonly [string, string] {
  const nodes: readonly { readonly name: string; readonly job: string }[] =
    JSON.parse(out).nodes;
  const { name, job } = nodes[nodes.length - 1];
  return [name, job];
}
