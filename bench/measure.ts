/** Runs the measuring processes of rows in turns, ours and each peer's, and computes the rows' results. */
import { join } from "@std/path";
import type { Peers, Setting } from "../apps/doctor/peers.ts";
import { median, progress, Report } from "./measures/report.ts";
import type { Command, Row } from "./rows.ts";

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
  /** Least and greatest ratio of two runs in the same turn. */
  readonly spread: readonly number[];
  /** What measured ours. */
  readonly version: string | null;
  /** Threads as ours and the peer say that they used. */
  readonly threads: readonly number[];
  readonly turns: number;
  /** Medians of the peer's slower settings, of one run where they are far slower. */
  readonly others: Readonly<Record<string, number>>;
  /** What could not be measured, and how to get it. */
  readonly missing?: string;
}

export interface Options {
  readonly alternations: number;
  readonly steps: number;
  readonly threads: number;
  readonly peers: Peers;
  /** Folder of the prepared text, or what is missing of it. */
  readonly text: { readonly folder: string } | { readonly missing: string };
  /** Folder of our measuring processes, where it is another one. */
  readonly programs?: string;
}

/** A process whose runs are of use to some rows. */
interface Entrant {
  readonly key: string;
  /** Of the peer. */
  readonly setting?: Setting;
  readonly reports: Report[];
  run(): Promise<Report>;
}

/** A setting that is slower than the peer's fastest by more than this in the first turn is not run again. */
const SLOWER = 1.05;

/** Measures rows whose own process is the same: it runs once a turn for all of them. */
export async function measure(
  rows: readonly Row[],
  options: Options,
): Promise<Result[]> {
  const [{ ours }] = rows;
  const missing = whatIsMissing(ours, options);
  if (missing !== undefined) return rows.map((row) => unmeasured(row, missing));
  const own = ourEntrant(ours, options);
  const peers = peerEntrants(rows, options);
  const names = rows.map(({ row }) => row).join(", ");
  const turns = ours.counts === "turns" ? 1 : options.alternations;
  for (let turn = 1; turn <= turns; turn++) {
    progress(`${names}: run ${turn} of ${turns}`);
    own.reports.push(await own.run());
    for (const peer of peers.filter((peer) => turn === 1 || isFast(peer))) {
      peer.reports.push(await peer.run());
    }
  }
  progress("");
  return rows.map((row) => result(row, own, peers, options));

  /** Whether a setting has been the fastest for any of the rows, or nearly. */
  function isFast(peer: Entrant): boolean {
    return rows.filter((row) =>
      row.peer !== undefined && keyOf(row.peer) === peer.key
    )
      .some((row) => {
        const times = peers.filter(({ key }) => key === peer.key)
          .map(({ reports }) => cost(row, reports[0]));
        return cost(row, peer.reports[0]) <= SLOWER * Math.min(...times);
      });
  }
}

/** The rows in groups of one own process each, in the order of the table. */
export function grouped(rows: readonly Row[]): Row[][] {
  return [...Map.groupBy(rows, ({ ours }) => keyOf(ours)).values()];
}

const keyOf = (command: Command) =>
  [command.program, ...command.arguments].join(" ");

function whatIsMissing(
  { needsText }: Command,
  { text }: Options,
): string | undefined {
  return needsText && "missing" in text ? text.missing : undefined;
}

function argumentsOf(command: Command, options: Options): string[] {
  const folder = "folder" in options.text ? options.text.folder : "";
  return [
    ...command.arguments.map((text) => text.replace("{prepared}", folder)),
    ...(command.counts === undefined ? [] : [
      `--steps=${
        command.counts === "turns" ? options.alternations : options.steps
      }`,
    ]),
    `--threads=${options.threads}`,
  ];
}

const HERE = import.meta.dirname ?? ".";

/** Where our measuring processes are, and where those of the peers. */
const MEASURES = join(HERE, "measures");
const REFERENCE = join(HERE, "reference");

function ourEntrant(command: Command, options: Options): Entrant {
  const script = join(options.programs ?? MEASURES, `${command.program}.ts`);
  const args = ["run", "--quiet", "--allow-all", script];
  return {
    key: keyOf(command),
    reports: [],
    run: () =>
      run(Deno.execPath(), [...args, ...argumentsOf(command, options)]),
  };
}

/** The peers of some rows, each once, PyTorch in each of its settings. */
function peerEntrants(rows: readonly Row[], options: Options): Entrant[] {
  const { python, torch, has } = options.peers;
  const commands = new Map(
    rows.flatMap(({ peer }) => peer === undefined ? [] : [[keyOf(peer), peer]]),
  );
  return [...commands].flatMap(([key, command]) => {
    if (!has(command.package)) return [];
    const script = join(REFERENCE, `${command.program}.py`);
    const args = [script, ...argumentsOf(command, options)];
    const kept = (reports: readonly Report[]) =>
      reports.slice(0, 1).flatMap(({ figures }) =>
        (command.keeps ?? []).map((name) => `--${name}=${figures[name]}`)
      );
    const settings: (Setting | undefined)[] = command.package === "torch"
      ? [...torch]
      : [undefined];
    return settings.map((setting) => {
      const reports: Report[] = [];
      return {
        key,
        setting,
        reports,
        // Python would leave its compiled modules in the repository.
        run: () =>
          run(python, [...args, ...kept(reports)], {
            PYTHONDONTWRITEBYTECODE: "1",
            ...setting?.env,
          }),
      };
    });
  });
}

async function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Report> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    env,
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (!success) {
    throw new Error(`"${command} ${args.join(" ")}" failed: ${text(stderr)}`);
  }
  return Report.parse(JSON.parse(text(stdout).split("\n").at(-1) ?? ""));
}

function figure({ figure: name }: Row, report: Report): number {
  const value = name === "peak_mb" ? report.peak_mb : report.figures[name];
  if (value !== undefined) return value;
  throw new Error(`A measuring process gave no figure ${name}`);
}

/** What is compared: less is better. */
const cost = (row: Row, report: Report): number =>
  row.better === "lower" ? figure(row, report) : 1 / figure(row, report);

function unmeasured(
  { row, unit, bar, aim }: Row,
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
    spread: [],
    version: null,
    threads: [],
    turns: 0,
    others: {},
    missing,
  };
}

function result(
  row: Row,
  own: Entrant,
  entrants: readonly Entrant[],
  { peers, alternations }: Options,
): Result {
  const middle = (reports: readonly Report[]) =>
    median(reports.map((report) => figure(row, report)));
  const unpaired = {
    ...unmeasured(row, ""),
    ours: middle(own.reports),
    version: own.reports[0].version,
    threads: [own.reports[0].threads],
    turns: row.ours.counts === "turns" ? alternations : own.reports.length,
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
  const settings = entrants.filter(({ key }) => key === keyOf(peer));
  // Those that were run to the end; among them the fastest.
  const [best] = settings
    .filter(({ reports }) => reports.length === own.reports.length)
    .toSorted((a, b) => price(a.reports) - price(b.reports));
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
    missing: peer.package === "torch" ? peers.missing : undefined,
  };
}
