/** The table of `deno task bench` as text. */
import { table as columns } from "../../cli/console/table.ts";
import type { Machine } from "./committed_rows.ts";
import type { Result } from "./measure.ts";

const HEADS = [
  "row",
  "ours",
  "peer",
  "",
  "ratio",
  "pairwise",
  "bar",
  "aim",
  "",
  "peer is",
];

/** What further figures are called. */
const FURTHER: Readonly<Record<string, string>> = {
  other_times: "how many times longer the others take beside it",
  bergamot_ms: "ms of Bergamot with a model of its own",
};

export function table(
  results: readonly Result[],
  { cpu, cores, threads, versions }: Machine,
): string {
  const rows = results.map((result) => [
    result.row,
    amount(result.ours),
    amount(result.peer),
    result.unit,
    ratio(result.ratio),
    result.spread.map(ratio).join(" to ") || "-",
    ratio(result.bar),
    ratio(result.aim),
    verdict(result),
    result.peerName ?? "-",
  ]);
  const turns = results.map(({ turns }) => turns).filter((turns) => turns > 0);
  const lines = [columns([HEADS, ...rows]), ""];
  lines.push(
    `${cpu}, ${cores} cores, ${threads} threads; ${versions.join(", ")}`,
    `Medians of ${
      [...new Set(turns)].join(" and ") || "no"
    } turns; ratio: how much longer ours takes, or how much more it needs.`,
  );
  for (const { row, others, unit, also } of results) {
    for (const [name, other] of Object.entries(others)) {
      lines.push(`${row}: ${name}: ${amount(other)} ${unit}`);
    }
    for (const [name, { ours, peer }] of Object.entries(also)) {
      lines.push(
        `${row}: ${FURTHER[name] ?? name}: ours ${amount(ours)}, peer ${
          amount(peer)
        }`,
      );
    }
  }
  const missing = Map.groupBy(
    results.filter(({ missing }) => missing !== undefined),
    ({ missing }) => missing,
  );
  for (const [what, rows] of missing) {
    lines.push(`${rows.map(({ row }) => row).join(", ")}: ${what}.`);
  }
  return lines.join("\n");
}

/** Whether the bar is kept: by the ratio, or by our figure itself. */
function verdict({ ours, ratio, bar, judges }: Result): string {
  const value = judges === "figure" ? ours : ratio;
  if (bar === null || value === null) return "";
  return value <= bar ? "kept" : "MISSED";
}

function amount(value: number | null): string {
  if (value === null) return "-";
  return value >= 100
    ? Math.round(value).toLocaleString("en")
    : value.toPrecision(3);
}

const ratio = (value: number | null) =>
  value === null ? "-" : value > 10 ? value.toFixed(0) : value.toFixed(2);
