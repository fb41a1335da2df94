/** The command `graph`: the nodes of an experiment and what they need. */
import type { Graph } from "../../../engine/graph/graph.ts";
import { command } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import { openExperiment, printExperiment } from "../../experiment.ts";
import { choice, onExperiment } from "../../options.ts";

const FORMATS = ["text", "mermaid", "dot", "json"] as const;

export default command({
  name: "graph",
  group: "look",
  summary: "the nodes and what they need",
  needsPipeline: true,
  options: {
    ...onExperiment,
    format: choice("<format>", "how it is written", FORMATS, {
      default: "text",
    }),
  },
  examples: [
    ["", "a line a node"],
    ["--format dot", "for Graphviz"],
  ],
  run: ({ console, pipeline }, values) => {
    const experiment = openExperiment(pipeline, values);
    const format = values.json ? "json" : values.format;
    printExperiment(console, experiment);
    console.out(graphText(experiment.graph, format) + "\n");
    return EXIT.done;
  },
});

function graphText(graph: Graph, format: typeof FORMATS[number]): string {
  const nodes = [...graph.values()].map(({ name, stage, inputs }) => ({
    name,
    stage: stage.name,
    inputs,
  }));
  const edges = nodes.flatMap(({ name, inputs }) =>
    [...new Set(Object.values(inputs))].map((from) => ({ from, to: name }))
  );
  switch (format) {
    case "json":
      return JSON.stringify({ nodes }, null, 2);
    case "dot":
      return [
        "digraph pipeline {",
        ...nodes.map(({ name }) => `  "${name}";`),
        ...edges.map(({ from, to }) => `  "${from}" -> "${to}";`),
        "}",
      ].join("\n");
    case "mermaid": {
      const ids = new Map(nodes.map(({ name }, i) => [name, `n${i}`]));
      return [
        "flowchart LR",
        ...nodes.map(({ name }) => `  ${ids.get(name)}["${name}"]`),
        ...edges.map(({ from, to }) => `  ${ids.get(from)} --> ${ids.get(to)}`),
      ].join("\n");
    }
    case "text":
      return nodes.map(({ name, inputs }) => {
        const sources = [...new Set(Object.values(inputs))];
        return sources.length === 0 ? name : `${name} <- ${sources.join(", ")}`;
      }).join("\n");
  }
}
