/** The command `cancel` on runs of this machine. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { until } from "../../../engine/fixtures/processes.ts";
import {
  checkpointOf,
  inState,
  makeProject,
  nodesOf,
  SLOW_TEXT,
} from "../../../engine/fixtures/project.ts";

Deno.test("cancel stops a run with all of its nodes, from another process, and the next run goes on from the checkpoint", async () => {
  using project = makeProject(SLOW_TEXT);
  const slow = ["--set", 'counts={"all":{"milliseconds":1000}}'];
  const run = project.start(...slow);
  await until(() => checkpointOf(project));
  const { code, out } = await project.run("cancel", ...slow);
  assertEquals([code, out], [
    0,
    "Stopped count:all; checkpoints are kept, run again to go on.\n",
  ]);
  assertEquals((await run.output()).code, 130);
  assert(checkpointOf(project) !== undefined);
  assertEquals(inState(await nodesOf(project, ...slow), "cached"), ["split"]);
  const log = await project.run("log", "count:all", ...slow);
  assertStringIncludes(log.out, "resumed after ");
  const after = await project.run("cancel", ...slow);
  assertEquals([after.code, after.out], [0, "Nothing runs or waits.\n"]);
});

Deno.test("cancel without the values of the run stops it all the same, whole or a node of it", async () => {
  const slow = ["--set", 'counts={"all":{"milliseconds":1000}}'];
  for (const nodes of [[], ["count:all"]]) {
    using project = makeProject(SLOW_TEXT);
    const run = project.start(...slow);
    await until(() => checkpointOf(project));
    const { code, out } = await project.run("cancel", ...nodes);
    assertEquals([code, out], [
      0,
      "Stopped count:all; checkpoints are kept, run again to go on.\n",
    ]);
    await run.output();
  }
});

Deno.test("cancel of a node that does not exist is one sentence, exit code 2", async () => {
  using project = makeProject();
  const { code, err } = await project.run("cancel", "count:none");
  assertEquals(code, 2);
  assertStringIncludes(err, 'Cannot find node "count:none"');
});
