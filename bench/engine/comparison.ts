/** Measures the engine beside DVC, Snakemake and Ninja on the same graphs: whole processes, run in turns; `deno task bench engine`. */
import { parseArgs } from "@std/cli/parse-args";
import { join, resolve } from "@std/path";
import { inputError } from "../../base/input_error.ts";
import { versionOf } from "./command.ts";
import { findPeers, type Peer } from "./peers.ts";
import { ROOT } from "../../engine/keys/project.ts";
import {
  type Bench,
  BUBBLEWRAP,
  HASHERS,
  IN_FULL,
  OURS,
  type Row,
  ROWS,
} from "./rows.ts";
import { chosen, count } from "../flags.ts";
import { readCpu } from "../../apps/doctor/peers.ts";
import { median, progress } from "../measures/report.ts";
import { table as columns } from "../../cli/console/table.ts";

interface Cell {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly values: readonly number[];
  readonly note?: string;
}

interface Result extends Omit<Row, "entrants"> {
  readonly cells: Readonly<Record<string, Cell>>;
  /** Who could not be measured, and why. */
  readonly missing: Readonly<Record<string, string>>;
}

interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** Processes that wanted a core in the minute before. */
  readonly load: number;
  readonly versions: Readonly<Record<string, string>>;
}

/** What takes longer is run once. */
const ONCE_MILLISECONDS = 60_000;

const USAGE = `deno task bench engine [--rows ${
  ROWS.map((row) => row.row)
}] [--alternations 5] [--artifacts artifacts] [--keep DIR] [--json]

  --artifacts  folder of a finished run of quick; where there is none, tiny is run and measured
  --keep       leaves the projects and the peers' files in a folder and uses those that are there`;

/** Measures the rows asked for and prints a table, or one JSON object. */
export async function engine(args: readonly string[]): Promise<void> {
  const flags = parseArgs([...args], {
    string: ["rows", "alternations", "artifacts", "keep"],
    boolean: ["json", "help"],
    unknown: (name: string) => {
      throw inputError(`Cannot use "${name}": expected ${USAGE}`);
    },
  });
  if (flags.help) return console.log(USAGE);
  const rows = chosen(ROWS, flags.rows);
  const turns = count("alternations", flags.alternations, 5);
  const peers = await findPeers();
  const machine = await describeMachine(peers);
  const folder = resolve(
    flags.keep === undefined
      ? Deno.makeTempDirSync({ prefix: "engine-" })
      : String(flags.keep),
  );
  Deno.mkdirSync(folder, { recursive: true });
  const bench = {
    folder,
    artifacts: flags.artifacts === undefined
      ? join(ROOT, "artifacts")
      : resolve(String(flags.artifacts)),
    peers: peers.filter(({ version }) => version !== null),
  };
  const results: Result[] = [];
  try {
    for (const row of rows) results.push(await measure(row, bench, turns));
  } finally {
    progress("");
    if (flags.keep === undefined) Deno.removeSync(folder, { recursive: true });
    console.log(
      flags.json
        ? JSON.stringify({
          command: "deno task bench engine",
          machine,
          rows: results,
        })
        : table(results, machine, peers),
    );
  }
}

/** Each once to warm up, then all in turns, so that a change of the machine's speed meets all. */
async function measure(
  { entrants, ...row }: Row,
  bench: Bench,
  turns: number,
): Promise<Result> {
  progress(`${row.row}: made up to date`);
  const missing: Record<string, string> = {};
  const runs: {
    readonly name: string;
    readonly note?: string;
    readonly values: number[];
    measure(): Promise<number>;
    readonly isSlow: boolean;
  }[] = [];
  for (const entrant of await entrants(bench)) {
    const { name } = entrant;
    if ("missing" in entrant) {
      missing[name] = entrant.missing;
      continue;
    }
    progress(`${row.row}: ${name}, to warm up`);
    const began = performance.now();
    const value = await entrant.measure();
    const isSlow = performance.now() - began > ONCE_MILLISECONDS;
    const { note } = entrant;
    const measure = () => entrant.measure();
    runs.push({ name, note, measure, isSlow, values: isSlow ? [value] : [] });
  }
  for (let turn = 1; turn <= turns; turn++) {
    for (const { name, values, measure, isSlow } of runs) {
      progress(`${row.row}: ${name}, run ${turn} of ${turns}`);
      if (!isSlow) values.push(await measure());
    }
  }
  const cells = runs.map(({ name, note, values }): [string, Cell] => [name, {
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
    values,
    note,
  }]);
  return { ...row, cells: Object.fromEntries(cells), missing };
}

async function describeMachine(peers: readonly Peer[]): Promise<Machine> {
  const versions: Record<string, string> = { deno: Deno.version.deno };
  for (const { name, version } of peers) {
    if (version !== null) versions[name] = version;
  }
  for (const { program, version: args } of [...HASHERS, BUBBLEWRAP]) {
    const version = await versionOf({ program, args });
    if (version !== undefined) versions[program] = version;
  }
  const { model: cpu } = await readCpu();
  return {
    cpu,
    cores: navigator.hardwareConcurrency,
    load: Deno.loadavg()[0],
    versions,
  };
}

function table(
  results: readonly Result[],
  { cpu, cores, load, versions }: Machine,
  peers: readonly Peer[],
): string {
  const names = [OURS, IN_FULL, ...peers.map(({ name }) => name)];
  const rows = results.map(({ title, unit, bar, cells }) => [
    title,
    ...names.map((name) => cellText(cells[name], unit)),
    bar === null ? "-" : amount(bar, unit),
  ]);
  const lines = [columns([["", ...names, "bar for ours"], ...rows])];
  const listed = Object.entries(versions).map((pair) => pair.join(" "));
  lines.push(
    "",
    `${cpu}, ${cores} cores, load ${load.toFixed(1)}; ${listed.join(", ")}`,
  );
  lines.push(
    "Medians of whole processes (least to greatest); in full: without the answer kept for the same command, as after an edit.",
  );
  for (const { row, unit, cells, missing } of results) {
    for (const [name, cell] of Object.entries(cells)) {
      if (!names.includes(name)) {
        lines.push(`${row}: ${name}: ${cellText(cell, unit)}`);
      }
      if (cell.note !== undefined) lines.push(`${row}: ${name}: ${cell.note}.`);
      if (cell.values.length === 1) lines.push(`${row}: ${name}: one run.`);
    }
    for (const [name, why] of Object.entries(missing)) {
      lines.push(`${row}: ${name} is not measured: ${why}.`);
    }
  }
  for (const { name, version, howToGet } of peers) {
    if (version === null) {
      lines.push(`${name} is not measured; to get it: ${howToGet}.`);
    }
  }
  return lines.join("\n");
}

function cellText(cell: Cell | undefined, unit: Row["unit"]): string {
  if (cell === undefined) return "-";
  const { median, min, max, note } = cell;
  const mark = note === undefined ? "" : " *";
  return `${amount(median, unit)} (${amount(min, unit, false)} to ${
    amount(max, unit, false)
  })${mark}`;
}

function amount(value: number, unit: Row["unit"], named = true): string {
  const text = unit === "ms"
    ? Math.round(value).toLocaleString("en")
    : value.toFixed(2);
  return named ? `${text} ${unit}` : text;
}
