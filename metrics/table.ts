/** The table of systems: what each one scores, how large and how fast it is, and how far it is from its teacher. */

interface Evaluated {
  readonly name: string;
  readonly metrics: Readonly<Record<string, number | string>>;
  readonly measurements: Readonly<Record<string, number | string>>;
}

/** A system of a language pair, with one evaluation a seed. */
interface System {
  readonly pair: string;
  readonly name: string;
  readonly runs: readonly Evaluated[];
}

/** PAIR/evaluate:SYSTEM@SEED; the pair and the seed where there are several. */
const NAME = /^(?:([^/]+)\/)?evaluate:([^@]+)(?:@|$)/;

/**
 * A Markdown table for each language pair under its name, one row a system, the teacher first; scores of several
 * seeds as mean ± sample standard deviation. Empty without nodes `evaluate:NAME`.
 */
export function systemsTable(nodes: readonly Evaluated[]): string {
  const systems = systemsOf(nodes);
  const withSeeds = systems.some(({ runs }) => runs.length > 1);
  return [...Map.groupBy(systems, ({ pair }) => pair)].map(([pair, systems]) =>
    (pair === "" ? "" : `${pair}\n\n`) + pairTable(systems, withSeeds)
  ).join("\n\n");
}

function systemsOf(nodes: readonly Evaluated[]): System[] {
  const systems = new Map<string, System & { readonly runs: Evaluated[] }>();
  for (const node of nodes) {
    const [, pair = "", name] = NAME.exec(node.name) ?? [];
    if (name === undefined) continue;
    const key = `${pair}/${name}`;
    const system = systems.get(key) ?? { pair, name, runs: [] };
    system.runs.push(node);
    systems.set(key, system);
  }
  return [...systems.values()];
}

function pairTable(systems: readonly System[], withSeeds: boolean): string {
  const teacher = systems.find(({ name }) => name === "teacher");
  const rows = systems.map((system) => {
    const { name, runs } = system;
    const parameters = mean(figures(system, "parameters"));
    const bleu = figures(system, "bleu");
    return [
      name,
      ...withSeeds ? [String(runs.length)] : [],
      number(parameters, 0),
      share(parameters, mean(figures(teacher, "parameters"))),
      score(bleu),
      score(figures(system, "chrf")),
      system === teacher
        ? ""
        : difference(mean(bleu), mean(figures(teacher, "bleu"))),
      number(mean(figures(system, "sentencesPerSecond")), 0),
    ];
  });
  const columns = [
    "system",
    ...withSeeds ? ["seeds"] : [],
    "parameters",
    "of teacher",
    "BLEU",
    "chrF",
    "to teacher",
    "sentences/s",
  ];
  return align([columns, ...rows]);
}

/** One figure of each run that has it. */
function figures(system: System | undefined, name: string): number[] {
  return (system?.runs ?? []).flatMap(({ metrics, measurements }) => {
    const value = metrics[name] ?? measurements[name];
    return typeof value === "number" ? [value] : [];
  });
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0
    ? undefined
    : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** `37.5`, or `37.5 ± 0.4`: mean and sample standard deviation. */
function score(values: readonly number[]): string {
  const center = mean(values);
  if (center === undefined || values.length === 1) return number(center, 1);
  const squares = values.map((value) => (value - center) ** 2);
  const deviation = Math.sqrt(
    squares.reduce((sum, square) => sum + square, 0) / (values.length - 1),
  );
  return `${number(center, 1)} ± ${number(deviation, 1)}`;
}

function number(value: number | undefined, digits: number): string {
  return value?.toLocaleString("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }) ?? "";
}

function share(value: number | undefined, whole: number | undefined): string {
  return value === undefined || whole === undefined
    ? ""
    : `${number(100 * value / whole, 1)} %`;
}

function difference(
  value: number | undefined,
  from: number | undefined,
): string {
  if (value === undefined || from === undefined) return "";
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
