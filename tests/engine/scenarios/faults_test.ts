/** What kills and edits during a run leave; `faults_slow.ts` has more of them, and disks and clocks. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Executor } from "../../../engine/executors/executor.ts";
import { local } from "../../../engine/executors/local.ts";
import { readLog } from "../../../engine/store/node_log.ts";
import { inProcess } from "../fixtures/in_process.ts";
import {
  isAlive,
  stageProcesses,
  tryKill,
  until,
} from "../fixtures/processes.ts";
import {
  checkpointOf,
  inState,
  makeProject,
  nodesOf,
  SLOW_TEXT,
  WORDS,
} from "../fixtures/project.ts";

const SLOW = ["--set", 'counts={"slow":{"milliseconds":60}}', "--jobs", "1"];

for (const how of ["killed", "interrupted"]) {
  Deno.test(`a run that is ${how} takes its stage's process with it, keeps the checkpoint, and the rerun resumes`, async () => {
    using project = makeProject(SLOW_TEXT);
    const child = project.start(...SLOW);
    const stage = await until(() => stageProcesses(project, "count.ts")[0]);
    await until(() => checkpointOf(project));
    if (how === "killed") tryKill(child.pid);
    else Deno.kill(child.pid, "SIGINT");
    const { code, stderr } = await child.output();
    if (how === "interrupted") {
      assertEquals(code, 130);
      assertStringIncludes(
        new TextDecoder().decode(stderr),
        "run again to go on",
      );
    }
    await until(() => isAlive(stage) ? undefined : true);
    assert(checkpointOf(project) !== undefined);
    const rerun = await nodesOf(project, ...SLOW);
    assertEquals(inState(rerun, "cached"), ["split"]);
    assertStringIncludes(
      readLog(project.path("artifacts"), "count:slow") ?? "",
      "resumed after ",
    );
  });
}

Deno.test("a module that is edited before a running stage imports it fails the stage and is named", async () => {
  using project = makeProject();
  const editing: Executor = {
    ...local,
    run: (node, job, options) => {
      const ready = async () => {
        await options.listener.ready();
        project.edit(`${WORDS}/clean.ts`, "/ +/g", "/[ ]+/g");
      };
      const listener = { ...options.listener, ready };
      return local.run(node, job, { ...options, listener });
    },
  };
  const [split] = await inProcess(project).run({ executor: editing });
  assertStringIncludes(
    split.error?.message ?? "",
    `Module "${WORDS}/clean.ts" was changed while stage "split" ran`,
  );
});
