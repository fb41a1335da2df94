/** The command `cancel` on runs of this machine. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { statIfThere } from "../../../../base/stat.ts";
import { namesIn } from "../../../../engine/files/atomic.ts";
import { until } from "../../../engine/fixtures/processes.ts";
import {
  checkpointOf,
  inState,
  makeProject,
  nodesOf,
  type Project,
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
    assertEquals((await run.output()).code, 130);
    // On another machine, or where the disk is mounted again, its device has another number.
    for (const path of sourcesOf(project)) {
      const text = Deno.readTextFileSync(path);
      const moved = text.replaceAll(/"\d+:/g, '"77:');
      assert(moved !== text);
      Deno.writeTextFileSync(path, moved);
    }
    await nodesOf(project, ...slow);
    const log = await project.run("log", "count:all", ...slow);
    assertStringIncludes(log.out, "resumed after ");
  }
});

Deno.test("cancel of a node that does not exist is one sentence, exit code 2", async () => {
  using project = makeProject();
  const { code, err } = await project.run("cancel", "count:none");
  assertEquals(code, 2);
  assertStringIncludes(err, 'Cannot find node "count:none"');
});

/** What the nodes under way were made of when they began. */
function sourcesOf(project: Project): string[] {
  const work = project.path("artifacts/work");
  return namesIn(work).map((name) => join(work, name, "sources.json"))
    .filter((path) => statIfThere(path) !== undefined);
}
