/** Inputs that take any number of nodes: what a stage sees of them, what reruns, and what is refused. */
import { assertEquals } from "@std/assert";
import { z } from "zod";
import { type NodeFunction, pipeline } from "../../../engine/graph/graph.ts";
import { assertInputError } from "../../fixtures/input_error.ts";
import { inProcess } from "../fixtures/in_process.ts";
import { inState, makeProject } from "../fixtures/project.ts";
import split from "../fixtures/words/stages/split.ts";
import sum from "../fixtures/words/stages/sum.ts";

function graphOf(build: (node: NodeFunction) => void) {
  return pipeline(z.unknown(), (_, node) => build(node)).graph({}, "test");
}

/** An input that the types would refuse as well. */
function untyped(name: string, handle: unknown) {
  return { [name]: handle as never };
}

Deno.test("a stage reads any number of nodes at one input, and one more or a changed one reruns it", async () => {
  using project = makeProject();
  const counts = { all: {}, short: { longest: 3 } };
  const text = project.path("text.txt");
  project.write(
    "experiments/sum.jsonc",
    JSON.stringify({ text, counts, sum: true }),
  );
  const { run } = inProcess(project, { name: "sum" });
  const nodes = await run();
  const metricsOf = (of: typeof nodes, name: string) =>
    of.find((node) => node.name === name)?.metrics ?? {};
  const { all, short, words } = metricsOf(nodes, "sum");
  assertEquals([all, short], [
    metricsOf(nodes, "total:all").words,
    metricsOf(nodes, "total:short").words,
  ]);
  assertEquals(words, Number(all) + Number(short));
  assertEquals(inState(await run(), "ran"), []);
  const more = await run({ set: ["counts.tiny.longest=2"] });
  assertEquals(inState(more, "ran"), ["count:tiny", "total:tiny", "sum"]);
  assertEquals(Object.keys(metricsOf(more, "sum")).sort(), [
    "all",
    "short",
    "tiny",
    "words",
  ]);
});

Deno.test("no node at all is as good as several, and another name than the declared ones is refused", () => {
  const graph = graphOf((node) => void node(sum, { config: {} }));
  assertEquals(graph.get("sum")?.inputs, {});
  const text = { config: { text: "text.txt", lowercase: false } };
  for (const name of ["totals", "total:"]) {
    assertInputError(
      () =>
        graphOf((node) => {
          node(sum, { config: {}, inputs: untyped(name, node(split, text)) });
        }),
      `Cannot give node "sum" the input "${name}"`,
      'stage "sum" reads total:*',
    );
  }
  assertInputError(
    () =>
      graphOf((node) => {
        node(sum, {
          config: {},
          inputs: untyped("total:x", node(split, text)),
        });
      }),
    'as input "total:x": it has no output "total"',
  );
});
