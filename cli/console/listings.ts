/** The texts of the commands that look and do not run: status, explain, graph, log. */
import { format as formatBytes } from "@std/fmt/bytes";
import type { Json } from "../../schemas/manifest.ts";
import type { Graph, NodeSummary } from "../../engine/graph/graph.ts";
import type { RecordedRun } from "../../engine/store/run_log.ts";
import { plan } from "../../engine/run/plan.ts";
import { duration } from "../../base/durations.ts";
import { countStates, type NodeReport } from "../../engine/run/node_record.ts";
import { toneOf, unpainted } from "./style.ts";
import type { Workspace } from "../../engine/store/workspace.ts";

/** One row a node: state, reason, size, age. */
export function statusTable(
  reports: readonly NodeReport[],
  now: number,
  paint = unpainted,
): string {
  const rows = [
    ["node", "state", "size", "age", "reason"],
    ...reports.map((report) => {
      const artifacts = Object.values(report.outputs);
      const bytes = artifacts.reduce((sum, { bytes }) => sum + bytes, 0);
      return [
        report.name,
        report.state,
        artifacts.length === 0 ? "" : formatBytes(bytes),
        report.time === undefined ? "" : age(report.time, now),
        report.reasons.join("; "),
      ];
    }),
  ];
  return table(
    rows,
    (cell, row, column) =>
      row > 0 && column === 1 ? paint(toneOf(cell), cell) : cell,
  );
}

export function summaries(reports: readonly NodeReport[]): NodeSummary[] {
  return reports
    .filter(({ state }) => state === "ran" || state === "cached")
    .map(({ name, metrics, measurements }) => ({
      name,
      metrics,
      measurements,
    }));
}

export interface Explanation {
  readonly name: string;
  readonly state: "cached" | "stale";
  readonly reasons: readonly string[];
  readonly key: string | null;
  readonly preimage: Json;
  readonly code: Json;
}

/** What enters a node's key now, and what of it differs from the recorded run. */
export async function explainNode(
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

export function explanationText(explanation: Explanation): string {
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

export type GraphFormat = "text" | "mermaid" | "dot" | "json";

export function graphText(graph: Graph, format: GraphFormat): string {
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

/** One row a run; `going` is the one that is going on. */
export function runsTable(
  runs: readonly RecordedRun[],
  going: RecordedRun | undefined,
): string {
  return table([
    ["run", "began", "experiment", "took", "outcome", "nodes", "peak memory"],
    ...runs.map((run) => [
      // The time that a name ends with stands in the next column.
      run.run.replace(/^(\d{6,})-.*/, "$1"),
      run.time?.replace(/\.\d+Z$/, "Z") ?? "",
      run.experiment ?? "",
      run.seconds === undefined ? "" : duration(run.seconds),
      outcomeOf(run, going),
      countStates([...run.states.values()].map((state) => ({ state }))),
      run.peakMemoryBytes === undefined ? "" : formatBytes(run.peakMemoryBytes),
    ]),
  ]);
}

/** The shape of `log --json`. */
export function runsJson(
  runs: readonly RecordedRun[],
  going: RecordedRun | undefined,
): Json {
  return {
    runs: runs.map((run) => ({
      run: run.run,
      time: run.time ?? null,
      experiment: run.experiment ?? null,
      seconds: run.seconds ?? null,
      outcome: outcomeOf(run, going),
      nodes: countsOf(run),
      peakMemoryBytes: run.peakMemoryBytes ?? null,
      machine: run.machine ?? null,
    })),
  };
}

/** What a run found as it was, and what it did not begin, the end of its record tells. */
function countsOf({ states, outcome }: RecordedRun): Json {
  const count = (state: string) =>
    [...states.values()].filter((it) => it === state).length;
  const told = (state: string) => outcome === undefined ? null : count(state);
  return {
    ran: count("ran"),
    cached: told("cached"),
    failed: count("failed"),
    skipped: told("skipped"),
  };
}

function outcomeOf(run: RecordedRun, going: RecordedRun | undefined): string {
  return run.outcome ?? (run === going ? "running" : "cut off");
}

/** Columns as wide as their widest cell; `show` may colour a cell, which leaves it as wide as it is. */
export function table(
  rows: readonly (readonly string[])[],
  show = (cell: string, _row: number, _column: number) => cell,
): string {
  const widths = rows[0].map((_, i) =>
    Math.max(...rows.map((row) => row[i].length))
  );
  return rows.map((row, i) =>
    row.map((cell, j) => show(cell, i, j) + " ".repeat(widths[j] - cell.length))
      .join("  ").trimEnd()
  ).join("\n");
}

/** How long ago something was, a time in the future not at all. */
export function age(time: string, now: number): string {
  const seconds = Math.max(0, now - Date.parse(time)) / 1000;
  const days = Math.floor(seconds / 86400);
  return days < 2 ? duration(seconds) : `${days} days`;
}
