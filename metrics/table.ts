/** The table of systems: what each one scores, how large and how fast it is, and how far it is from its teacher. */

interface Evaluated {
  readonly name: string;
  readonly metrics: Readonly<Record<string, number | string>>;
  readonly measurements: Readonly<Record<string, number | string>>;
}

const COLUMNS = [
  "system",
  "parameters",
  "of teacher",
  "BLEU",
  "chrF",
  "to teacher",
  "sentences/s",
] as const;
const PREFIX = "evaluate:";

/** A Markdown table, one row a node `evaluate:NAME`, the teacher first; empty without any. */
export function systemsTable(nodes: readonly Evaluated[]): string {
  const systems = nodes.filter(({ name }) => name.startsWith(PREFIX));
  const teacher = systems.find(({ name }) => name === `${PREFIX}teacher`)
    ?.metrics;
  const rows = systems.map(({ name, metrics, measurements }) => [
    name.slice(PREFIX.length),
    number(metrics.parameters, 0),
    share(metrics.parameters, teacher?.parameters),
    number(metrics.bleu, 1),
    number(metrics.chrf, 1),
    metrics === teacher ? "" : difference(metrics.bleu, teacher?.bleu),
    number(measurements.sentencesPerSecond, 0),
  ]);
  return rows.length === 0 ? "" : align([[...COLUMNS], ...rows]);
}

type Cell = number | string | undefined;

function number(value: Cell, digits: number): string {
  if (typeof value !== "number") return "";
  return value.toLocaleString("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

function share(value: Cell, whole: Cell): string {
  return typeof value === "number" && typeof whole === "number"
    ? `${number(100 * value / whole, 1)} %`
    : "";
}

function difference(value: Cell, from: Cell): string {
  if (typeof value !== "number" || typeof from !== "number") return "";
  const points = value - from;
  return `${points < 0 ? "-" : "+"}${number(Math.abs(points), 1)}`;
}

function align(rows: readonly string[][]): string {
  const widths = rows[0].map((_, column) =>
    Math.max(...rows.map((row) => row[column].length))
  );
  const line = (row: readonly string[]) =>
    `| ${
      row.map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])
      ).join(" | ")
    } |`;
  const rule = `|${
    widths.map((width, column) =>
      column === 0 ? "-".repeat(width + 2) : "-".repeat(width + 1) + ":"
    ).join("|")
  }|`;
  return [line(rows[0]), rule, ...rows.slice(1).map(line)].join("\n");
}
