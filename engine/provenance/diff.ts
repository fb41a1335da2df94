/** Compares two manifests: nodes, everything in their keys, outputs and metrics. */
import type {
  Code,
  Manifest,
  Metrics,
  NodeRecord,
} from "../../schemas/manifest.ts";
import { changes, leaves } from "../keys/key.ts";

export interface ManifestDifference {
  /** Differences of the experiment as it was given, leaf by leaf. */
  readonly experiment: readonly string[];
  /** Differing nodes, each after its inputs; removed ones last. */
  readonly nodes: readonly NodeDifference[];
  /** The number of equal nodes. */
  readonly same: number;
}

export interface NodeDifference {
  readonly node: string;
  readonly change: "added" | "removed" | "changed";
  /** Differences of the keys, leaf by leaf. */
  readonly reasons: readonly string[];
  /** Outputs with other bytes. */
  readonly outputs: readonly string[];
  readonly metrics: readonly MetricDifference[];
}

export interface MetricDifference {
  readonly name: string;
  /** Undefined if there was none. */
  readonly before?: number | string;
  readonly after?: number | string;
}

export function differenceOf(
  before: Manifest,
  after: Manifest,
): ManifestDifference {
  const removed = dependencyOrder(before.nodes)
    .filter((node) => !Object.hasOwn(after.nodes, node));
  const nodes = [
    ...dependencyOrder(after.nodes).flatMap((node) =>
      Object.hasOwn(before.nodes, node)
        ? nodeDifference(node, before, after)
        : [onlyIn(node, "added")]
    ),
    ...removed.map((node) => onlyIn(node, "removed")),
  ];
  const differing = nodes.filter(({ change }) => change !== "removed").length;
  return {
    experiment: leaves("experiment", before.experiment, after.experiment),
    nodes,
    same: Object.keys(after.nodes).length - differing,
  };
}

/** The names of recorded nodes, each after its inputs. */
export function dependencyOrder(nodes: Manifest["nodes"]): string[] {
  const ordered: string[] = [];
  const seen = new Set<string>();
  const place = (name: string) => {
    if (seen.has(name) || !Object.hasOwn(nodes, name)) return;
    seen.add(name);
    for (const source of Object.values(nodes[name].inputs)) place(source);
    ordered.push(name);
  };
  Object.keys(nodes).forEach(place);
  return ordered;
}

/** The differences of the keys of two records, leaf by leaf. */
export function reasonsOf(
  before: { readonly record: NodeRecord; readonly code: Manifest["code"] },
  after: { readonly record: NodeRecord; readonly code: Manifest["code"] },
): string[] {
  const isSameCode = before.record.preimage.code === after.record.preimage.code;
  const described = ({ record: { preimage }, code }: typeof before) => ({
    preimage,
    code: (isSameCode ? undefined : code[preimage.code]) ?? NO_CODE,
  });
  const [from, to] = [described(before), described(after)];
  return changes(from, to, stageModule(to.code, to.preimage.stage));
}

const NO_CODE: Code = { modules: {}, packages: {}, resolutions: {} };

/** The outputs that have other bytes or that only one of two records has. */
export function otherOutputs(
  before: NodeRecord["outputs"],
  after: NodeRecord["outputs"],
): string[] {
  return namesOf(before, after)
    .filter((name) => before[name]?.sha256 !== after[name]?.sha256);
}

export function otherMetrics(
  before: Metrics,
  after: Metrics,
): MetricDifference[] {
  return namesOf(before, after)
    .filter((name) => before[name] !== after[name])
    .map((name) => ({ name, before: before[name], after: after[name] }));
}

function nodeDifference(
  node: string,
  before: Manifest,
  after: Manifest,
): NodeDifference[] {
  const [from, to] = [before.nodes[node], after.nodes[node]];
  const outputs = otherOutputs(from.outputs, to.outputs);
  const metrics = otherMetrics(from.metrics, to.metrics);
  const reasons = from.key === to.key ? [] : reasonsOf(
    { record: from, code: before.code },
    { record: to, code: after.code },
  );
  const isSame = from.key === to.key &&
    outputs.length === 0 && metrics.length === 0;
  return isSame ? [] : [{ node, change: "changed", reasons, outputs, metrics }];
}

function onlyIn(node: string, change: "added" | "removed"): NodeDifference {
  return { node, change, reasons: [], outputs: [], metrics: [] };
}

/** A manifest does not name the module of a stage; by convention it is called like the stage. */
function stageModule({ modules }: Code, stage: string): string {
  return Object.keys(modules).find((path) => path.endsWith(`/${stage}.ts`)) ??
    stage;
}

function namesOf(one: object, other: object): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
}

/** Such as `bleu 38.1 -> 38.4 (+0.3)`. */
export function metricText({ name, before, after }: MetricDifference): string {
  if (before === undefined) return `${name} added: ${after}`;
  if (after === undefined) return `${name} removed: ${before}`;
  const isNumber = typeof before === "number" && typeof after === "number";
  const change = isNumber ? Number((after - before).toPrecision(4)) : 0;
  return `${name} ${before} -> ${after}${
    isNumber ? ` (${change > 0 ? "+" : ""}${change})` : ""
  }`;
}
