/** The current experiment: the last that was run, for every command that names none. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { findModel } from "../../apps/models.ts";
import {
  currentExperiment,
  currentSettings,
} from "../../engine/store/current.ts";
import { makeRun, temporary } from "../fixtures/made_run.ts";
import { exists, makeProject, nodesOf } from "../engine/fixtures/project.ts";
import { pipeline } from "./fixtures/command_line.ts";

/** A text and its counts in a folder of its own. */
const MINE = '{ "text": "text.txt", "counts": { "mine": {} } }';

function makeMine(folder = "folder/mine") {
  const project = makeProject();
  Deno.mkdirSync(project.path(folder), { recursive: true });
  project.write(`${folder}/experiment.jsonc`, MINE);
  return project;
}

Deno.test("before the first run the experiment is quick, afterwards it is the last that was run, however it was named", async () => {
  using project = makeMine();
  const names = async () =>
    (await nodesOf(project, "status")).map(({ name }) => name);
  const quick = [
    ...["split", "count:all", "total:all", "count:short", "total:short"],
  ];
  assertEquals(await names(), quick);
  const mine = ["split", "count:mine", "total:mine"];
  const first = await project.run("--experiment", "folder/mine");
  assertEquals(first.code, 0, first.err);
  assertStringIncludes(first.out, 'experiment "mine".\n');
  assertEquals(await names(), mine);
  assertEquals(
    (await project.run("status")).out.split("\n")[0],
    'Experiment "mine"',
  );
  // To look at another one, or to be told what would run, changes nothing.
  await project.run("status", "--experiment", "quick");
  await project.run("--dry-run", "--experiment", "quick");
  await project.run("explain", "split", "--experiment", "quick");
  assertEquals(await names(), mine);
  assertEquals(
    (await project.run()).out.split("\n").at(-2),
    'Nothing to do: 3 cached, experiment "mine".',
  );
  assertEquals((await project.run("--experiment", "quick")).code, 0);
  assertEquals(await names(), quick);
  assertStringIncludes((await project.run()).out, 'experiment "quick"');
});

Deno.test("a run with nothing to do makes its experiment the current one, also where its output is replayed", async () => {
  using project = makeMine();
  await project.run("--experiment", "folder/mine");
  await project.run("--experiment", "quick");
  await project.run("--experiment", "folder/mine");
  // Twice, so that the second is a replay if the clock allows one.
  for (const _ of [1, 2]) {
    assertStringIncludes((await project.run()).out, '"mine"');
  }
  await project.run("--experiment", "quick");
  assertStringIncludes((await project.run()).out, '"quick"');
});

Deno.test("an experiment is current from its first node on, though it is interrupted", async () => {
  using project = makeMine();
  await nodesOf(project);
  project.edit(
    "tests/engine/fixtures/words/stages/count.ts",
    "const checkpoint =",
    'throw new Error("it broke");\n    const checkpoint =',
  );
  assertEquals(
    (await project.run("--experiment", "folder/mine/experiment.jsonc")).code,
    1,
  );
  assertStringIncludes((await project.run("status")).out, "count:mine");
});

Deno.test("in a project that was moved, an experiment that has a name is still current by it", async () => {
  using project = makeMine();
  await nodesOf(project);
  project.edit("artifacts/current.json", project.path(""), "/elsewhere/");
  const { code, out, err } = await project.run("status");
  assertEquals(code, 0, err);
  assertStringIncludes(out, 'Experiment "quick"');
});

Deno.test("where the current experiment's file is gone, what reads it says so, and its manifest stands for it", async () => {
  using project = makeMine();
  await project.run("--experiment", "folder/mine");
  Deno.removeSync(project.path("folder/mine/experiment.jsonc"));
  const { code, err } = await project.run("status");
  assertEquals(code, 2);
  assertStringIncludes(err, 'the current experiment "mine"');
  const [, manifest = ""] = /or "(.*?)" for it/.exec(err) ?? [];
  const again = await project.run("--experiment", manifest);
  assertEquals(again.code, 0, again.err);
  assertStringIncludes(again.out, '3 cached, experiment "mine"');
  const empty = await project.run("status", "--experiment", "./folder/mine");
  assertEquals(empty.code, 2);
  assertStringIncludes(empty.err, 'expected "experiment.jsonc" in the folder');
});

Deno.test("an experiment is current though its manifest is damaged or lost, which the next run writes again", async () => {
  using project = makeMine();
  const settings = ["counts.mine.longest=3"];
  const set = ["--set", ...settings];
  const first = await project.run("--experiment", "folder/mine", ...set);
  assertEquals(first.code, 0, first.err);
  const manifest = project.path("artifacts/manifest.json");
  const text = Deno.readTextFileSync(manifest);
  for (
    const spoil of [
      () => Deno.writeTextFileSync(manifest, '{"x":'),
      () => Deno.removeSync(manifest),
    ]
  ) {
    spoil();
    assertStringIncludes((await project.run("status")).out, '"mine"');
    assertEquals(currentSettings(project.path("artifacts")), settings);
    const again = await project.run(...set);
    assertStringIncludes(again.out, 'cached, experiment "mine"');
    assertEquals(Deno.readTextFileSync(manifest), text);
  }
});

Deno.test("a folder is accepted where an experiment is, which is named after it", async () => {
  using project = makeMine("mine");
  for (
    const given of [
      "mine",
      "./mine",
      "mine/experiment.jsonc",
      project.path("mine"),
    ]
  ) {
    const { code, out, err } = await project.run(
      "status",
      "--experiment",
      given,
    );
    assertEquals(code, 10, err);
    assertStringIncludes(out, 'Experiment "mine"');
  }
  const refusals = [
    ["text.txt", 'Cannot find experiment "text.txt"'],
    ["text.txt", "expected one that ends in .jsonc or .json, or its path"],
    [".", 'expected "experiment.jsonc" in the folder, found none'],
  ];
  for (const [given, part] of refusals) {
    const { code, err } = await project.run("status", "--experiment", given);
    assertEquals(code, 2);
    assertStringIncludes(err, part);
  }
});

Deno.test("what came from elsewhere is current by its manifest, and every hint names it", async () => {
  using folder = temporary();
  makeRun(folder.path, { set: ["seed=2"] });
  const rename = (name: string) => {
    const path = join(folder.path, "manifest.json");
    const text = Deno.readTextFileSync(path);
    Deno.writeTextFileSync(
      path,
      text.replace('"name":"tiny"', `"name":"${name}"`),
    );
  };
  assertEquals(currentExperiment(folder.path, "experiments"), "tiny");
  rename("theirs");
  const given = join(folder.path, "manifest.json");
  assertEquals(currentExperiment(folder.path, "experiments"), given);
  const artifacts = ["--artifacts", folder.path];
  const status = await pipeline("status", ...artifacts);
  assertStringIncludes(status.out + status.err, 'Experiment "theirs"');
  const results = await pipeline("results", ...artifacts);
  assertStringIncludes(results.err, 'The last run of "theirs"');
  const card = await pipeline(
    "describe",
    "--format",
    "model-card",
    ...artifacts,
  );
  assertStringIncludes(card.out + card.err, "theirs");
  assertEquals((await pipeline("report", ...artifacts)).code, 0);
  const page = Deno.readTextFileSync(join(folder.path, "report.html"));
  const [, command = ""] =
    /<code>deno task pipeline (report .*?)<\/code>/.exec(page) ?? [];
  assertEquals(command, `report --experiment ${given}`);
  const again = await pipeline(...command.split(" "), ...artifacts);
  assertEquals(again.code, 0, again.err);
  const found = findModel(folder.path, {});
  assert("modelPath" in found && found.modelPath.startsWith(folder.path));
  assert(!exists(join(folder.path, "current.json")));
});

Deno.test("an experiment that failed at its first node is current and has nothing of the one before, which its own run brings back", async () => {
  using project = makeMine();
  project.edit(
    "tests/engine/fixtures/words/stages/split.ts",
    "const { clean }",
    'if (config.lowercase) throw new Error("it broke");\n    const { clean }',
  );
  assertEquals((await project.run("--experiment", "folder/mine")).code, 0);
  project.write("bad.jsonc", MINE.replace("{", '{ "lowercase": true,'));
  const failed = await project.run("--experiment", "./bad.jsonc");
  assertEquals(failed.code, 1);
  assertStringIncludes(failed.out, 'experiment "bad".');
  const status = await project.run("status");
  assertStringIncludes(status.out, 'Experiment "bad"');
  const get = () => project.run("get", "total:mine", "--out", "totals");
  const refused = await get();
  assertEquals(refused.code, 2);
  assertStringIncludes(
    refused.err,
    'Cannot get "total:mine": it is no node of the last run in',
  );
  // One of its nodes alone, though the first is the same.
  project.write("bad.jsonc", MINE.replace("{}", '{ "longest": 3 }'));
  assertEquals((await project.run("split")).code, 0);
  assertEquals((await get()).code, 2);
  const again = await project.run("--experiment", "folder/mine");
  assertStringIncludes(again.out, 'Nothing to do: 3 cached, experiment "mine"');
  assertEquals((await get()).code, 0);
});
