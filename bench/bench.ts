/** Entry of `deno task bench`: measures the project beside what one would use instead. */
import { parseArgs } from "@std/cli/parse-args";
import { inputError } from "../base/input_error.ts";
import { chosen, count, runMain } from "./flags.ts";
import type { Options } from "./rows/entrants.ts";
import { grouped, measure, type Result } from "./rows/measure.ts";
import type { Machine, MachineRows } from "./rows/committed_rows.ts";
import { findPeers, readCpu } from "../apps/doctor/peers.ts";
import { prepare } from "./text/prepared.ts";
import { chosenText, TEXT_NAMES } from "./text/texts.ts";
import { progress } from "./measures/report.ts";
import { ROWS } from "./rows/rows.ts";
import { table } from "./rows/table.ts";

const USAGE = `deno task bench [--rows NAME,...] [--alternations 10] ` +
  `[--steps 8] [--threads 2] [--text messages] [--json]
       deno task bench scale|parity|engine|imported|report|pull [...]
       deno task bench table [NAME]

  --rows          of ${
    ROWS.map((row) => row.row).join(", ")
  }; default all, which takes about an hour and a half on 2 cores
  --alternations  turns, each a run of ours and of every peer; a peer's setting that is slower in the first is not run again
  --steps         training steps timed in a run
  --threads       of ours and of the peers
  --text          of the rows on real text, ${
    TEXT_NAMES.join(" or ")
  }: messages of programs as in experiments/quick.jsonc, which are
                  downloaded, or Multi30k, whose files are expected below the folder CKD_BENCH_CORPUS
  --json          what is committed as bench/results/rows/MACHINE.json

Rows on real text train a small experiment the first time. CKD_BENCH_BERGAMOT and CKD_BENCH_BERGAMOT_MODEL, a Python with the
package bergamot 0.4.5 and the folder of a model, add Bergamot to the rows of starting.`;

/** The measurements beside that of the rows; what they need is loaded only for them. */
const PARTS: Readonly<
  Record<string, (args: readonly string[]) => void | Promise<void>>
> = {
  scale: async (args) => (await import("./scale.ts")).scale(args),
  parity: async (args) => (await import("./parity.ts")).parity(args),
  engine: async (args) => (await import("./engine/comparison.ts")).engine(args),
  imported: async (args) =>
    (await import("./parity/imported.ts")).imported(args),
  report: async (args) =>
    (await import("./report_tasks/comparison.ts")).report(args),
  pull: async (args) => (await import("./pull.ts")).pull(args),
  table: async (args) => (await import("./committed.ts")).printTables(args),
};

async function main(args: readonly string[]): Promise<void> {
  const part = Object.hasOwn(PARTS, args[0]) ? PARTS[args[0]] : undefined;
  if (part !== undefined) return await part(args.slice(1));
  const flags = parseArgs([...args], {
    string: ["rows", "alternations", "steps", "threads", "text"],
    boolean: ["json", "help"],
    unknown: (name: string) => {
      throw inputError(`Cannot use "${name}": expected ${USAGE}`);
    },
  });
  if (flags.help) return console.log(USAGE);
  const rows = chosen(ROWS, flags.rows);
  const text = chosenText(flags.text);
  const settings = {
    alternations: count("alternations", flags.alternations, 10),
    steps: count("steps", flags.steps, 8),
    threads: count("threads", flags.threads, 2),
  };
  const cpu = await readCpu();
  const peers = await findPeers(cpu);
  const needsText = rows.some(({ ours }) => ours.needsText);
  progress(needsText ? "the experiment of the bench: made up to date" : "");
  const options: Options = {
    ...settings,
    peers,
    text: needsText ? await prepare(text) : { missing: "no row needs it" },
  };
  const measured = new Map<string, Result>();
  for (const group of grouped(rows)) {
    for (const result of await measure(group, options)) {
      measured.set(result.row, result);
    }
  }
  const results = rows.flatMap(({ row }) => measured.get(row) ?? []);
  const versions = results.flatMap(({ version }) => version ?? []);
  const machine: Machine = {
    cpu: cpu.model,
    cores: navigator.hardwareConcurrency,
    threads: settings.threads,
    memoryGB: Math.round(Deno.systemMemoryInfo().total / 1e9),
    versions: [...new Set([`deno ${Deno.version.deno}`, ...versions])],
  };
  if (!flags.json) return console.log(table(results, machine));
  const command = ["deno task bench", ...args].join(" ");
  const printed: MachineRows = {
    command,
    text,
    machine,
    rows: results.map((result) => ({ ...result, spread: [...result.spread] })),
  };
  console.log(JSON.stringify(printed, null, 2));
}

await runMain(() => main(Deno.args));
