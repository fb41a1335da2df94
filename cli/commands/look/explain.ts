/** The command `explain`: what enters the key of a node, and what of it has changed. */
import type { Graph } from "../../../engine/graph/graph.ts";
import { plan } from "../../../engine/run/plan.ts";
import {
  openWorkspace,
  type Workspace,
} from "../../../engine/store/workspace.ts";
import type { Json } from "../../../schemas/manifest.ts";
import { command } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import { artifactFolder, checkNode, openExperiment } from "../../experiment.ts";
import { argument, onExperiment } from "../../options.ts";

export default command({
  name: "explain",
  group: "look",
  summary: "what enters a node's key, and what of it has changed",
  needsPipeline: true,
  arguments: { node: argument("<node>") },
  options: onExperiment,
  examples: [["student:rkd", "what its key is made of, what has changed"]],
  run: async ({ console, pipeline }, { node, json, ...values }) => {
    const { graph } = openExperiment(pipeline, values);
    const artifacts = artifactFolder(values.artifacts);
    checkNode(graph, node);
    const workspace = openWorkspace(artifacts);
    const explanation = await explainNode(workspace, graph, node);
    console.out(
      (json ? JSON.stringify(explanation) : explanationText(explanation)) +
        "\n",
    );
    return EXIT.done;
  },
});

interface Explanation {
  readonly name: string;
  readonly state: "cached" | "stale";
  readonly reasons: readonly string[];
  readonly key: string | null;
  readonly preimage: Json;
  readonly code: Json;
}

/** What enters a node's key now, and what of it differs from the recorded run. */
async function explainNode(
  workspace: Workspace,
  graph: Graph,
  name: string,
): Promise<Explanation> {
  const assessment = (await plan(workspace, graph)).get(name);
  if (assessment === undefined) throw new Error(`There is no node "${name}".`);
  const { state, reasons, key, described } = assessment;
  const { preimage, code } = described;
  return { name, state, reasons, key: key ?? null, preimage, code };
}

function explanationText(explanation: Explanation): string {
  const { name, state, reasons, key, preimage, code } = explanation;
  return [
    `${name} is ${state}${reasons.length > 0 ? ", because" : ""}`,
    ...reasons.map((reason) => `  ${reason}`),
    `key ${key ?? "not known until its inputs are made"}`,
    ...leaves("", preimage),
    ...leaves("code.", code),
  ].join("\n");
}

function leaves(prefix: string, value: Json): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return [`  ${prefix.replace(/\.$/, "")} ${JSON.stringify(value)}`];
  }
  return Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1)
    .flatMap(([key, inner]) =>
      inner === undefined ? [] : leaves(`${prefix}${key}.`, inner)
    );
}
