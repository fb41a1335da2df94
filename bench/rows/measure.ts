/** Runs the measuring processes of rows in turns, ours and each peer's, and computes the rows' results. */
import { median, progress, type Report } from "../measures/report.ts";
import type { Command } from "./commands.ts";
import {
  type Entrant,
  keyOf,
  type Options,
  ourEntrant,
  peerEntrants,
} from "./entrants.ts";
import type { Row } from "./rows.ts";

/** A row as it is reported: medians over the turns, the peer in its fastest setting. */
export interface Result {
  readonly row: string;
  readonly unit: string;
  readonly ours: number | null;
  readonly peer: number | null;
  readonly peerName: string | null;
  /** ours / peer, or peer / ours where more is better: below 1, ours is better. */
  readonly ratio: number | null;
  readonly bar: number | null;
  readonly aim: number | null;
  readonly judges: "ratio" | "figure";
  /** Least and greatest ratio of two runs in the same turn. */
  readonly spread: readonly number[];
  /** What measured ours. */
  readonly version: string | null;
  /** Threads as ours and the peer say that they used. */
  readonly threads: readonly number[];
  readonly turns: number;
  /** Medians of the peer's slower settings, of one run where they are far slower. */
  readonly others: Readonly<Record<string, number>>;
  /** Medians of the row's further figures, by their names. */
  readonly also: Readonly<
    Record<
      string,
      { readonly ours: number | null; readonly peer: number | null }
    >
  >;
  /** What could not be measured, and how to get it. */
  readonly missing?: string;
}

/** A setting that is slower than the peer's fastest by more than this in the first turn is not run again. */
const SLOWER = 1.05;

/** Measures rows that share a process, ours or the peer's: each process runs once a turn for all of them. */
export async function measure(
  rows: readonly Row[],
  options: Options,
): Promise<Result[]> {
  const [{ ours }] = rows;
  const missing = whatIsMissing(ours, options);
  if (missing !== undefined) return rows.map((row) => unmeasured(row, missing));
  const own = new Map(
    rows.map(({ ours }) => [keyOf(ours), ourEntrant(ours, options)]),
  );
  const peers = peerEntrants(rows, options);
  const lacking = new Map<string, string>();
  const names = rows.map(({ row }) => row).join(", ");
  const turns = ours.counts === "turns" ? 1 : options.alternations;
  for (let turn = 1; turn <= turns; turn++) {
    progress(`${names}: run ${turn} of ${turns}`);
    for (const { key, reports, run } of own.values()) {
      if (lacking.has(key)) continue;
      const report = await run();
      if (report.missing === undefined) reports.push(report);
      else lacking.set(key, report.missing);
    }
    if (lacking.size === own.size) break;
    for (const peer of peers.filter((peer) => turn === 1 || isFast(peer))) {
      peer.reports.push(await peer.run());
    }
  }
  progress("");
  return rows.map((row) => {
    const key = keyOf(row.ours);
    const entrant = own.get(key);
    return entrant === undefined || entrant.reports.length === 0
      ? unmeasured(row, lacking.get(key) ?? "its process gave no figures")
      : result(row, entrant, peers, options);
  });

  /** Whether a setting has been the fastest for any of the rows, or nearly. */
  function isFast(peer: Entrant): boolean {
    return rows.filter((row) =>
      row.peer !== undefined && keyOf(row.peer) === peer.key
    )
      .some((row) => {
        const times = peers.filter(({ key }) => key === peer.key)
          .map(({ reports }) => settingCost(row, reports[0]));
        const time = settingCost(row, peer.reports[0]);
        return time <= SLOWER * Math.min(...times);
      });
  }
}

/** The rows in groups that share processes, ours or the peer's, in the order of the table. */
export function grouped(rows: readonly Row[]): Row[][] {
  const keys = ({ ours, peer }: Row) => [ours, peer ?? ours].map(keyOf);
  const groups: Row[][] = [];
  for (const row of rows) {
    const group = groups.find((group) =>
      group.some((other) => keys(other).some((key) => keys(row).includes(key)))
    );
    if (group === undefined) groups.push([row]);
    else group.push(row);
  }
  return groups;
}

function whatIsMissing(
  { needsText }: Command,
  { text }: Options,
): string | undefined {
  return needsText && "missing" in text ? text.missing : undefined;
}

function figure(name: string, report: Report): number {
  const value = name === "peak_mb" ? report.peak_mb : report.figures[name];
  if (value !== undefined) return value;
  throw new Error(`A measuring process gave no figure ${name}`);
}

/** What is compared: less is better. */
const cost = (row: Row, report: Report): number =>
  row.better === "lower"
    ? figure(row.figure, report)
    : 1 / figure(row.figure, report);

/** The same, of settings of one peer. */
const settingCost = (row: Row, report: Report): number =>
  row.settledBy === undefined
    ? cost(row, report)
    : figure(row.settledBy, report);

/** The median of a figure that a process may not have. */
function further(name: string, reports: readonly Report[]): number | null {
  const values = reports.flatMap(({ figures }) => figures[name] ?? []);
  return values.length === 0 ? null : median(values);
}

function unmeasured(
  { row, unit, bar, aim, peer, judges }: Row,
  missing: string,
): Result {
  return {
    row,
    unit,
    ours: null,
    peer: null,
    peerName: null,
    ratio: null,
    bar,
    aim,
    judges: judges ?? (peer === undefined ? "figure" : "ratio"),
    spread: [],
    version: null,
    threads: [],
    turns: 0,
    others: {},
    also: {},
    missing,
  };
}

/** The row's further figures of ours and of the peer, where either has them. */
function alsoOf(
  { also = [] }: Row,
  ours: readonly Report[],
  peer: readonly Report[],
): Result["also"] {
  return Object.fromEntries(
    also.map((name) =>
      [name, { ours: further(name, ours), peer: further(name, peer) }] as const
    ).filter(([, { ours, peer }]) => ours !== null || peer !== null),
  );
}

function result(
  row: Row,
  own: Entrant,
  entrants: readonly Entrant[],
  { peers, alternations }: Options,
): Result {
  const middle = (reports: readonly Report[]) =>
    median(reports.map((report) => figure(row.figure, report)));
  const unpaired = {
    ...unmeasured(row, ""),
    ours: middle(own.reports),
    version: own.reports[0].version,
    threads: [own.reports[0].threads],
    turns: row.ours.counts === "turns" ? alternations : own.reports.length,
    also: alsoOf(row, own.reports, []),
    missing: undefined,
  };
  const { peer } = row;
  if (peer === undefined) return unpaired;
  if (!peers.has(peer.package)) {
    const missing = `"${peers.python}" has no ${peer.package}: run ` +
      "bench/setup, or name a Python that has it by CKD_BENCH_PYTHON";
    return { ...unpaired, peerName: peer.package, missing };
  }
  const price = (reports: readonly Report[]) =>
    median(reports.map((report) => cost(row, report)));
  const settled = (reports: readonly Report[]) =>
    median(reports.map((report) => settingCost(row, report)));
  const settings = entrants.filter(({ key }) => key === keyOf(peer));
  // Those that were run to the end; among them the fastest.
  const [best] = settings
    .filter(({ reports }) => reports.length === own.reports.length)
    .toSorted((a, b) => settled(a.reports) - settled(b.reports));
  const name = ({ reports, setting }: Entrant) =>
    [reports[0].version, ...(setting === undefined ? [] : [setting.name])]
      .join(", ");
  const ratios = own.reports.map((report, turn) =>
    cost(row, report) / cost(row, best.reports[turn])
  );
  return {
    ...unpaired,
    peer: middle(best.reports),
    peerName: name(best),
    ratio: price(own.reports) / price(best.reports),
    spread: [Math.min(...ratios), Math.max(...ratios)],
    threads: [...unpaired.threads, best.reports[0].threads],
    others: Object.fromEntries(
      settings.filter((each) => each !== best)
        .map((each) => [name(each), middle(each.reports)]),
    ),
    also: alsoOf(row, own.reports, best.reports),
    missing: peer.package === "torch" ? peers.missing : undefined,
  };
}
