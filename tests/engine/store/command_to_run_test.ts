/** The commands that messages tell to run: of the right experiment, in the right folder. */
import { assertEquals } from "@std/assert";
import { join, resolve } from "@std/path";
import { commandToRun } from "../../../engine/store/command_to_run.ts";
import { currentPath, writeCurrent } from "../../../engine/store/current.ts";
import { openWorkspace } from "../../../engine/store/workspace.ts";
import { pipeline } from "../../cli/fixtures/command_line.ts";
import { makeRun, temporary } from "../../fixtures/made_run.ts";

Deno.test("a folder in which nothing was run has no experiment, and artifacts need not be named", () => {
  const { project } = openWorkspace("artifacts");
  const of = (folder: string, ...words: string[]) =>
    commandToRun({ project, folder }, words);
  using empty = temporary();
  const command = "deno task pipeline run";
  assertEquals(of(empty.path), `${command} --artifacts ${empty.path}`);
  assertEquals(
    commandToRun({ project, folder: resolve("artifacts") }, ["a"], "tiny"),
    `${command} a --experiment tiny`,
  );
});

Deno.test("words that a shell would read otherwise are quoted", () => {
  const { project } = openWorkspace("artifacts");
  using empty = temporary();
  assertEquals(
    commandToRun(
      { project, folder: join(empty.path, "mine and yours") },
      ["--force", "student:*"],
      "it's.jsonc",
    ),
    "deno task pipeline run --force 'student:*' --experiment 'it'\\''s.jsonc' " +
      `--artifacts '${empty.path}/mine and yours'`,
  );
});

Deno.test("the current experiment is named; where its file is gone, the manifest that has it, and the command works", async () => {
  using folder = temporary();
  const artifacts = join(folder.path, "artifacts");
  makeRun(artifacts);
  const workspace = openWorkspace(artifacts);
  const command = "deno task pipeline run teacher --experiment";
  const end = `--artifacts ${artifacts}`;
  const words = ["teacher"];
  assertEquals(commandToRun(workspace, words), `${command} tiny ${end}`);

  const gone = { name: "tiny", path: join(folder.path, "tiny.jsonc") };
  Deno.writeTextFileSync(currentPath(artifacts), JSON.stringify(gone));
  const told = commandToRun(workspace, words);
  assertEquals(told, `${command} ${artifacts}/manifest.json ${end}`);
  const args = told.split(" ").slice("deno task pipeline".split(" ").length);
  const { code, err } = await pipeline(...args, "--dry-run");
  assertEquals(code, 10, err);
});

Deno.test("what was set in the last run goes along", () => {
  using folder = temporary();
  makeRun(folder.path);
  const workspace = openWorkspace(folder.path);
  const path = join(workspace.project.root, "experiments", "tiny.jsonc");
  const set = ["corpus.test=90", "evaluation.beam=3"];
  writeCurrent(folder.path, { name: "tiny", path, set });
  assertEquals(
    commandToRun(workspace, []),
    "deno task pipeline run --experiment tiny --set corpus.test=90 " +
      `--set evaluation.beam=3 --artifacts ${folder.path}`,
  );
  writeCurrent(folder.path, { name: "other", path, set });
  assertEquals(
    commandToRun(workspace, []),
    `deno task pipeline run --experiment tiny --artifacts ${folder.path}`,
  );
});
