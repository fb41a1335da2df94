/** Jobs that have to make way for those of a partition with priority: each goes on from its checkpoint, to the same bytes. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { namesIn, readIfThere } from "../../../engine/files/atomic.ts";
import { slurm } from "../../../engine/executors/slurm.ts";
import { deno } from "../../fixtures/command.ts";
import { hasJobs, jobOutputs, settled } from "../fixtures/run_to_end.ts";
import { until } from "../fixtures/processes.ts";
import {
  checkpointOf,
  inState,
  makeProject,
  nodesOf,
  SLOW_TEXT,
} from "../fixtures/project.ts";
import { type Cluster, testsOnSlurm } from "../fixtures/slurm.ts";

const test = await testsOnSlurm();

/** Takes all machines for a moment. */
async function preempt(cluster: Cluster): Promise<void> {
  const id = await cluster.ask(
    "sbatch",
    ...["--parsable", "--partition=urgent", "--nodes=3", "--exclusive"],
    ...["--output=/dev/null", "--wrap=sleep 1"],
  );
  assertMatch(id, /^\d+$/);
  const show = () => cluster.ask("scontrol", "show", "job", id);
  await until(async () => {
    const job = await show();
    const [, state] = job.match(/JobState=(\w+)/) ?? [];
    assert(!/^(FAILED|CANCELLED|TIMEOUT|OUT_OF_MEMORY)$/.test(state), job);
    return state === "COMPLETED" || undefined;
  }, { pause: 200, seen: show });
}

for (
  const [partition, notice] of [["cpu", "without notice"], [
    "graceful",
    "with a minute of notice",
  ]]
) {
  test(`a job that is preempted ${notice} is queued again under its number, and goes on from its checkpoint`, async (cluster) => {
    using project = makeProject(SLOW_TEXT);
    const counts = { all: { milliseconds: 1500 } };
    const settings = ["--set", `counts=${JSON.stringify(counts)}`];
    const partitionOf = ["--slurm", `partition=${partition}`];
    const { code, err } = await project.run(
      ...[...settings, "--executor", "slurm", ...partitionOf],
    );
    assertEquals(code, 0, err);
    await until(() => checkpointOf(project));
    await preempt(cluster);
    const nodes = await settled(project, ...settings);
    assertEquals(inState(nodes, "cached").length, 3, jobOutputs(project));
    const begun = jobOutputs(project)
      .match(/^Job begins: count:all, job \d+/gm) ?? [];
    // It may begin before the others have the machines, and have to leave again.
    assert(begun.length > 1, jobOutputs(project));
    assertEquals(new Set(begun).size, 1);
    assertStringIncludes(jobOutputs(project), "Job is continued later");
    const log = await project.run("log", "count:all", ...settings);
    assertStringIncludes(log.out, "resumed after ");
    const manifest = project.read("artifacts/manifest.json");
    Deno.removeSync(project.path("artifacts"), { recursive: true });
    await nodesOf(project, ...settings);
    assertEquals(project.read("artifacts/manifest.json"), manifest);
  });
}

test("a job that is preempted and not queued again says so, with its number and the way out", async (cluster) => {
  using project = makeProject(SLOW_TEXT);
  const settings = ["--set", 'counts={"all":{"milliseconds":1500}}'];
  const { code, err } = await project.run(
    ...[...settings, "--executor", "slurm", "--slurm-partition", "cancelled"],
  );
  assertEquals(code, 0, err);
  await until(() => checkpointOf(project));
  await preempt(cluster);
  const nodes = await settled(project, ...settings);
  assertMatch(
    nodes.find(({ name }) => name === "count:all")?.reason ?? "",
    /^job \d+ had to make way for another one; submit again, it goes on from its last checkpoint$/,
    jobOutputs(project),
  );
});

test("a training that is preempted saves its step, and its model has the bytes of one that was not", async (cluster) => {
  const artifacts = Deno.makeTempDirSync({ prefix: "preempted-" });
  const pipeline = async (folder: string, ...args: string[]) => {
    const { code, out, err } = await deno([
      ...["run", "--quiet", "--allow-all", "cli/main.ts", ...args],
      ...["--experiment", "tiny", "--artifacts", `${artifacts}/${folder}`],
    ]);
    assert(code === 0 || code === 10, err);
    return out;
  };
  const teacher = async (folder: string) => {
    const text = await pipeline(folder, "status", "--json");
    const nodes: readonly {
      readonly name: string;
      readonly state: string;
      readonly outputs: unknown;
    }[] = JSON.parse(text).nodes;
    const node = nodes.find(({ name }) => name === "teacher");
    assert(node !== undefined);
    return node;
  };
  try {
    await pipeline("undisturbed", "run", "teacher", "--quiet");
    await pipeline(
      "preempted",
      "run",
      "teacher",
      "--executor",
      "slurm",
      "--slurm-partition",
      "graceful",
    );
    const work = `${artifacts}/preempted/work`;
    const isTraining = () =>
      namesIn(work).some((key) =>
        /"unit":"steps"/.test(readIfThere(`${work}/${key}/progress.json`) ?? "")
      );
    const jobOutput = () => {
      const folder = `${artifacts}/preempted/runs/slurm`;
      return namesIn(folder).map((name) => readIfThere(`${folder}/${name}`))
        .join("");
    };
    await until(async () => {
      const isOver = !await hasJobs();
      if (isTraining()) return true;
      assert(!isOver, `No step was seen before the job ended: ${jobOutput()}`);
    }, { pause: 100, seen: jobOutput });
    await preempt(cluster);
    const made = await until(async () => {
      const isOver = !await hasJobs();
      const node = await teacher("preempted");
      return isOver || !/queued|running|stale/.test(node.state)
        ? node
        : undefined;
    }, { pause: 1000, seen: jobOutput });
    const log = await pipeline("preempted", "log", "teacher");
    assertEquals(made.state, "cached", log + jobOutput());
    assertEquals(made.outputs, (await teacher("undisturbed")).outputs);
    const outputs = jobOutput();
    assertStringIncludes(
      outputs,
      "teacher: stopped, and has saved a checkpoint",
    );
    assert((outputs.match(/^Job begins: teacher, /gm) ?? []).length > 1);
  } finally {
    Deno.removeSync(artifacts, { recursive: true });
  }
});

Deno.test("squeue that a job's signal ends is asked again, and one that fails is not", async () => {
  const folder = Deno.makeTempDirSync();
  const path = Deno.env.get("PATH") ?? "";
  const squeue = (script: string) => {
    const name = `${folder}/squeue`;
    Deno.writeTextFileSync(name, `#!/bin/sh\n${script}\n`);
    Deno.chmodSync(name, 0o755);
  };
  try {
    Deno.env.set("PATH", `${folder}:${path}`);
    squeue('mkdir "$0.once" 2>&- && kill -TERM $$\necho \'{"jobs":[]}\'');
    assertEquals(await slurm.jobs(["mine"]), []);
    squeue('mkdir "$0.failed" 2>&- && exit 1\necho \'{"jobs":[]}\'');
    const error = await assertRejects(() => slurm.jobs(["mine"]), Error);
    assertStringIncludes(error.message, "Cannot use Slurm: squeue says");
  } finally {
    Deno.env.set("PATH", path);
    Deno.removeSync(folder, { recursive: true });
  }
});
