/** The command `run` and those that show what it would do: exit codes, selections, JSON. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { keyOf } from "../../../../engine/keys/key.ts";
import {
  exists,
  inState,
  makeProject,
  nodesOf,
  WORDS,
} from "../../../engine/fixtures/project.ts";

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
    'const { inputError } = await import("../../../../../base/input_error.ts");\n' +
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

Deno.test("a manifest that is damaged or has a merge conflict is written again by a run, and an error for verify", async () => {
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
    assertMatch(out, /^count:all +new$/m);
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

Deno.test("what scripts and people read of a finished run: JSON, summary, graph and key", async (t) => {
  using project = makeProject();
  const ran = await nodesOf(project);

  await t.step(
    "--json gives each node's state, key, outputs, and metrics with the measurements of the run that made it",
    async () => {
      const cached = await nodesOf(project, "status");
      const [one, two] = [ran, cached].map((nodes) =>
        nodes.find(({ name }) => name === "count:all")
      );
      assertEquals(Object.keys(one ?? {}), [
        ...["name", "state", "reason", "key", "seconds", "outputs", "metrics"],
      ]);
      assertEquals([one?.state, two?.state], ["ran", "cached"]);
      assert(Number(one?.metrics.filesPerSecond) >= 0);
      assertEquals(one?.metrics, two?.metrics);
      assertEquals(one?.key, two?.key);
      assertEquals(one?.outputs, two?.outputs);
    },
  );

  await t.step(
    "the summary of the pipeline ends a run, also one with nothing to do",
    async () => {
      const summary = "total:all 6\ntotal:short 3\n";
      assertStringIncludes((await project.run("--force")).out, summary);
      assertEquals(
        (await project.run()).out,
        summary + 'Nothing to do: 5 cached, experiment "quick".\n',
      );
    },
  );

  await t.step(
    "explain shows the preimage that the key is the hash of, and what a setting changes",
    async () => {
      const { out } = await project.run("explain", "count:short", "--json");
      const { key, preimage, state } = JSON.parse(out);
      assertEquals(state, "cached");
      assertEquals(keyOf(preimage), key);
      const set = ["--set", "counts.short.longest=5"];
      const text = await project.run("explain", "count:short", ...set);
      assertStringIncludes(text.out, "config.longest 3 -> 5");
    },
  );

  await t.step("graph gives what each node needs", async () => {
    assertEquals(
      (await project.run("graph")).out,
      "split\ncount:all <- split\ntotal:all <- count:all\n" +
        "count:short <- split\ntotal:short <- count:short\n",
    );
    const { out } = await project.run("graph", "--format", "dot");
    assertStringIncludes(out, '"split" -> "count:all";');
  });
});
