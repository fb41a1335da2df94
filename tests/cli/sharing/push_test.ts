/** The command `push`, with a pipeline that counts. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import push from "../../../cli/commands/share/push.ts";
import project from "../../../cli/project.ts";
import type { ProjectPipeline } from "../../../cli/project_pipeline.ts";
import { temporary } from "../../fixtures/made_run.ts";
import { trainedStudent } from "../../fixtures/trained.ts";
import { quietConsole } from "../fixtures/command_line.ts";

Deno.test("a push of a run that made some nodes builds the graph of the experiment once", async () => {
  using folder = temporary();
  const { artifacts } = await trainedStudent();
  let built = 0;
  const pipeline: ProjectPipeline = {
    ...project,
    graph: (experiment, what) => {
      built++;
      return project.graph(experiment, what);
    },
  };
  const { console, printed } = quietConsole();
  const code = await push.run({
    ...{ console, pipeline, args: [], commandNames: [] },
    load: () => Promise.resolve(pipeline),
    interruption: () => new AbortController().signal,
  }, {
    ...{ remote: join(folder.path, "remote"), words: [], artifacts },
    ...{ paranoid: false, force: false, json: false },
  });
  assertEquals({ code, built }, { code: 0, built: 1 }, printed().err);
  // Nodes that were never made are no part of what is sent.
  assertStringIncludes(printed().out, `Pushed "phrases-pt-en" to `);
});
