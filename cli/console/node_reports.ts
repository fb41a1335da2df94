/** The texts on nodes that `run` and `status` print: their table, what will be downloaded, the estimate. */
import { format as formatBytes } from "@std/fmt/bytes";
import type { Estimate } from "../../engine/graph/estimate.ts";
import type { Graph } from "../../engine/graph/graph.ts";
import type { NodeReport } from "../../engine/run/node_record.ts";
import type { Running } from "../../engine/run/running.ts";
import { NEVER_RAN } from "../../engine/run/plan.ts";
import type { Json } from "../../schemas/manifest.ts";
import { EXIT } from "../exit.ts";
import type { NodeSummary, ProjectPipeline } from "../project_pipeline.ts";
import { type Console, fitted } from "./console.ts";
import { estimateText } from "./estimate_text.ts";
import { progressText } from "./progress.ts";
import { toneOf } from "./style.ts";
import { age, fewReasons, table } from "./table.ts";

/** Prints what would run and returns the exit code that says whether anything would. */
export function printPreview(
  console: Console,
  reports: readonly NodeReport[],
  { experiment, otherValues, json, notices = [], estimate }: {
    /** Its name. */
    readonly experiment: string;
    /** A sentence on those of its last run. */
    readonly otherValues?: string;
    readonly json: boolean;
    readonly notices?: readonly string[];
    readonly estimate?: Estimate;
  },
): number {
  const paragraphs = [
    [
      `Experiment "${experiment}"`,
      otherValues === undefined ? [] : fitted(console, otherValues),
      statusTable(reports, console),
    ].flat().join("\n"),
    ...notices.length === 0 ? [] : [noticeText(console, notices, undefined)],
    ...estimate === undefined ? [] : [fitted(console, estimateText(estimate))],
    ...estimate?.missing === undefined
      ? []
      : [fitted(console, estimate.missing)],
  ];
  console.out(
    (json
      ? JSON.stringify({ ...toJson(reports), estimate })
      : paragraphs.join("\n\n")) + "\n",
  );
  const isStale = reports.some(({ state }) => state !== "cached");
  return isStale ? EXIT.stale : EXIT.done;
}

/** Columns of a line that goes to no terminal. */
const COLUMNS = 160;

/** One row a node: state, size, age, reason. */
function statusTable(reports: readonly NodeReport[], console: Console): string {
  const paint = console.paint("out");
  const rows = [
    ["node", "state", "size", "age", "reason"],
    ...reports.map((report) => {
      const artifacts = Object.values(report.outputs);
      const bytes = artifacts.reduce((sum, { bytes }) => sum + bytes, 0);
      const isNew = report.reasons[0] === NEVER_RAN;
      return [
        report.name,
        isNew && report.running === undefined ? "new" : report.state,
        artifacts.length === 0 ? "" : formatBytes(bytes),
        report.time === undefined ? "" : age(report.time, console.now()),
        report.running === undefined
          ? fewReasons(report.reasons.slice(isNew ? 1 : 0))
          : runningText(report.running),
      ];
    }),
  ];
  return table(
    rows,
    (cell, row, column) =>
      row > 0 && column === 1 ? paint(toneOf(cell), cell) : cell,
    console.size("out")?.columns ?? COLUMNS,
  );
}

/** A running node: its step, the time that is left, and what it says of itself. */
function runningText({ progress, left }: Running): string {
  return progress === undefined ? "" : progressText({ progress, left });
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
  return fitted(console, text);
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
      ...report.job && { job: report.job },
      ...report.running && {
        progress: { ...report.running.progress },
        secondsLeft: report.running.left ?? null,
      },
    })),
  };
}
