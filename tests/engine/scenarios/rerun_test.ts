/** What makes a node run again, and what does not. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname, relative } from "@std/path";
import type { Executor } from "../../../engine/executors/executor.ts";
import { changes } from "../../../engine/keys/key.ts";
import { verify } from "../../../engine/store/verify.ts";
import { openWorkspace } from "../../../engine/store/workspace.ts";
import {
  inProcess,
  inThisProcess,
  objectOf,
  reasonOf,
} from "../fixtures/in_process.ts";
import {
  inState,
  makeProject,
  nodesOf,
  TEXT,
  WORDS,
} from "../fixtures/project.ts";

const ALL = ["split", "count:all", "total:all", "count:short", "total:short"];
const MANIFEST = "artifacts/manifest.json";

Deno.test("the second run finds every node cached, reads no object and loads no compiler", async () => {
  using project = makeProject();
  assertEquals(inState(await nodesOf(project), "ran"), ALL);
  const manifest = project.read(MANIFEST);
  assertEquals(inState(await nodesOf(project), "cached"), ALL);
  project.edit(
    "engine/keys/source_tokens.ts",
    'from "typescript"',
    'from "./absent.ts"',
  );
  project.edit(
    "engine/files/hash.ts",
    "await Deno.open(path)",
    "await Promise.reject(path)",
  );
  assertEquals(inState(await nodesOf(project), "cached"), ALL);
  assertEquals(project.read(MANIFEST), manifest);
});

Deno.test("a changed config value or seed reruns its nodes and what needs them, the reason names the leaf, and going back costs nothing", async () => {
  using project = makeProject();
  const { run, status } = inProcess(project);
  await run();
  const manifest = project.read(MANIFEST);
  const longer = { set: ["counts.short.longest=4"] };
  assertEquals(
    reasonOf(await status(longer), "count:short"),
    "config.longest 3 -> 4",
  );
  const nodes = await run(longer);
  assertEquals(inState(nodes, "ran"), ["count:short", "total:short"]);
  assertEquals(nodes.at(-1)?.metrics.words, 5);
  assertEquals(inState(await run(), "cached"), ALL);
  const seeded = await run({ set: ["seed=2"] });
  assertEquals(reasonOf(seeded, "count:all"), "seed 1 -> 2");
  assertEquals(inState(seeded, "cached"), ["split"]);
  project.write(
    "experiments/tiny.jsonc",
    JSON.stringify({
      text: project.path("text.txt"),
      counts: { tiny: { longest: 3 } },
    }),
  );
  const tiny = await inProcess(project, { name: "tiny" }).run();
  assertEquals(inState(tiny, "ran"), []);
  assertEquals(inState(await run(), "cached"), ALL);
  assertEquals(project.read(MANIFEST), manifest);
});

Deno.test("comments, formatting and types rerun nothing", async () => {
  using project = makeProject();
  const { run } = inProcess(project);
  await run();
  project.edit(`${WORDS}/clean.ts`, "// Runs of spaces", "// Many spaces");
  project.edit(
    `${WORDS}/clean.ts`,
    'text.replace(/ +/g, " ")',
    "text\n  .replace(\n / +/g,\n ' ',\n)",
  );
  project.edit(`${WORDS}/clean.ts`, "(text: string", "(text: string & string");
  project.edit(`${WORDS}/types.ts`, "string", "string | never");
  assertEquals(inState(await run(), "cached"), ALL);
});

Deno.test("code that a stage reaches by a literal import() reruns it, and equal outputs stop there", async () => {
  using project = makeProject();
  const { run, status } = inProcess(project);
  await run();
  project.edit(`${WORDS}/clean.ts`, "/ +/g", "/[ ]+/g");
  assertEquals(
    reasonOf(await status(), "split"),
    `code ${WORDS}/stages/split.ts <- ${WORDS}/clean.ts changed`,
  );
  const nodes = await run();
  assertEquals(inState(nodes, "ran"), ["split"]);
  assertEquals(inState(nodes, "cached").length, 4);
});

Deno.test("an output of which nothing is read can change without a rerun", async () => {
  using project = makeProject();
  const { run } = inProcess(project);
  await run();
  const other: Executor = {
    ...inThisProcess,
    run: async (node, job, options) => {
      const ran = await inThisProcess.run(node, job, options);
      Deno.writeTextFileSync(job.outputs.size.path, '"many"');
      return ran;
    },
  };
  project.edit(`${WORDS}/stages/split.ts`, "(lines.length)", '("many")');
  assertEquals(inState(await run({ executor: other }), "ran"), ["split"]);
});

Deno.test("a changed data file of the user reruns what reads it", async () => {
  using project = makeProject();
  const { run, status } = inProcess(project);
  await run();
  project.write("text.txt", "one three two\n");
  assertStringIncludes(
    reasonOf(await status(), "split"),
    "text.txt: content changed (from ",
  );
  const nodes = await run();
  assertEquals(inState(nodes, "ran"), ALL);
  const totals = nodes.filter(({ name }) => name.startsWith("total:"));
  assertEquals(totals.map(({ metrics }) => metrics.words), [3, 2]);
});

Deno.test("a file of the project that a stage names is the same one from every folder, and not one of its name elsewhere", async () => {
  using project = makeProject();
  const own = () => relative(Deno.cwd(), project.path("text.txt"));
  const { run, status } = inProcess(project, {
    total: {
      files: () => [own(), "text.txt"],
      run: async ({ files, outputs }) => {
        const texts = await Promise.all(
          [own(), "text.txt"].map((name) => Deno.readTextFile(files[name])),
        );
        await Deno.writeTextFile(outputs.total, JSON.stringify(texts));
        return {};
      },
    },
  });
  const { run: once, status: now } = inProcess(project, {
    artifacts: project.path("others"),
    total: { files: () => [own()] },
  });
  const from = Deno.cwd();
  try {
    Deno.chdir(project.folder);
    await once();
    Deno.chdir(dirname(project.folder));
    assertEquals(inState(await now(), "cached"), ALL);
    Deno.mkdirSync(project.path("elsewhere"));
    Deno.chdir(project.path("elsewhere"));
    assertEquals(inState(await now(), "cached"), ALL);
    Deno.writeTextFileSync("text.txt", "another\n");
    const ran = await run();
    assertEquals(
      JSON.parse(
        Deno.readTextFileSync(objectOf(project, ran, "total:all", "total")),
      ),
      [TEXT, "another\n"],
    );
    Deno.writeTextFileSync("text.txt", "one more\n");
    assertStringIncludes(
      reasonOf(await status(), "total:all"),
      "text.txt: content changed",
    );
  } finally {
    Deno.chdir(from);
  }
});

Deno.test("another version of a package is a reason that names both", () => {
  const of = (packages: Record<string, string>) => ({
    preimage: {
      ...{ stage: "split", code: "", config: {}, inputs: {}, files: {} },
      ...{ seed: 1, environment: null },
    },
    code: { modules: {}, packages, resolutions: {} },
  });
  assertEquals(
    changes(
      of({ "zod@4.6.6": "sha512-a", "tar@7.0.0": "sha512-b" }),
      of({ "zod@4.6.7": "sha512-c", "tar@7.0.0": "sha512-d" }),
      "stages/split.ts",
    ),
    ["package zod 4.6.6 -> 4.6.7", "package tar 7.0.0: integrity changed"],
  );
});

Deno.test("a deleted, truncated or edited object makes its node run again, and the same bytes come back", async () => {
  using project = makeProject();
  const { run, status } = inProcess(project);
  const nodes = await run();
  const manifest = project.read(MANIFEST);
  const file = objectOf(project, nodes, "count:all", "counts");
  const inFolder = objectOf(project, nodes, "split", "lines") + "/1.txt";
  const damages: readonly (readonly [string, string, () => void, string])[] = [
    ["count:all", "object missing", () => Deno.removeSync(file), file],
    ["count:all", "object damaged", () => overwrite(file, "{"), file],
    ["split", "object missing", () => Deno.removeSync(inFolder), inFolder],
    ["split", "object damaged", () => overwrite(inFolder, "f"), inFolder],
    [
      "split",
      "object damaged",
      () => overwrite(inFolder, "four fine\n"),
      inFolder,
    ],
  ];
  for (const [node, reason, damage, path] of damages) {
    const whole = Deno.readTextFileSync(path);
    damage();
    assertStringIncludes(reasonOf(await status(), node), reason);
    assertEquals(inState(await run(), "ran"), [node]);
    assertEquals(Deno.readTextFileSync(path), whole);
  }
  assertEquals(project.read(MANIFEST), manifest);
});

Deno.test("verify finds a flipped bit whatever the file's times say, and a forced run mends it", async () => {
  using project = makeProject();
  const { run } = inProcess(project);
  const nodes = await run();
  const damaged = async () =>
    (await verify(openWorkspace(project.path("artifacts"))))
      .filter(({ condition }) => condition !== "whole")
      .map(({ node, output, condition }) => [node, output, condition]);
  assertEquals(await damaged(), []);
  overwrite(objectOf(project, nodes, "total:all", "total"), "7");
  assertEquals(await damaged(), [["total:all", "total", "damaged"]]);
  await run({ force: true, selection: { nodes: ["total:all"] } });
  assertEquals(await damaged(), []);
});

Deno.test("the manifest has the integrity of each package that a stage imports", async () => {
  using project = makeProject();
  await inProcess(project).run();
  const { code } = JSON.parse(project.read(MANIFEST));
  const [{ packages }] = Object.values<{ packages: Record<string, string> }>(
    code,
  );
  const zod = Object.keys(packages).find((id) => id.startsWith("zod@")) ?? "";
  assert(packages[zod].startsWith("sha512-"));
});

function overwrite(path: string, text: string): void {
  Deno.chmodSync(path, 0o644);
  Deno.writeTextFileSync(path, text);
}
