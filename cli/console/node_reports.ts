/** The texts on nodes that `run` and `status` print: their table, what will be downloaded, the estimate. */
import { format as formatBytes } from "@std/fmt/bytes";
import type { Estimate } from "../../engine/graph/estimate.ts";
import type { Graph } from "../../engine/graph/graph.ts";
import type { NodeReport } from "../../engine/run/node_record.ts";
import type { Json } from "../../schemas/manifest.ts";
import { EXIT } from "../exit.ts";
import type { NodeSummary, ProjectPipeline } from "../project_pipeline.ts";
import type { Console } from "./console.ts";
import { estimateText } from "./estimate_text.ts";
import { wrapped } from "./screen.ts";
import { toneOf, unpainted } from "./style.ts";
import { age, fewReasons, table } from "./table.ts";

/** Prints what would run and returns the exit code that says whether anything would. */
export function printPreview(
  console: Console,
  reports: readonly NodeReport[],
  { json, notices = [], estimate }: {
    readonly json: boolean;
    readonly notices?: readonly string[];
    readonly estimate?: Estimate;
  },
): number {
  const paragraphs = [
    statusTable(reports, console.now(), console.paint("out")),
    ...notices.length === 0 ? [] : [noticeText(console, notices, undefined)],
    ...estimate === undefined ? [] : [estimateText(estimate)],
  ];
  console.out(
    (json
      ? JSON.stringify({ ...toJson(reports), estimate })
      : paragraphs.join("\n\n")) + "\n",
  );
  const isStale = reports.some(({ state }) => state === "stale");
  return isStale ? EXIT.stale : EXIT.done;
}

/** One row a node: state, size, age, reason. */
function statusTable(
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
        fewReasons(report.reasons),
      ];
    }),
  ];
  return table(
    rows,
    (cell, row, column) =>
      row > 0 && column === 1 ? paint(toneOf(cell), cell) : cell,
  );
}

/** The nodes that are up to date. */
export function summaries(reports: readonly NodeReport[]): NodeSummary[] {
  return reports
    .filter(({ state }) => state === "ran" || state === "cached")
    .map(({ name, metrics, measurements }) => ({
      name,
      metrics,
      measurements,
    }));
}

/** What the stale nodes will download or copy, each sentence once. */
export async function noticesOf(
  pipeline: ProjectPipeline,
  graph: Graph,
  reports: readonly NodeReport[],
): Promise<string[]> {
  const sentences = new Set<string>();
  for (const { name, state } of reports) {
    const node = graph.get(name);
    if (state !== "stale" || node === undefined) continue;
    const { stage, config } = node;
    const notices = await pipeline.notice?.(stage.name, config) ?? [];
    notices.forEach((sentence) => sentences.add(sentence));
  }
  return [...sentences];
}

/** A paragraph. */
export function noticeText(
  console: Console,
  notices: readonly string[],
  estimate: Estimate | undefined,
): string {
  const text = [
    ...notices,
    ...estimate === undefined
      ? []
      : [`This run takes ${estimateText(estimate)}.`],
  ].join(" ");
  const columns = console.size("out")?.columns;
  return columns === undefined ? text : wrapped(text, columns - 1);
}

/** The shape of `run --json` and `status --json`. */
export function toJson(
  reports: readonly NodeReport[],
): { readonly nodes: Json } {
  return {
    nodes: reports.map((report) => ({
      name: report.name,
      state: report.state,
      reason: report.error?.message ?? report.reasons.join("; "),
      key: report.key ?? null,
      seconds: report.seconds ?? null,
      outputs: Object.fromEntries(
        Object.entries(report.outputs).map((
          [name, { sha256, bytes }],
        ) => [name, { sha256, bytes }]),
      ),
      metrics: { ...report.metrics, ...report.measurements },
    })),
  };
}
