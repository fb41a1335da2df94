/** The entry of a job, without a queue. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Job } from "../../../engine/run/submit.ts";
import { stageProcesses, until } from "../../engine/fixtures/processes.ts";
import {
  inState,
  makeProject,
  nodesOf,
  type Project,
  SLOW_TEXT,
} from "../../engine/fixtures/project.ts";

/** The experiment of the last run. */
function experimentOf(project: Project): unknown {
  return JSON.parse(project.read("artifacts/manifest.json")).experiment;
}

/** Starts the job of a node. */
async function startJob(
  project: Project,
  node: string,
  experiment: unknown,
): Promise<Deno.ChildProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", "cli/jobs/job.ts"],
    cwd: project.folder,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const job = {
    ...{ queue: "slurm", name: node },
    ...{ tasks: [{ node, force: false }], experiment, executor: "local" },
    artifacts: project.path("artifacts"),
    remote: { addresses: [], signedBy: [], unsigned: false },
  };
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(job)));
  await writer.close();
  return child;
}

Deno.test("a job that was submitted before jobs named their queue is one of Slurm", () => {
  const job = {
    ...{ tasks: [{ node: "split", force: false }], executor: "local" },
    ...{ experiment: { name: "tiny", value: {} }, artifacts: "/shared/ckd" },
    remote: { addresses: [], signedBy: [], unsigned: false },
  };
  assertEquals<unknown>(Job.parse(job), { queue: "slurm", ...job });
});

Deno.test("a job waits for inputs that a network disk shows late", async () => {
  using project = makeProject();
  const nodes = await nodesOf(project);
  const experiment = experimentOf(project);
  const pathOf = (node: string) => {
    const key = nodes.find(({ name }) => name === node)?.key;
    return project.path(`artifacts/cache/${key}.json`);
  };
  Deno.removeSync(pathOf("total:all"));
  const input = pathOf("count:all");
  Deno.renameSync(input, input + ".late");
  const job = await startJob(project, "total:all", experiment);
  let out = "";
  for await (const text of job.stdout.pipeThrough(new TextDecoderStream())) {
    const isLate = !out.includes("may be late") &&
      /may be late/.test(out + text);
    out += text;
    if (isLate) Deno.renameSync(input + ".late", input);
  }
  const err = await new Response(job.stderr).text();
  assertEquals((await job.status).code, 0, out + err);
  assertStringIncludes(out, 'network disk may be late: Cannot run "total:all"');
  assertStringIncludes(out, "total:all: ran\n");
});

Deno.test("cancel stops a node of its own experiment, not that of the same name in another one on the folder", async () => {
  using project = makeProject(SLOW_TEXT);
  const slow = ["--set", 'counts={"all":{"milliseconds":700}}'];
  await nodesOf(project, "split", ...slow, "--set", "seed=2");
  const other = experimentOf(project);
  const run = project.start(...slow);
  await until(() => stageProcesses(project, "count.ts")[0]);
  const job = await startJob(project, "count:all", other);
  await until(() => stageProcesses(project, "count.ts")[1]);
  const { code, out } = await project.run("cancel", "count:all", ...slow);
  assertEquals(code, 0);
  assertStringIncludes(out, "Stopped count:all;");
  assert((await run.output()).code !== 0);
  const ended = await job.output();
  assertEquals(ended.code, 0, new TextDecoder().decode(ended.stdout));
  const nodes = await nodesOf(project, "status", ...slow, "--set", "seed=2");
  assert(inState(nodes, "cached").includes("count:all"));
});
