/** The command `explain`: what enters the key of a node, and what of it has changed. */
import type { Graph } from "../../../engine/graph/graph.ts";
import { changesSince, NEVER_RAN, plan } from "../../../engine/run/plan.ts";
import {
  openWorkspace,
  type Workspace,
} from "../../../engine/store/workspace.ts";
import type { Code, Json, Preimage } from "../../../schemas/manifest.ts";
import { command } from "../../command.ts";
import { fitted } from "../../console/console.ts";
import { EXIT } from "../../exit.ts";
import {
  artifactFolder,
  checkNode,
  openExperiment,
  otherValues,
} from "../../experiment.ts";
import { argument, flag, onExperiment } from "../../options.ts";

export default command({
  name: "explain",
  group: "look",
  summary: "what enters a node's key, and what of it has changed",
  needsPipeline: true,
  arguments: { node: argument("<node>") },
  options: {
    ...onExperiment,
    all: flag("every change, module and package, and hashes in full"),
  },
  examples: [["student:rkd", "what its key is made of, what has changed"]],
  run: async ({ console, pipeline }, { node, json, all, ...values }) => {
    const experiment = openExperiment(pipeline, values);
    const { graph, name } = experiment;
    const artifacts = artifactFolder(values.artifacts);
    checkNode(graph, node);
    const workspace = openWorkspace(artifacts);
    const explanation = await explainNode(workspace, graph, node);
    console.out(
      (json ? JSON.stringify(explanation) : fitted(
        console,
        [
          `Experiment "${name}"`,
          otherValues(experiment, artifacts, values.set) ?? [],
          explanationText(explanation, all),
        ].flat().join("\n"),
        4,
      )) + "\n",
    );
    return EXIT.done;
  },
});

interface Explanation {
  readonly name: string;
  readonly state: "cached" | "stale";
  readonly reasons: readonly string[];
  readonly key: string | null;
  readonly preimage: Preimage;
  readonly code: Code;
}

/** What enters a node's key now, and what of it differs from the recorded run. */
async function explainNode(
  workspace: Workspace,
  graph: Graph,
  name: string,
): Promise<Explanation> {
  const assessment = (await plan(workspace, graph)).get(name);
  if (assessment === undefined) throw new Error(`There is no node "${name}".`);
  const { node, state, key, described } = assessment;
  const { preimage, code } = described;
  const reasons = assessment.reasons[0] === NEVER_RAN
    ? [...assessment.reasons, ...changesSince(workspace, node, described)]
    : assessment.reasons;
  return { name, state, reasons, key: key ?? null, preimage, code };
}

/** How many changes are told without `--all`. */
const FEW = 5;

function explanationText(
  { name, state, reasons, key, preimage, code }: Explanation,
  all: boolean,
): string {
  const isNew = reasons[0] === NEVER_RAN;
  const changes = isNew ? reasons.slice(1) : reasons;
  const told = all ? changes : changes.slice(0, FEW);
  const more = changes.length - told.length;
  const { modules, packages } = code;
  const executed = [modules, packages].map((of) => Object.keys(of).length);
  return [
    `${name} is ${isNew ? "new, as it never ran here" : state}${
      changes.length === 0
        ? ""
        : isNew
        ? "; it differs from the manifest's by"
        : ", because"
    }`,
    ...told.map((reason) => `  ${reason}`),
    ...more === 0 ? [] : [`  and ${more} more (--all lists them)`],
    `key ${key ?? "not known until its inputs are made"}`,
    ...all ? [...leaves("", preimage), ...leaves("code.", code)] : [
      ...grouped(leaves("", preimage)).map(shortHashes),
      `  ${executed[0]} modules, ${
        executed[1]
      } packages (--all lists them, and hashes in full)`,
    ],
  ].join("\n");
}

/** One line for each value of the config and for each other part of the preimage, with all leaves of it. */
function grouped(lines: readonly string[]): string[] {
  const groups = Map.groupBy(
    lines,
    (line) => /^ {2}(config\.)?[^. ]*/.exec(line)?.[0] ?? "",
  );
  return [...groups].map(([group, lines]) =>
    `${group} ${lines.map((line) => line.slice(group.length + 1)).join(", ")}`
  );
}

function shortHashes(line: string): string {
  return line.replace(/\b([0-9a-f]{12})[0-9a-f]{52}\b/g, "$1…");
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
