/** The command line on a pipeline: bad input, exit codes, selections, and what scripts rely on. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  exists,
  inState,
  makeProject,
  nodesOf,
  WORDS,
} from "../engine/fixtures/project.ts";

const BAD: readonly (readonly [string, readonly string[], string])[] = [
  [
    "an unknown key",
    ["--set", "counts.all.longst=1"],
    'did you mean "longest"',
  ],
  ["a wrong type", ["--set", "seed=early"], '"seed"'],
  ["an unknown node", ["count:shrt"], 'did you mean "count:short"'],
  ["an unknown command", ["statsu"], 'did you mean "status"'],
  ["a mistyped command that is the default", ["runn"], 'did you mean "run"'],
  [
    "a command behind an option",
    ["--artifacts", "other", "status"],
    "stands before all options",
  ],
  [
    "an unknown format",
    ["graph", "--format", "mermiad"],
    'did you mean "mermaid"',
  ],
  ["an unknown shell", ["completion", "bsh"], 'did you mean "bash"'],
  ["an unknown glob", ["--only", "none:*"], "the nodes are split"],
  ["an unknown experiment", ["--experiment", "quik"], 'did you mean "quick"'],
  [
    "an unknown experiment file",
    ["--experiment", "./no.jsonc"],
    "no such file",
  ],
  ["an unknown option", ["--expriment", "quick"], "did you mean --experiment"],
  ["a setting without a value", ["--set", "seed"], "path.to.key=value"],
  ["a setting inside a number", ["--set", "text.a=1"], "not an object"],
  ["no number of jobs", ["--jobs", "many"], "expected a number"],
  ["a missing data file", ["--set", "text=no.txt"], 'Cannot read "no.txt"'],
  [
    "an artifact folder that is a file",
    ["--artifacts", "text.txt"],
    "expected a folder",
  ],
  [
    "an empty argument",
    ["--artifacts", ""],
    'empty argument after "--artifacts"',
  ],
  ["a node alone whose input is missing", ["--only", "total:all"], "by itself"],
  ["an unknown node to explain", ["explain", "splt"], 'did you mean "split"'],
];

for (const [what, args, part] of BAD) {
  Deno.test(`${what} is one sentence, exit code 2, and nothing is written`, async () => {
    using project = makeProject();
    const { code, out, err } = await project.run(...args);
    assertEquals({ code, out }, { code: 2, out: "" });
    assertStringIncludes(err, part);
    assertEquals(err.trim().split("\n").length, 1);
    assert(!exists(project.path("artifacts")));
  });
}

Deno.test("a broken experiment file is told with line and column", async () => {
  using project = makeProject();
  project.write("mine.jsonc", '{\n  "text": }');
  const { code, err } = await project.run("--experiment", "./mine.jsonc");
  assertEquals(code, 2);
  assertStringIncludes(err, 'unexpected token "}" at line 2, column 11');
});

Deno.test("a user's experiment file runs", async () => {
  using project = makeProject();
  project.write("mine.json", '{ "text": "text.txt", "counts": { "all": {} } }');
  const nodes = await nodesOf(project, "--experiment", "mine.json");
  assertEquals(inState(nodes, "ran"), ["split", "count:all", "total:all"]);
});

Deno.test("an input error of a stage ends with exit code 2", async () => {
  using project = makeProject();
  project.edit(
    `${WORDS}/stages/total.ts`,
    "const words =",
    'const { inputError } = await import("../../../../schemas/errors.ts");\n' +
      '    throw inputError("Cannot add these up.");\n    const words =',
  );
  const { code, err } = await project.run("--jobs", "1");
  assertEquals(code, 2);
  assertEquals(err, "Cannot add these up.\nCannot add these up.\n");
});

Deno.test("a manifest of a newer version is refused with the remedy", async () => {
  using project = makeProject();
  await nodesOf(project);
  const manifest = project.read("artifacts/manifest.json");
  const newer = manifest.replace('"schema":2', '"schema":3');
  assert(newer !== manifest);
  project.write("artifacts/manifest.json", newer);
  for (const command of ["run", "status", "verify"]) {
    const { code, err } = await project.run(command);
    assertEquals(code, 2);
    assertStringIncludes(err, "it has schema 3, written by a newer version");
    assertEquals(project.read("artifacts/manifest.json"), newer);
  }
});

Deno.test("a manifest that is damaged or has a merge conflict is no manifest for a run, which writes it anew, and an error for verify", async () => {
  using project = makeProject();
  await nodesOf(project);
  const manifest = project.read("artifacts/manifest.json");
  const cases = [
    [`<<<<<<< ours\n${manifest}=======\n>>>>>>> theirs\n`, "merge conflict"],
    ["{", "it is no JSON"],
  ];
  for (const [text, part] of cases) {
    project.write("artifacts/manifest.json", text);
    const { code, err } = await project.run("verify");
    assertEquals(code, 2);
    assertStringIncludes(err, part);
    assertEquals(project.read("artifacts/manifest.json"), text);
    assertEquals(inState(await nodesOf(project), "ran"), []);
    assertEquals(project.read("artifacts/manifest.json"), manifest);
  }
});

Deno.test("status and --dry-run exit with 10 when something would run, and run nothing", async () => {
  using project = makeProject();
  for (const args of [["status"], ["--dry-run"]]) {
    const { code, out } = await project.run(...args);
    assertEquals(code, 10);
    assertStringIncludes(out, "never ran");
    assert(!exists(project.path("artifacts")));
  }
  await nodesOf(project);
  assertEquals((await project.run("status")).code, 0);
  assertEquals((await project.run("--dry-run")).code, 0);
  assertEquals((await project.run("--dry-run", "--force")).code, 10);
  const narrow = await project.run(
    "status",
    "--only",
    "total:all",
    "--set",
    "seed=2",
  );
  assertEquals(narrow.code, 10);
  assertStringIncludes(narrow.out, "input counted: count:all is stale");
});

Deno.test("a named node runs with what it needs; --only, --from and --until narrow", async () => {
  using project = makeProject();
  const ran = async (...args: string[]) =>
    inState(await nodesOf(project, ...args), "ran");
  assertEquals(await ran("count:short"), ["split", "count:short"]);
  assertEquals(await ran("--only", "count:*"), ["count:all"]);
  assertEquals(await ran("--until", "total:all"), ["total:all"]);
  assertEquals(await ran("--from", "count:short"), ["total:short"]);
  assertEquals(await ran("--force", "count:short"), ["count:short"]);
  assertEquals(
    await ran("--force", "--from", "count:short"),
    ["count:short", "total:short"],
  );
});

Deno.test("--json gives each node's state, key, outputs, and metrics with the measurements of the run that made it", async () => {
  using project = makeProject();
  const ran = await nodesOf(project);
  const cached = await nodesOf(project, "status");
  const [one, two] = [ran, cached].map((nodes) =>
    nodes.find(({ name }) => name === "count:all")
  );
  assertEquals(Object.keys(one ?? {}), [
    "name",
    "state",
    "reason",
    "key",
    "seconds",
    "outputs",
    "metrics",
  ]);
  assertEquals([one?.state, two?.state], ["ran", "cached"]);
  assert(Number(one?.metrics.filesPerSecond) >= 0);
  assertEquals(one?.metrics, two?.metrics);
  assertEquals(one?.key, two?.key);
  assertEquals(one?.outputs, two?.outputs);
});

Deno.test("the summary of the pipeline ends a run, also one with nothing to do", async () => {
  using project = makeProject();
  const summary = "total:all 6\ntotal:short 3\n";
  assertStringIncludes((await project.run()).out, summary);
  assertEquals(
    (await project.run()).out,
    summary + "Nothing to do: 5 cached.\n",
  );
});

Deno.test("graph says what each node needs", async () => {
  using project = makeProject();
  assertEquals(
    (await project.run("graph")).out,
    "split\ncount:all <- split\ntotal:all <- count:all\n" +
      "count:short <- split\ntotal:short <- count:short\n",
  );
  const { out } = await project.run("graph", "--format", "dot");
  assertStringIncludes(out, '"split" -> "count:all";');
});

Deno.test("explain shows the preimage that the key is the hash of", async () => {
  using project = makeProject();
  await nodesOf(project);
  const { out } = await project.run("explain", "count:short", "--json");
  const { key, preimage, state } = JSON.parse(out);
  const { keyOf } = await import("../../engine/keys/key.ts");
  assertEquals(state, "cached");
  assertEquals(keyOf(preimage), key);
  const text = await project.run(
    "explain",
    "count:short",
    "--set",
    "counts.short.longest=5",
  );
  assertStringIncludes(text.out, "config.longest 3 -> 5");
});
