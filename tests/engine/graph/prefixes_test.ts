/** Nodes under prefixes: how they are named and joined, that equal work is done once, and how one prefix is run alone. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { type NodeFunction, pipeline } from "../../../engine/graph/graph.ts";
import { assertInputError } from "../../fixtures/input_error.ts";
import { inProcess } from "../fixtures/in_process.ts";
import { inState, makeProject, nodesOf } from "../fixtures/project.ts";
import count from "../fixtures/words/stages/count.ts";
import split from "../fixtures/words/stages/split.ts";

function graphOf(build: (node: NodeFunction) => void) {
  return pipeline(z.unknown(), (_, node) => build(node)).graph({}, "test");
}

const text = { config: { text: "text.txt", lowercase: false } };
const counting = { config: { longest: 3, milliseconds: 0 } };

Deno.test("nodes within a prefix carry it, and may read nodes without", () => {
  const graph = graphOf((node) => {
    const parts = node(split, text);
    for (const prefix of ["a", "b"]) {
      const inputs = { parts };
      node.within(prefix)(count, { ...counting, name: "all@2", inputs });
    }
  });
  const edges = [...graph.values()].map(({ name, inputs }) => [name, inputs]);
  assertEquals(edges, [
    ["split", {}],
    ["a/count:all@2", { parts: "split" }],
    ["b/count:all@2", { parts: "split" }],
  ]);
});

Deno.test("a prefix that is no name, or within another, is refused", () => {
  assertInputError(
    () => graphOf((node) => void node.within("a/b")),
    'Cannot prefix nodes with "a/b"',
    "letters, digits, dots, dashes, underscores and @",
  );
  assertInputError(
    () => graphOf((node) => void node.within("")),
    'Cannot prefix nodes with ""',
  );
  assertInputError(
    () => graphOf((node) => void node.within("a").within("b")),
    'Cannot prefix nodes with "a/b"',
    "one prefix at most",
  );
});

Deno.test("a name with a slash, and a name that is taken within its prefix, are refused", () => {
  assertInputError(
    () => graphOf((node) => void node(split, { ...text, name: "a/b" })),
    'Cannot name a node "split:a/b"',
  );
  assertInputError(
    () =>
      graphOf((node) => {
        node(split, text);
        node.within("a")(split, text);
        node.within("a")(split, text);
      }),
    'Cannot add node "a/split" twice',
  );
});

const A = ["a/split", "a/count:all", "a/total:all"];
const B = [
  "b/split",
  "b/count:all",
  "b/total:all",
  "b/count:short",
  "b/total:short",
];

/** A project with an experiment on two texts, which are one unless the second is another file. */
function makeTexts(second = "text.txt") {
  const project = makeProject();
  const counts = { all: {}, short: { longest: 3 } };
  const texts = {
    a: { text: project.path("text.txt"), counts: { all: {} } },
    b: { text: project.path(second), counts },
  };
  project.write("experiments/texts.jsonc", JSON.stringify({ texts }));
  return { project, ...inProcess(project, { name: "texts" }) };
}

Deno.test("work that two prefixes have in common is done once, by one job or several", async () => {
  for (const jobs of [1, 3]) {
    const { project, run } = makeTexts();
    using _ = project;
    const nodes = await run({ jobs });
    const found = (name: string) => nodes.find((node) => node.name === name);
    for (const name of ["split", "count:all", "total:all"]) {
      const twins = [found(`a/${name}`), found(`b/${name}`)];
      assertEquals(twins[0]?.key, twins[1]?.key);
      assertEquals(twins.map((node) => node?.state).sort(), ["cached", "ran"]);
    }
    assertEquals(inState(nodes, "ran").length, 5);
    assertEquals(inState(await run(), "cached"), [...A, ...B]);
  }
});

Deno.test("what an experiment without prefixes has made is found by one with", async () => {
  const { project, run } = makeTexts();
  using _ = project;
  await inProcess(project).run();
  assertEquals(inState(await run(), "cached"), [...A, ...B]);
});

Deno.test("a glob of a prefix runs its nodes and no others", async () => {
  const { project, run, status } = makeTexts();
  using _ = project;
  const only = await run({ selection: { only: ["a/*"] } });
  assertEquals(inState(only, "ran"), A);
  const manifest = JSON.parse(project.read("artifacts/manifest.json"));
  assertEquals(Object.keys(manifest.nodes).sort(), A.toSorted());
  assertEquals(inState(await status(), "stale"), B.slice(3));
});

Deno.test("a changed file of one prefix reruns that prefix alone", async () => {
  const { project, run } = makeTexts("other.txt");
  using _ = project;
  project.write("other.txt", "one eleven\n");
  assertEquals(inState(await run(), "ran"), [...A, ...B]);
  project.write("other.txt", "one eleven six two\n");
  const nodes = await run();
  assertEquals(inState(nodes, "cached"), A);
  assertEquals(inState(nodes, "ran"), B);
});

Deno.test("log and explain know nodes by their prefixed names", async () => {
  const { project } = makeTexts();
  using _ = project;
  const texts = ["--experiment", "texts"];
  const nodes = await nodesOf(project, ...texts, "a/split");
  assertEquals(inState(nodes, "ran"), ["a/split"]);
  const log = await project.run("log", "a/split", ...texts);
  assertStringIncludes(log.out, "3 lines");
  const { out } = await project.run("explain", "b/split", ...texts);
  assertStringIncludes(out, "b/split is cached");
});
