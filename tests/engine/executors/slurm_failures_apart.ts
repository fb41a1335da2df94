/** Jobs that a real Slurm gives up: each is told in words, with its number and the way out. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { until } from "../fixtures/processes.ts";
import {
  checkpointOf,
  inState,
  makeProject,
  type NodeJson,
  nodesOf,
  SLOW_TEXT,
  WORDS,
} from "../fixtures/project.ts";
import { jobOutputs, runToEnd, settled } from "../fixtures/run_to_end.ts";
import { testsOnSlurm } from "../fixtures/slurm.ts";
import { MACHINES } from "../fixtures/slurm_configuration.ts";

const test = await testsOnSlurm();

const reasonOf = (nodes: readonly NodeJson[], node: string) =>
  nodes.find(({ name }) => name === node)?.reason ?? "";

test("a job that needs more memory than it was given says so, with its number and the way out", async () => {
  using project = makeProject();
  project.edit(
    `${WORDS}/stages/total.ts`,
    "const words =",
    `const hoard: Uint8Array[] = [];
    for (let i = 0; i < 100; i++) {
      hoard.push(new Uint8Array(100_000_000).fill(1));
      await new Promise((go) => setTimeout(go, 300));
    }
    const words =`,
  );
  const memory = ["--slurm", "mem=700M"];
  const { nodes } = await runToEnd("slurm", project, "total:all", ...memory);
  const total = nodes.find(({ name }) => name === "total:all");
  assertMatch(
    total?.reason ?? "",
    /^job \d+ ran out of memory; ask for more, such as --slurm mem=16G, /,
  );
});

test("a job that reaches its time limit without being told before says so, with its number and the way out", async () => {
  using project = makeProject();
  await nodesOf(project, "count:all");
  project.edit(
    `${WORDS}/stages/total.ts`,
    "const words =",
    "await new Promise((go) => setTimeout(go, 600_000));\n    const words =",
  );
  const limits = ["--slurm", "time=1", "--slurm", "signal=B:CONT@1"];
  const { nodes, out } = await runToEnd(
    ...["slurm", project, "total:all", ...limits] as const,
  );
  assertMatch(
    reasonOf(nodes, "total:all"),
    /^job \d+ reached its time limit; ask for more, such as --slurm time=8:00:00, and submit again, it goes on from its last checkpoint$/,
    out,
  );
});

test("a job that is lost with its machine says so, with its number, and submitted again it goes on from its checkpoint", async (cluster) => {
  using project = makeProject(SLOW_TEXT);
  const settings = ["--set", 'counts={"all":{"milliseconds":1500}}'];
  const submitted: readonly (NodeJson & { readonly job?: string })[] =
    await nodesOf(project, ...settings, "--executor", "slurm");
  const { job } = submitted.find(({ name }) => name === "count:all") ?? {};
  await until(() => checkpointOf(project));
  // Else Slurm begins it again by itself.
  await cluster.ask("scontrol", "update", `JobId=${job}`, "Requeue=0");
  const machine = await cluster.ask(
    "squeue",
    ...["--noheader", `--jobs=${job}`, "--format=%N"],
  );
  const down = [`NodeName=${machine}`, "State=DOWN", "Reason=test"];
  await cluster.ask("scontrol", "update", ...down);
  const nodes = await settled(project, ...settings);
  await cluster.resume();
  assertEquals(
    reasonOf(nodes, "count:all"),
    `job ${job} was lost with its machine; submit again, it goes on from its last checkpoint`,
    jobOutputs(project),
  );
  const again = await runToEnd("slurm", project, ...settings);
  assertEquals(inState(again.nodes, "cached").length, 3, again.out);
  const log = await project.run("log", "count:all", ...settings);
  assertStringIncludes(log.out, "resumed after ");
});

test("a job that no machine can launch is held by Slurm, which says so, and a plain rerun makes its node", async (cluster) => {
  using project = makeProject();
  const spools = MACHINES.map((name) => `${cluster.folder}/${name}/spool`);
  for (const spool of spools) {
    Deno.renameSync(spool, `${spool}.away`);
    Deno.writeTextFileSync(spool, "");
  }
  const { nodes } = await runToEnd("slurm", project, "split").finally(() => {
    for (const spool of spools) {
      Deno.removeSync(spool);
      Deno.renameSync(`${spool}.away`, spool);
    }
  });
  assertMatch(
    reasonOf(nodes, "split"),
    /^job (\d+) is held: launch failed requeued held; submit again, or release it by "scontrol release \1"$/,
  );
  const again = await runToEnd("slurm", project, "split");
  assertEquals(inState(again.nodes, "cached"), ["split"], again.out);
});

test("a job that waits for a held one whose node is made says so, and a plain rerun submits it again", async (cluster) => {
  using project = makeProject();
  await cluster.wait();
  const submitted: readonly (NodeJson & { readonly job?: string })[] =
    await nodesOf(project, "--executor", "slurm");
  const job = (node: string) =>
    submitted.find(({ name }) => name === node)?.job ?? "";
  await cluster.ask("scontrol", "hold", job("split"));
  await nodesOf(project, "split");
  await cluster.resume();
  const nodes = await settled(project);
  assertEquals(
    reasonOf(nodes, "count:all"),
    `job ${job("count:all")} waits for job ${
      job("split")
    }, which is held: JobHeldAdmin; submit again, or release it by "scontrol release ${
      job("split")
    }"`,
  );
  const again = await runToEnd("slurm", project);
  assertEquals(inState(again.nodes, "cached").length, 5, again.out);
});
