/** The command `push`, with a pipeline that counts. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import push from "../../../cli/commands/share/push.ts";
import project from "../../../cli/project.ts";
import type { ProjectPipeline } from "../../../cli/project_pipeline.ts";
import { exportedFiles } from "../../../cli/sharing/hub.ts";
import { canonical } from "../../../engine/files/hash.ts";
import { readManifest, writeManifest } from "../../../engine/store/manifest.ts";
import { openWorkspace } from "../../../engine/store/workspace.ts";
import { parseHubAddress } from "../../../sharing/hub/address.ts";
import { makeRun, temporary } from "../../fixtures/made_run.ts";
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

Deno.test("an export of an earlier run is not pushed to the Hub", async () => {
  using folder = temporary();
  const before = makeRun(folder.path).get("export:rkd");
  makeRun(folder.path, { set: ["students.rkd.alpha=0.5"] });
  const manifest = readManifest(folder.path);
  assert(manifest !== undefined);
  const nodes = { ...manifest.nodes, "export:rkd": before };
  writeManifest(folder.path, canonical({ ...manifest, nodes }));
  const workspace = openWorkspace(folder.path);
  assert(workspace.manifest !== undefined);
  const { manifest: last } = workspace;
  await assertRejects(
    () =>
      exportedFiles(
        workspace,
        last,
        "export:rkd",
        parseHubAddress("hf://ana/rkd"),
      ),
    Error,
    `Cannot push "export:rkd": it is of an earlier run, with another result of "student:rkd" than the last; run "deno task pipeline run export:rkd --experiment tiny --artifacts ${folder.path}".`,
  );
});
