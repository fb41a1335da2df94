/** What makes a node run again, and what does not. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  exists,
  inState,
  makeProject,
  nodesOf,
  objectPath,
  type Project,
  WORDS,
} from "../fixtures/project.ts";

const ALL = ["split", "count:all", "total:all", "count:short", "total:short"];

const reasonOf = async (project: Project, node: string) =>
  (await nodesOf(project, "status")).find(({ name }) => name === node)?.reason;

Deno.test("the second run finds every node cached within half a second, reads no object and loads no compiler", async () => {
  using project = makeProject();
  const first = await nodesOf(project);
  assertEquals(inState(first, "ran"), ALL);
  const manifest = project.read("artifacts/manifest.json");
  const runs = [];
  for (let i = 0; i < 3; i++) runs.push(await project.run("--json"));
  for (const { out, code } of runs) {
    assertEquals(inState(JSON.parse(out).nodes, "cached"), ALL);
    assertEquals(code, 0);
  }
  assert(Math.min(...runs.map((run) => run.milliseconds)) < 500);
  assertEquals(project.read("artifacts/manifest.json"), manifest);
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
});

Deno.test("a changed config value reruns its node and what needs it, and the reason names the leaf", async () => {
  using project = makeProject();
  await nodesOf(project);
  const args = ["--set", "counts.short.longest=4"];
  const status = await project.run("status", ...args, "--json");
  assertEquals(status.code, 10);
  const [stale] = JSON.parse(status.out).nodes
    .filter(({ name }: { name: string }) => name === "count:short");
  assertEquals(stale.reason, "config.longest 3 -> 4");
  const nodes = await nodesOf(project, ...args);
  assertEquals(inState(nodes, "ran"), ["count:short", "total:short"]);
  assertEquals(nodes.at(-1)?.metrics.words, 5);
  assertEquals(inState(await nodesOf(project), "cached"), ALL);
});

Deno.test("a changed seed reruns the nodes that were given it", async () => {
  using project = makeProject();
  await nodesOf(project);
  const nodes = await nodesOf(project, "--set", "seed=2");
  const count = nodes.find(({ name }) => name === "count:all");
  assertEquals(count?.reason, "seed 1 -> 2");
  assertEquals(inState(nodes, "cached"), ["split"]);
});

Deno.test("comments, formatting and types rerun nothing", async () => {
  using project = makeProject();
  await nodesOf(project);
  project.edit(`${WORDS}/clean.ts`, "// Runs of spaces", "// Many spaces");
  project.edit(
    `${WORDS}/clean.ts`,
    'text.replace(/ +/g, " ")',
    "text\n  .replace(\n / +/g,\n ' ',\n)",
  );
  project.edit(`${WORDS}/clean.ts`, "(text: string", "(text: string & string");
  project.edit(`${WORDS}/types.ts`, "string", "string | never");
  assertEquals(inState(await nodesOf(project), "cached"), ALL);
});

Deno.test("code of a module that a stage reaches by a literal import() reruns it, and equal outputs stop there", async () => {
  using project = makeProject();
  await nodesOf(project);
  project.edit(`${WORDS}/clean.ts`, "/ +/g", "/[ ]+/g");
  assertEquals(
    await reasonOf(project, "split"),
    `code ${WORDS}/stages/split.ts <- ${WORDS}/clean.ts changed`,
  );
  const nodes = await nodesOf(project);
  assertEquals(inState(nodes, "ran"), ["split"]);
  assertEquals(inState(nodes, "cached").length, 4);
});

Deno.test("a changed data file of the user reruns what reads it", async () => {
  using project = makeProject();
  await nodesOf(project);
  project.write("text.txt", "one three two\n");
  const reason = await reasonOf(project, "split") ?? "";
  assertStringIncludes(reason, "file text.txt: content changed (from ");
  const nodes = await nodesOf(project);
  assertEquals(inState(nodes, "ran"), ALL);
  const totals = nodes.filter(({ name }) => name.startsWith("total:"));
  assertEquals(totals.map(({ metrics }) => metrics.words), [3, 2]);
});

Deno.test("an output of which nothing is read can change without a rerun", async () => {
  using project = makeProject();
  await nodesOf(project);
  project.edit(
    `${WORDS}/stages/split.ts`,
    "JSON.stringify(lines.length)",
    '"many"',
  );
  assertEquals(inState(await nodesOf(project), "ran"), ["split"]);
});

Deno.test("another version of a package is a reason that names both", async () => {
  using project = makeProject();
  await nodesOf(project);
  const lock = project.read("deno.lock");
  const [version] = /(?<="zod@)\d+\.\d+\.\d+/.exec(lock) ?? [];
  assert(version !== undefined);
  const { changes } = await import("../../../engine/keys/key.ts");
  const preimage = JSON.parse(project.read("artifacts/manifest.json"))
    .nodes.split.preimage;
  const code = (packages: Record<string, string>) => ({
    preimage,
    code: { modules: {}, packages, printer: "typescript@6.0.3" },
  });
  assertEquals(
    changes(
      code({ "zod@4.6.6": "sha512-a", "tar@7.0.0": "sha512-b" }),
      code({ "zod@4.6.7": "sha512-c", "tar@7.0.0": "sha512-d" }),
      "stages/split.ts",
    ),
    ["package zod 4.6.6 -> 4.6.7", "package tar 7.0.0: integrity changed"],
  );
  const manifest = JSON.parse(project.read("artifacts/manifest.json"));
  const recorded = manifest.code[preimage.code].packages;
  assert(recorded[`zod@${version}`].startsWith("sha512-"));
});

Deno.test("a deleted, truncated or edited object makes its node run again, and the same bytes come back", async () => {
  using project = makeProject();
  const nodes = await nodesOf(project);
  const manifest = project.read("artifacts/manifest.json");
  const file = objectPath(project, nodes, "count:all", "counts");
  const inFolder = objectPath(project, nodes, "split", "lines") + "/1.txt";
  const damages: readonly [string, string, () => void, string][] = [
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
    assertStringIncludes(await reasonOf(project, node) ?? "", reason);
    assertEquals(inState(await nodesOf(project), "ran"), [node]);
    assertEquals(Deno.readTextFileSync(path), whole);
  }
  assertEquals(project.read("artifacts/manifest.json"), manifest);
});

Deno.test("verify finds a flipped bit whatever the file's times say, and a forced run mends it", async () => {
  using project = makeProject();
  const nodes = await nodesOf(project);
  assertEquals((await project.run("verify")).code, 0);
  const path = objectPath(project, nodes, "total:all", "total");
  overwrite(path, "7");
  const { code, out, err } = await project.run("verify");
  assertEquals(code, 1);
  assertStringIncludes(out, "total:all: output total is damaged");
  assertStringIncludes(err, "run --force total:all");
  await project.run("run", "--force", "total:all");
  assertEquals((await project.run("verify")).code, 0);
});

Deno.test("going back to an earlier config or experiment costs nothing", async () => {
  using project = makeProject();
  await nodesOf(project);
  const manifest = project.read("artifacts/manifest.json");
  project.write(
    "experiments/tiny.jsonc",
    '{ "text": "text.txt", "counts": { "tiny": { "longest": 3 } } }',
  );
  const tiny = await nodesOf(project, "--experiment", "tiny");
  assertEquals(inState(tiny, "ran"), []);
  assertEquals(inState(await nodesOf(project), "cached"), ALL);
  assertEquals(project.read("artifacts/manifest.json"), manifest);
});

function overwrite(path: string, text: string): void {
  Deno.chmodSync(path, 0o644);
  Deno.writeTextFileSync(path, text);
}

Deno.test("code that is edited while a run goes on enters the keys of the nodes that start after it", async () => {
  using project = makeProject("word\n".repeat(20));
  const args = ["--set", 'counts={"all":{"milliseconds":40}}'];
  const child = project.start(...args);
  while (!exists(project.path("artifacts/manifest.json"))) await delay(10);
  project.edit(`${WORDS}/stages/total.ts`, "a + b, 0", "a + b, 100");
  assertEquals((await child.output()).code, 0);
  const nodes = await nodesOf(project, ...args);
  assertEquals(inState(nodes, "cached"), ["split", "count:all", "total:all"]);
  assertEquals(nodes.at(-1)?.metrics.words, 120);
});

Deno.test("a module that is edited before a running stage imports it fails the stage and is named", async () => {
  using project = makeProject();
  project.edit(
    `${WORDS}/stages/split.ts`,
    'const { clean } = await import("../clean.ts");',
    `Deno.writeTextFileSync(outputs.size, "");
    await new Promise((done) => setTimeout(done, 1500));
    const { clean } = await import("../clean.ts");`,
  );
  const child = project.start();
  const begun = () => {
    const work = project.path("artifacts/work");
    return exists(work) && [...Deno.readDirSync(work)]
      .some(({ name }) => exists(`${work}/${name}/outputs/size.json`));
  };
  while (!begun()) await delay(10);
  // The runner looks at the code once more when the process is there; that is over by then.
  await delay(500);
  project.edit(`${WORDS}/clean.ts`, "/ +/g", "/[ ]+/g");
  const { code, stderr } = await child.output();
  assertEquals(code, 1);
  assertStringIncludes(
    new TextDecoder().decode(stderr),
    `Module "${WORDS}/clean.ts" was changed while stage "split" ran`,
  );
});

function delay(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}
