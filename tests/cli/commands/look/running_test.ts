/** What another terminal sees of a run: status, and the log that is followed; and `--version`. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { until } from "../../../engine/fixtures/processes.ts";
import {
  checkpointOf,
  exists,
  makeProject,
  SLOW_TEXT,
  WORDS,
} from "../../../engine/fixtures/project.ts";
import { pipeline } from "../../fixtures/command_line.ts";

Deno.test("while a node runs, status says so with its step and the time left, and log --follow goes on to its end", async () => {
  using project = makeProject(SLOW_TEXT);
  project.edit(
    `${WORDS}/stages/count.ts`,
    "progress({",
    "log(`counted ${name}`);\n      progress({",
  );
  Deno.mkdirSync(project.path("mine"));
  project.write(
    "mine/experiment.jsonc",
    '{"text": "text.txt", "counts": {"slow": {"milliseconds": 600}}}',
  );
  const run = project.start("--experiment", "mine");
  await until(() => checkpointOf(project));
  const following = project.run("log", "count:slow", "--follow");
  const [, key] = /work\/(\w{64})\//.exec(checkpointOf(project) ?? "") ?? [];
  const progress = () => `artifacts/work/${key}/progress.json`;
  await until(() => {
    if (!exists(project.path(progress()))) return undefined;
    const [, first, done] =
      /"first":\{[^}]*"done":(\d+)\},"progress":\{"done":(\d+)/
        .exec(project.read(progress())) ?? [];
    return Number(done) > Number(first) || undefined;
  });
  const { out, code } = await project.run("status");
  assertEquals(code, 10);
  assertStringIncludes(out, 'Experiment "mine"');
  assertMatch(
    out,
    /^count:slow +running +\d+ % of 12 files, \d.* left$/m,
  );
  assertMatch(out, /^total:slow +new/m);
  const { nodes } = JSON.parse((await project.run("status", "--json")).out);
  assertEquals(nodes[1].state, "running");
  assertEquals(nodes[1].progress.total, 12);
  assert(nodes[1].secondsLeft > 0);
  assertEquals((await run.output()).code, 0);
  const followed = await following;
  assertEquals(followed.code, 0, followed.err);
  assertEquals(followed.out, (await project.run("log", "count:slow")).out);
  assertEquals(followed.out.split("\n").length, 12 + 1);
  assert(!exists(project.path(progress())));
  assertEquals((await project.run("status")).code, 0);
});

Deno.test("--version names the version of the project, of Deno and of ONNX Runtime", async () => {
  const { out, code } = await pipeline("--version");
  assertEquals(code, 0);
  assertMatch(out, /^ckd .+\nDeno [\d.]+\nONNX Runtime \d+\.\d+\.\d+\n$/);
  assertStringIncludes(out, Deno.version.deno);
});
