/** Nodes under prefixes: how they are named and joined, that equal work is done once, and how one prefix is run alone. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { type NodeFunction, pipeline } from "../../../engine/graph/graph.ts";
import { assertInputError } from "../../fixtures/input_error.ts";
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

const TEXTS = {
  a: { text: "text.txt", counts: { all: {} } },
  b: { text: "text.txt", counts: { all: {}, short: { longest: 3 } } },
};
const A = ["a/split", "a/count:all", "a/total:all"];
const B = [
  "b/split",
  "b/count:all",
  "b/total:all",
  "b/count:short",
  "b/total:short",
];

function makeMatrix(texts: unknown = TEXTS) {
  const project = makeProject();
  project.write("experiments/texts.jsonc", JSON.stringify({ texts }));
  return project;
}

const EXPERIMENT = ["--experiment", "texts"];

Deno.test("work that two prefixes have in common is done once", async () => {
  using project = makeMatrix();
  const nodes = await nodesOf(project, ...EXPERIMENT);
  const found = (name: string) => nodes.find((node) => node.name === name);
  for (const name of ["split", "count:all", "total:all"]) {
    const twins = [found(`a/${name}`), found(`b/${name}`)];
    assertEquals(twins[0]?.key, twins[1]?.key);
    assertEquals(twins.map((node) => node?.state).sort(), ["cached", "ran"]);
  }
  for (const name of ["b/count:short", "b/total:short"]) {
    assertEquals(found(name)?.state, "ran");
  }
  const again = await nodesOf(project, ...EXPERIMENT);
  assertEquals(inState(again, "cached"), [...A, ...B]);
});

Deno.test("what an experiment without prefixes has made is found by one with", async () => {
  using project = makeMatrix();
  await nodesOf(project);
  const nodes = await nodesOf(project, ...EXPERIMENT);
  assertEquals(inState(nodes, "cached"), [...A, ...B]);
});

Deno.test("a glob of a prefix runs its nodes and no others", async () => {
  using project = makeMatrix();
  const only = await nodesOf(project, ...EXPERIMENT, "--only", "a/*");
  assertEquals(only.map(({ name }) => name), A);
  assertEquals(inState(only, "ran"), A);
  const manifest = JSON.parse(project.read("artifacts/manifest.json"));
  assertEquals(Object.keys(manifest.nodes).sort(), A.toSorted());
  const rest = await nodesOf(project, "status", ...EXPERIMENT);
  assertEquals(inState(rest, "stale"), B.slice(3));
});

Deno.test("a changed file of one prefix reruns that prefix alone", async () => {
  using project = makeMatrix({
    ...TEXTS,
    b: { text: "other.txt", counts: { all: {} } },
  });
  project.write("other.txt", "seven eight\n");
  const both = await nodesOf(project, ...EXPERIMENT);
  assertEquals(inState(both, "ran"), [...A, ...B.slice(0, 3)]);
  project.write("other.txt", "seven eight nine\n");
  const nodes = await nodesOf(project, ...EXPERIMENT);
  assertEquals(inState(nodes, "cached"), A);
  assertEquals(inState(nodes, "ran"), B.slice(0, 3));
});

Deno.test("log and explain know nodes by their prefixed names", async () => {
  using project = makeMatrix();
  const nodes = await nodesOf(project, ...EXPERIMENT);
  // Of two nodes of one key either may be the one that ran.
  const [name] = inState(nodes, "ran").filter((name) => /split$/.test(name));
  const log = await project.run("log", name, ...EXPERIMENT);
  assertEquals(log.code, 0);
  assertStringIncludes(log.out, "3 lines");
  const { out } = await project.run("explain", "b/split", ...EXPERIMENT);
  assertStringIncludes(out, "b/split is cached");
});
