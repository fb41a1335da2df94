/** Measures the product beside what a user would pick instead, run by run in turns; what `deno task bench` runs. */
import { join } from "@std/path";
import { parseArgs } from "@std/cli/parse-args";
import { chosen, count, runMain } from "./flags.ts";
import { findPeers, type Peers, readCpu } from "./peers.ts";
import { median, progress } from "./report.ts";
import { table as columns } from "../engine/report.ts";
import { inputError } from "../schemas/errors.ts";

/** What is measured, on which arguments of `bench/step.ts` and `bench/reference/step.py`, which take the same. */
interface Row {
  readonly row: string;
  readonly unit: string;
  readonly arguments: readonly string[];
  /** The ratio to reach, or null where none is set. */
  readonly bar: number | null;
}

/** One batch of 32 sentences of 32 + 32 tokens, 6 + 6 layers, 8 heads, vocabulary 8000, dropout 0.1: see step.ts. */
const ROWS: readonly Row[] = [
  {
    row: "step-d256",
    unit: "ms a training step",
    arguments: ["--width=256", "--feed-forward=1024"],
    bar: 1,
  },
  {
    row: "step-d512",
    unit: "ms a training step",
    arguments: ["--width=512", "--feed-forward=2048"],
    bar: null,
  },
];

/** The line that a measuring process prints; times in milliseconds. */
interface Run {
  readonly median_ms: number;
  readonly peak_mb: number;
  readonly version: string;
  readonly threads: number;
}

/** A row as it is reported: medians of the runs' medians, the peer in its fastest setting, ratio = ours / peer. */
interface Result {
  readonly row: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: number | null;
  readonly peerName: string;
  readonly ratio: number | null;
  readonly bar: number | null;
  /** Least and greatest ratio of a run to the peer's run in the same turn. */
  readonly spread: readonly number[];
  readonly memory: { readonly ours: number; readonly peer: number | null };
  /** Medians of the peer's slower settings. */
  readonly others: Readonly<Record<string, number>>;
  /** What could not be measured, and how to get it. */
  readonly missing?: string;
}

interface Options {
  readonly alternations: number;
  readonly steps: number;
  readonly threads: number;
}

const USAGE = `deno task bench [--rows ${ROWS.map((row) => row.row)}] ` +
  "[--alternations 5] [--steps 10] [--threads 2] [--json]";

const here = import.meta.dirname ?? ".";

async function main(): Promise<void> {
  const flags = parseArgs(Deno.args, {
    string: ["rows", "alternations", "steps", "threads"],
    boolean: ["json", "help"],
    unknown: (name: string) => {
      throw inputError(`Cannot use "${name}": expected ${USAGE}.`);
    },
  });
  if (flags.help) return console.log(USAGE);
  const options = {
    alternations: count("alternations", flags.alternations, 5),
    steps: count("steps", flags.steps, 10),
    threads: count("threads", flags.threads, 2),
  };
  const rows = chosen(ROWS, flags.rows);
  const cpu = await readCpu();
  const peers = await findPeers(cpu);
  const results: Result[] = [];
  for (const row of rows) results.push(await measure(row, options, peers));
  const machine = { cpu: cpu.model, threads: options.threads };
  if (flags.json) {
    console.log(JSON.stringify({ rows: results, machine }));
  } else {
    console.log(table(results, machine));
  }
}

/** Runs in turns, ours and each peer, so that a change of the machine's speed meets all. */
async function measure(
  row: Row,
  options: Options,
  { peers, missing }: Peers,
): Promise<Result> {
  const common = [
    ...row.arguments,
    `--steps=${options.steps}`,
    `--threads=${options.threads}`,
  ];
  const deno = ["run", "--quiet", "--allow-all", join(here, "step.ts")];
  const script = join(here, "reference", "step.py");
  const ours: Run[] = [];
  const theirs: Run[][] = peers.map(() => []);
  for (let turn = 1; turn <= options.alternations; turn++) {
    progress(`${row.row}: run ${turn} of ${options.alternations}`);
    ours.push(await run(Deno.execPath(), [...deno, ...common], {}));
    for (const [i, { python, env }] of peers.entries()) {
      theirs[i].push(await run(python, [script, ...common], env));
    }
  }
  progress("");
  const measured = peers.map(({ setting }, i) => {
    const pairs = ours.map((run, turn) =>
      run.median_ms / theirs[i][turn].median_ms
    );
    return {
      peer: time(theirs[i]),
      peerName: `${theirs[i][0].version}, ${setting}`,
      ratio: time(ours) / time(theirs[i]),
      spread: [Math.min(...pairs), Math.max(...pairs)],
      memory: { ours: memory(ours), peer: memory(theirs[i]) },
    };
  }).sort((a, b) => a.peer - b.peer);
  const none = {
    peer: null,
    peerName: "PyTorch",
    ratio: null,
    spread: [],
    memory: { ours: memory(ours), peer: null },
  };
  const others = measured.slice(1).map((
    { peer, peerName },
  ) => [peerName, peer]);
  const { row: name, unit, bar } = row;
  return {
    row: name,
    unit,
    bar,
    ours: time(ours),
    ...(measured[0] ?? none),
    others: Object.fromEntries(others),
    missing,
  };
}

const time = (runs: readonly Run[]) => median(runs.map((run) => run.median_ms));
const memory = (runs: readonly Run[]) => median(runs.map((run) => run.peak_mb));

async function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Run> {
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
  return JSON.parse(text(stdout).split("\n").at(-1) ?? "");
}

function table(
  results: readonly Result[],
  machine: { cpu: string; threads: number },
): string {
  const whole = (value: number | null) =>
    value === null ? "-" : value.toFixed(0);
  const ratio = (value: number | null) =>
    value === null ? "-" : value.toFixed(2);
  const rows = results.map((result) => [
    result.row,
    whole(result.ours),
    whole(result.peer),
    ratio(result.ratio),
    result.spread.map(ratio).join(" to ") || "-",
    ratio(result.bar),
    `${whole(result.memory.ours)} / ${whole(result.memory.peer)}`,
    result.peerName,
  ]);
  const heads = [
    "row",
    "ours, ms",
    "peer, ms",
    "ratio",
    "pairwise",
    "bar",
    "peak MB",
    "peer",
  ];
  const lines = [columns([heads, ...rows])];
  lines.push("", `${machine.cpu}, ${machine.threads} threads`);
  for (const { row, missing, others } of results) {
    for (const [name, other] of Object.entries(others)) {
      lines.push(`${row}: ${name}: ${whole(other)} ms`);
    }
    if (missing !== undefined) lines.push(`${row}: ${missing}.`);
  }
  return lines.join("\n");
}

await runMain(main);
