/** Committed figures of the rows, a file a machine: what `deno task bench --json` prints, and the tables of them. */
import { join } from "@std/path";
import { z } from "zod";
import { markdown } from "../../nmt/metrics/layout.ts";
import { TEXT_NAMES } from "../text/texts.ts";
import { ROWS } from "./rows.ts";

const FOLDER = join(import.meta.dirname ?? ".", "..", "results", "rows");

const figure = z.number().nullable();

/** Where figures are from. What is not known of an older one is left out. */
export const Machine = z.object({
  cpu: z.string(),
  cores: z.int(),
  threads: z.int(),
  memoryGB: z.number().optional(),
  versions: z.array(z.string()),
});
export type Machine = z.infer<typeof Machine>;

/** What `deno task bench --json` prints. */
export const MachineRows = z.object({
  command: z.string(),
  /** The text of the rows on real text. */
  text: z.enum(TEXT_NAMES),
  machine: Machine,
  /** What is to be known of the figures, such as that they are of an older version. */
  note: z.string().optional(),
  rows: z.array(z.object({
    row: z.string(),
    unit: z.string(),
    ours: figure,
    peer: figure,
    peerName: z.string().nullable(),
    ratio: figure,
    bar: figure,
    aim: figure,
    judges: z.enum(["ratio", "figure"]).optional(),
    /** Least and greatest ratio of a turn. */
    spread: z.array(z.number()),
    turns: z.int(),
    others: z.record(z.string(), z.number()).optional(),
    also: z.record(z.string(), z.object({ ours: figure, peer: figure }))
      .optional(),
    note: z.string().optional(),
    /** What could not be measured, and how to get it. */
    missing: z.string().optional(),
  })),
});
export type MachineRows = z.infer<typeof MachineRows>;

/** The machines by the names of their files. */
export function readMachines(): ReadonlyMap<string, MachineRows> {
  const names = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).sort();
  return new Map(names.map((name) => {
    const text = Deno.readTextFileSync(join(FOLDER, name));
    return [
      name.replace(/\.json$/, ""),
      MachineRows.parse(JSON.parse(text)),
    ];
  }));
}

/** All rows, machines side by side: ours, the peer, their ratio and its spread over the turns; the bar; under it the machines. */
export function rowsTable(
  machines: ReadonlyMap<string, MachineRows> = readMachines(),
): string {
  const heads = [...machines.keys()].flatMap((name) => [
    `${name}: ours`,
    "peer",
    "ratio",
    "turns",
  ]);
  // A line a row that any machine has, in the order of the rows.
  const rows = ROWS.flatMap(({ row, unit, bar, judges }) => {
    const found = [...machines.values()].map(({ rows }) =>
      rows.find((each) => each.row === row)
    );
    if (found.every((cell) => cell === undefined)) return [];
    const barText = bar === null || judges === undefined
      ? fixed(bar)
      : `${fixed(bar)} (ours)`;
    return [[row, unit, ...found.flatMap(cells), barText]];
  });
  const table = markdown([{ columns: ["row", "unit", ...heads, "bar"], rows }]);
  return `${table}\n\n${machinesTable(machines)}`;
}

/** Where the figures are from. */
function machinesTable(machines: ReadonlyMap<string, MachineRows>): string {
  const columns = ["machine", "CPU", "cores", "threads", "memory", "text"];
  return markdown([{
    columns: [...columns, "versions", "notes"],
    rows: [...machines].map(([name, { machine, text, note, rows }]) => [
      name,
      machine.cpu,
      `${machine.cores}`,
      `${machine.threads}`,
      machine.memoryGB === undefined ? "" : `${machine.memoryGB} GB`,
      text,
      machine.versions.join(", "),
      [
        ...note === undefined ? [] : [note],
        ...rows.flatMap(({ row, note }) => note ? [`${row}: ${note}`] : []),
      ].join("; "),
    ]),
  }]);
}

const cells = (cell: MachineRows["rows"][number] | undefined): string[] => [
  amount(cell?.ours ?? null),
  amount(cell?.peer ?? null),
  fixed(cell?.ratio ?? null),
  [...new Set(cell?.spread.map(fixed))].join("–"),
];

/** A figure as tables show it; nothing where there is none. */
export function amount(value: number | null): string {
  if (value === null) return "";
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return `${Number(value.toPrecision(3))}`;
}

export const fixed = (value: number | null): string =>
  value === null ? "" : value.toFixed(2);
