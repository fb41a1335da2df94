/** Compares recorded nodes with those that were made again: bytes, metrics, and why they differ. */
import { globToRegExp } from "@std/path";
import { inputError } from "../../base/input_error.ts";
import type { Json, Manifest, NodeRecord } from "../../schemas/manifest.ts";
import {
  type MetricDifference,
  otherMetrics,
  otherOutputs,
  reasonsOf,
} from "./diff.ts";
import { environmentOf } from "../graph/declarations.ts";
import type { Graph, Node } from "../graph/graph.ts";
import { canonical } from "../files/hash.ts";
import { leaves } from "../keys/key.ts";
import type { Workspace } from "../store/workspace.ts";

export type Verdict = "same bytes" | "same metrics" | "different" | "not made";

export interface ReproducedNode {
  readonly node: string;
  readonly verdict: Verdict;
  /** Outputs that have other bytes. */
  readonly outputs: readonly string[];
  /** Metrics that are not equal. */
  readonly metrics: readonly MetricDifference[];
}

/** The allowed difference of a metric from the recorded one. */
export interface Tolerance {
  /** The metrics that it applies to. */
  readonly glob: string;
  readonly most: number;
  /** Whether `most` is relative to the recorded value. */
  readonly relative: boolean;
}

/** Parses a tolerance: `0.01` is relative and for every metric, `bleu=0.5` absolute and for a name or glob. */
export function readTolerance(text: string): Tolerance {
  const [, glob, number] = /^(?:(.+)=)?(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (number === undefined) {
    throw inputError(
      `Cannot use the tolerance "${text}": expected a part of every metric, such as 0.01, or METRIC=AMOUNT, such as ` +
        "bleu=0.5.",
    );
  }
  const most = Number(number);
  return { glob: glob ?? "*", most, relative: glob === undefined };
}

/** Compares recorded nodes with those that were made again, in the order of `names`. */
export function compareNodes(
  recorded: Manifest["nodes"],
  made: Manifest["nodes"],
  names: readonly string[],
  tolerances: readonly Tolerance[],
): ReproducedNode[] {
  const found = new Map<string, ReproducedNode>();
  const others = ofOtherData(recorded, made, names);
  /** Whether a node has dependents, none of which differ. */
  const isBorneOut = (name: string) => {
    const below = names.filter((other) =>
      Object.values(recorded[other].inputs).includes(name)
    ).map((other) => found.get(other)?.verdict);
    return below.length > 0 &&
      below.every((verdict) => verdict !== "different");
  };
  // Backwards: a node without metrics is judged by its dependents.
  for (const node of names.toReversed()) {
    const [before, after] = [recorded[node], made[node]];
    if (after === undefined) {
      found.set(node, { node, verdict: "not made", outputs: [], metrics: [] });
      continue;
    }
    const outputs = otherOutputs(before.outputs, after.outputs);
    const metrics = otherMetrics(before.metrics, after.metrics);
    const isNear = !others.has(node) &&
      metrics.every((metric) => isWithin(metric, tolerances)) &&
      (Object.keys(before.metrics).length > 0 || isBorneOut(node));
    const verdict = outputs.length === 0 && metrics.length === 0
      ? "same bytes"
      : isNear
      ? "same metrics"
      : "different";
    found.set(node, { node, verdict, outputs, metrics });
  }
  return names.flatMap((name) => found.get(name) ?? []);
}

/** Nodes without inputs that have other bytes, as they take in other data, and all whose bytes differ as they read those. */
function ofOtherData(
  recorded: Manifest["nodes"],
  made: Manifest["nodes"],
  names: readonly string[],
): Set<string> {
  const others = new Map<string, readonly string[]>();
  for (const node of names.filter((name) => made[name] !== undefined)) {
    const { inputs, preimage, outputs } = recorded[node];
    const read = Object.entries(preimage.inputs);
    const isOther = read.length === 0 ||
      read.some(([input, hashes]) =>
        others.get(inputs[input])?.some((name) => Object.hasOwn(hashes, name))
      );
    const changed = otherOutputs(outputs, made[node].outputs);
    if (isOther && changed.length > 0) others.set(node, changed);
  }
  return new Set(others.keys());
}

/** Texts must be equal, unless a tolerance names them. */
function isWithin(
  { name, before, after }: MetricDifference,
  tolerances: readonly Tolerance[],
): boolean {
  const matching = tolerances
    .filter(({ glob }) => globToRegExp(glob).test(name));
  const own = matching.filter(({ relative }) => !relative);
  const { most, relative } = (own.length > 0 ? own : matching).at(-1) ??
    { most: 0, relative: false };
  if (typeof before !== "number" || typeof after !== "number") {
    return own.length > 0;
  }
  const unit = relative ? Math.abs(before) : 1;
  return Math.abs(after - before) <= most * unit;
}

export interface Reason {
  readonly node: string;
  readonly why: readonly string[];
}

export interface Machines {
  readonly now: Json;
  /** The machine that made a recorded node, if it is known. */
  then(node: string, record: NodeRecord): Json | undefined;
}

/** The first node with other bytes and the same inputs, and what else differs there. */
export function firstDifference(
  recorded: Manifest,
  made: Manifest,
  nodes: readonly ReproducedNode[],
  machines: Machines,
): Reason | undefined {
  const inputs = ({ preimage }: NodeRecord) => canonical(preimage.inputs);
  const first = nodes.find(({ node, outputs }) =>
    outputs.length > 0 &&
    inputs(recorded.nodes[node]) === inputs(made.nodes[node])
  );
  if (first === undefined) return undefined;
  const record = recorded.nodes[first.node];
  const declared = reasonsOf(
    { record, code: recorded.code },
    { record: made.nodes[first.node], code: made.code },
  );
  const then = machines.then(first.node, record);
  const machine = then === undefined
    ? []
    : leaves("machine", then, machines.now);
  const why = [...declared, ...machine];
  return {
    node: first.node,
    why: why.length > 0 ? why : [
      then === undefined
        ? "all that decides it is the same, and no record tells which machine made it: another processor, or a stage " +
          "that is not deterministic"
        : "all that decides it is the same, on the same kind of machine: the stage is not deterministic",
    ],
  };
}

/** The differences between the key of a recorded node and the key that it would have now, except for inputs and files. */
export async function presentChanges(
  { code: reader }: Pick<Workspace, "code">,
  { nodes, code }: Manifest,
  node: Node,
): Promise<string[]> {
  const record = nodes[node.name];
  const present = await reader.stage(node.stage.module);
  const preimage = {
    ...record.preimage,
    stage: node.stage.name,
    code: present.hash,
    config: node.config,
    seed: node.seed,
    environment: environmentOf(node),
  };
  return reasonsOf(
    { record, code },
    {
      record: { ...record, preimage },
      code: { [present.hash]: present.code },
    },
  );
}

/** All nodes that some nodes depend on, in the order of the graph. */
export function nodesAbove(
  graph: Graph,
  names: ReadonlySet<string>,
): Node[] {
  const above = new Set<string>();
  for (const node of [...graph.values()].reverse()) {
    if (!names.has(node.name) && !above.has(node.name)) continue;
    for (const input of Object.values(node.inputs)) above.add(input);
  }
  return [...graph.values()]
    .filter(({ name }) => above.has(name) && !names.has(name));
}
