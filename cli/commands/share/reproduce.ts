/** The command `reproduce`: makes what a manifest describes again, in a folder of its own, and compares node by node. */
import { join } from "@std/path";
import { inputError, isInputError } from "../../../base/input_error.ts";
import type { Code, Manifest } from "../../../schemas/manifest.ts";
import { printable, printableJson } from "../../../base/names.ts";
import {
  entriesOf,
  readIfThere,
  writeAtomically,
} from "../../../engine/files/atomic.ts";
import type { Executor } from "../../../engine/executors/executor.ts";
import { EXECUTORS } from "../../../engine/executors/executors.ts";
import {
  connectedParts,
  incoherence,
} from "../../../engine/provenance/coherence.ts";
import { metricText } from "../../../engine/provenance/diff.ts";
import { failure } from "../../../engine/files/failure.ts";
import { revisionsOf } from "../../../engine/files/git.ts";
import type { Graph, Pipeline } from "../../../engine/graph/graph.ts";
import { canonical, sha256 } from "../../../engine/files/hash.ts";
import { machine } from "../../../engine/store/run_log.ts";
import { lockFolder } from "../../../engine/store/lock.ts";
import { readNamedManifest } from "../../../engine/store/manifest.ts";
import { ROOT } from "../../../engine/keys/project.ts";
import { recordedMachine } from "../../../engine/provenance/recorded_machine.ts";
import {
  compareNodes,
  firstDifference,
  nodesAbove,
  presentChanges,
  readTolerance,
  type Reason,
  type ReproducedNode,
} from "../../../engine/provenance/reproduce.ts";
import { prefixOf } from "../../../schemas/subwords.ts";
import { findRevision } from "../../../engine/provenance/revision.ts";
import { run, type RunReport } from "../../../engine/run/runner.ts";
import { seed } from "../../../engine/provenance/recorded_results.ts";
import { select } from "../../../engine/graph/selection.ts";
import { incoherent } from "../../../engine/provenance/trust_policy.ts";
import { openWorkspace } from "../../../engine/store/workspace.ts";
import { command, type Context, type ValuesOf } from "../../command.ts";
import { showProgress } from "../../console/show_progress.ts";
import { fewReasons, table } from "../../console/table.ts";
import { EXIT, printError } from "../../exit.ts";
import { artifactFolder } from "../../experiment.ts";
import {
  argument,
  flag,
  jobs,
  json,
  list,
  only,
  option,
  progress,
  until,
} from "../../options.ts";

const declared = {
  only,
  until,
  tolerance: list(
    "<amount>",
    "how far metrics may be: a part such as 0.01, or METRIC=AMOUNT; may be repeated",
    ["0.01"],
  ),
  anyway: flag("makes them though the code is not that then"),
  objects: option("<folder>", "has what --only needs (default: artifacts)"),
  artifacts: option("<folder>", "where it is made (default: a new folder)"),
  jobs,
  sandbox: flag("runs stages in bubblewrap"),
  quiet: flag("prints errors and the comparison only"),
  progress,
  json,
};

type Values = ValuesOf<typeof declared>;

export default command({
  name: "reproduce",
  group: "share",
  summary: "makes anew what a manifest describes, and compares",
  needsPipeline: true,
  arguments: { manifest: argument("<manifest>") },
  options: declared,
  examples: [
    [
      "artifacts/results/quick/manifest.json",
      "makes all of it anew, in a folder of its own",
    ],
    ["artifacts/manifest.json --only teacher", "one node, of the same inputs"],
  ],
  run: async (
    { console, pipeline, interruption },
    { manifest: path, ...values },
  ) => {
    const signal = interruption();
    const tolerances = values.tolerance.map(readTolerance);
    const task = await plan(pipeline, path, values);
    const changed = await changedNodes(task);
    if (changed.length > 0 && !values.anyway) {
      if (values.json) console.out(printableJson({ changed }) + "\n");
      else for (const each of printable(changed)) console.out(line(each));
      throw inputError(
        `Cannot reproduce "${path}": ${changed.length} of its nodes would be made in another way than they were; ${await wayBack(
          task,
          changed,
        )}, or make them as the project is now with --anyway.`,
      );
    }
    const executor = EXECUTORS[values.sandbox ? "sandbox" : "local"];
    await executor.check();
    const report = await make(task, console, values, { executor, signal });
    if (report.interrupted) {
      console.err("Interrupted; run again to go on.\n");
      return EXIT.interrupted;
    }
    const made = madeOf(task, report);
    const nodes = compareNodes(
      task.manifest.nodes,
      made.nodes,
      task.names,
      tolerances,
    );
    const first = firstDifference(task.manifest, made, nodes, {
      now: machine(),
      then: (node, record) => recordedMachine(path, node, record),
    });
    const { folder } = task;
    const comparison = { folder, nodes, first: first ?? null };
    console.out(
      (values.json
        ? printableJson({ ...comparison, tolerance: values.tolerance })
        : comparisonText(printable(nodes), printable(first))) + "\n",
    );
    for (const { error } of report.nodes) {
      if (error !== undefined) printError(console, error.message);
    }
    const isBorneOut = nodes.every(({ verdict }) => verdict.startsWith("same"));
    return isBorneOut ? EXIT.done : EXIT.failed;
  },
});

/** What is reproduced, and where. */
interface Task {
  readonly path: string;
  readonly manifest: Manifest;
  readonly graph: Graph;
  /** The recorded nodes that are made, in the graph's order. */
  readonly names: readonly string[];
  /** The recorded nodes above them, which are not. */
  readonly given: readonly string[];
  readonly folder: string;
}

async function plan(
  pipeline: Pipeline,
  path: string,
  { only, until, artifacts }: Pick<Values, "only" | "until" | "artifacts">,
): Promise<Task> {
  const manifest = readNamedManifest(path);
  const graph = await graphOf(pipeline, manifest, path);
  const contradiction = incoherence(manifest, graph);
  if (contradiction !== undefined) {
    throw inputError(incoherent("reproduce", `"${path}"`, contradiction));
  }
  const isRecorded = (name: string) => Object.hasOwn(manifest.nodes, name);
  const nodes = [...graph.keys()].filter(isRecorded);
  if (select(graph, { only, until }).asked.isDisjointFrom(new Set(nodes))) {
    throw inputError(
      `Cannot reproduce "${path}": it records none of the nodes that are asked for; it has ${
        printable(Object.keys(manifest.nodes).join(", ")) || "none"
      }.`,
    );
  }
  const { scope } = select(graph, { nodes, only, until });
  const names = nodes.filter((name) => scope.has(name));
  const given = nodesAbove(graph, scope).map(({ name }) => name);
  const lacking = [...scope, ...given].find((name) => !isRecorded(name));
  if (lacking !== undefined) {
    throw inputError(
      `Cannot reproduce "${path}": it does not record "${lacking}", which others are made of; run the pipeline to its ` +
        "end and reproduce that.",
    );
  }
  const what = sha256(canonical([manifest, names])).slice(0, 12);
  const folder = artifacts === undefined
    ? join(artifactFolder(undefined), "reproduced", what)
    : artifactFolder(artifacts);
  return { path, manifest, graph, names, given, folder };
}

/** The graph of the recorded experiment, which an older or newer pipeline may not accept. */
async function graphOf(
  pipeline: Pipeline,
  manifest: Manifest,
  path: string,
): Promise<Graph> {
  const { experiment } = manifest;
  try {
    return pipeline.graph(experiment.value, `the experiment of "${path}"`);
  } catch (error) {
    if (!isInputError(error)) throw error;
    const way = await waysTo(manifest, Object.keys(manifest.nodes), path);
    throw inputError(`${error.message.replace(/\.$/, "")}; ${way}.`);
  }
}

/** The nodes whose code or inputs have changed since, and how. */
async function changedNodes(
  { manifest, graph, names, given, folder }: Task,
): Promise<Reason[]> {
  const workspace = openWorkspace(folder);
  const changed: Reason[] = [];
  for (const name of [...given, ...names]) {
    const node = graph.get(name);
    if (node === undefined) continue;
    const why = await presentChanges(workspace, manifest, node);
    if (why.length > 0) changed.push({ node: name, why });
  }
  return changed;
}

/** How to check out what made some nodes, and what is made without. */
async function wayBack(
  { manifest, names, path }: Task,
  changed: readonly Reason[],
): Promise<string> {
  const isChanged = new Set(changed.map(({ node }) => node));
  const asked = new Set(names);
  const parts = connectedParts(manifest.nodes);
  const unchanged = parts
    .filter((part) => !part.some((name) => isChanged.has(name)))
    .flatMap((part) => part.filter((name) => asked.has(name)));
  const way = await waysTo(manifest, [...isChanged], path);
  return unchanged.length === 0
    ? way
    : `${way}; those of ${onlyText(unchanged)} are made here`;
}

/** Each language pair may be of another revision. */
async function waysTo(
  manifest: Manifest,
  names: readonly string[],
  path: string,
): Promise<string> {
  const asked = new Set(names);
  const namesByWay = new Map<string, string[]>();
  for (const part of connectedParts(manifest.nodes)) {
    const within = part.filter((name) => asked.has(name));
    if (within.length === 0) continue;
    const hashes = new Set(
      within.map((name) => manifest.nodes[name].preimage.code),
    );
    const codes = [...hashes].flatMap((hash) => manifest.code[hash] ?? []);
    const way = await wayTo(codes, path);
    namesByWay.set(way, [...namesByWay.get(way) ?? [], ...within]);
  }
  const ways = [...namesByWay];
  return ways.length < 2
    ? ways[0]?.[0] ?? await wayTo([], path)
    : ways.map(([way, names]) => `with ${onlyText(names)} ${way}`).join("; ");
}

/** The options that name the pairs and test sets of some nodes. */
function onlyText(names: readonly string[]): string {
  return [...new Set(names.map(prefixOf))].sort()
    .map((prefix) => `--only '${prefix}*'`).join(" ");
}

/** How to check out the revision that has some codes, as far as git knows. */
async function wayTo(codes: readonly Code[], path: string): Promise<string> {
  const found = await findRevision(ROOT, codes);
  const [committed] = revisionsOf(ROOT, [path]);
  const get = (commit: string) =>
    `"git worktree add ../${commit.slice(0, 12)} ${
      commit.slice(0, 12)
    }" gets it`;
  if (found !== undefined) {
    return `their code is that of the revision of ${found.time}, ${
      get(found.commit)
    }`;
  }
  return committed === undefined
    ? "no revision in this repository has their code"
    : `no revision in this repository has just their code, and the manifest was last committed in that of ${committed.time}, ${
      get(committed.commit)
    }`;
}

/** Runs the nodes in their folder, which holds nothing else. */
async function make(
  { manifest, graph, names, given, folder }: Task,
  console: Context["console"],
  options: Values,
  { executor, signal }: {
    readonly executor: Executor;
    readonly signal: AbortSignal;
  },
): Promise<RunReport> {
  const watcher = showProgress(console, options, {
    level: options.quiet ? "quiet" : options.progress ? "full" : "lines",
    nodes: names.length,
    signal,
  });
  try {
    {
      using _lock = await lockFolder(folder, watcher.notice);
      claim(folder, canonical({ manifest, names }));
      const source = openWorkspace(artifactFolder(options.objects));
      if (given.length > 0) {
        await seed(source, openWorkspace(folder), manifest, given);
      }
    }
    const { only, until } = options;
    return await run(graph, {
      artifacts: folder,
      experiment: manifest.experiment,
      selection: { nodes: names, only, until },
      force: false,
      paranoid: false,
      jobs: options.jobs,
      shareCores: false,
      executor,
      watcher,
      signal,
    });
  } finally {
    watcher.close();
  }
}

/** Marks the folder as that of this reproduction: results of an interrupted attempt count, others do not. */
function claim(folder: string, what: string): void {
  const path = join(folder, "reproduces.json");
  const text = canonical({ sha256: sha256(what) }) + "\n";
  if (readIfThere(path) === text) return;
  const isEmpty = entriesOf(folder).every(({ name }) => name === "lock");
  if (!isEmpty) {
    throw inputError(
      `Cannot reproduce in "${folder}": it has results of something else, which would not be made anew; name a folder ` +
        "that is empty or not there with --artifacts.",
    );
  }
  writeAtomically(path, text);
}

/** The manifest of the nodes that are up to date after the run. */
function madeOf({ folder }: Task, { nodes }: RunReport): Manifest {
  const { manifest } = openWorkspace(folder);
  if (manifest === undefined) {
    throw failure(`Cannot compare: nothing was made in "${folder}".`);
  }
  const made = new Set(
    nodes.filter(({ state }) => state === "ran" || state === "cached")
      .map(({ name }) => name),
  );
  const records = Object.entries(manifest.nodes);
  return {
    ...manifest,
    nodes: Object.fromEntries(records.filter(([name]) => made.has(name))),
  };
}

function line({ node, why }: Reason): string {
  return `${node}: ${fewReasons(why)}\n`;
}

function comparisonText(
  nodes: readonly ReproducedNode[],
  first: Reason | undefined,
): string {
  const count = (verdict: string) =>
    nodes.filter((node) => node.verdict === verdict).length;
  const counts = ["same bytes", "same metrics", "different", "not made"]
    .filter((verdict) => count(verdict) > 0)
    .map((verdict) => `${count(verdict)} ${verdict}`);
  return [
    table([
      ["node", "verdict", "other bytes", "metrics"],
      ...nodes.map(({ node, verdict, outputs, metrics }) => [
        node,
        verdict,
        outputs.join(", "),
        metrics.map(metricText).join(", "),
      ]),
    ]),
    "",
    ...first === undefined ? [] : [
      `The first with other bytes of the same inputs is ${first.node}:`,
      ...first.why.map((reason) => `  ${reason}`),
    ],
    `Of ${nodes.length} nodes: ${counts.join(", ")}.`,
  ].join("\n");
}
