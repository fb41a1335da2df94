/** Measures how the product grows: a step with its sizes and threads, the pipeline with its pairs, a large teacher; `deno task bench scale`. */
import { parseArgs } from "@std/cli/parse-args";
import { table } from "../cli/console/table.ts";
import { inputError } from "../base/input_error.ts";
import { chosen, count } from "./flags.ts";
import type { Options } from "./rows/entrants.ts";
import { findPeers, readCpu } from "../apps/doctor/peers.ts";
import { progress } from "./measures/report.ts";
import { LARGE, type LargeStage, measureLarge } from "./scale/large.ts";
import {
  measurePipeline,
  pipelinePairs,
  type Taken,
} from "./scale/pipeline.ts";
import { ASSUMPTIONS, predict, type Predicted } from "./scale/threads.ts";
import {
  type Growth,
  measureGrowth,
  measureThreads,
  type Scaling,
} from "./scale/steps.ts";

const PARTS = ["steps", "threads", "pipeline", "large"].map((row) => ({ row }));

const USAGE = `deno task bench scale [--parts steps,threads,pipeline,large] ` +
  `[--alternations 3] [--steps 6] [--threads 2]
           [--pairs 10000,100000,1000000] [--json]

The pipeline takes the .tsv.gz files of debian-messages/, libreoffice-help/, npm-messages/ and tatoeba/ in the folder
CKD_BENCH_CORPUS, 820,000 different pairs and then the same the other way round, or where there are none 20,000 messages, which are downloaded
and repeated with changes. large, which takes about half an hour, needs libreoffice-help/, and a Python with transformers,
torch and sentencepiece.`;

/** Measures the parts asked for and prints a table of each, or one JSON object. */
export async function scale(args: readonly string[]): Promise<void> {
  const flags = parseArgs([...args], {
    string: ["parts", "alternations", "steps", "threads", "pairs"],
    boolean: ["json", "help"],
    unknown: (name: string) => {
      throw inputError(`Cannot use "${name}": expected ${USAGE}`);
    },
  });
  if (flags.help) return console.log(USAGE);
  const parts = chosen(PARTS, flags.parts).map(({ row }) => row);
  const cpu = await readCpu();
  const options: Options = {
    alternations: count("alternations", flags.alternations, 3),
    steps: count("steps", flags.steps, 6),
    threads: count("threads", flags.threads, 2),
    peers: await findPeers(cpu),
    text: { missing: "no row needs it" },
  };
  const pairs = String(flags.pairs ?? "10000,100000,1000000").split(",")
    .map((text) => count("pairs", text, 1));
  const steps = parts.includes("steps") ? await measureGrowth(options) : [];
  const threads = parts.includes("threads")
    ? await measureThreads(options)
    : [];
  const [one, two] = threads.map(({ ours }) => ours);
  const cores = one === undefined || two === undefined ? [] : predict(one, two);
  const pipeline: Taken[] = [];
  if (parts.includes("pipeline")) {
    progress("pipeline: the real pairs");
    const real = await pipelinePairs();
    for (const number of pairs) {
      progress(`pipeline: ${number} pairs`);
      pipeline.push(...await measurePipeline(number, real));
    }
  }
  progress(parts.includes("large") ? "large" : "");
  const large = parts.includes("large")
    ? await measureLarge(options.peers.python, LARGE)
    : [];
  progress("");
  const machine = {
    cpu: cpu.model,
    cores: navigator.hardwareConcurrency,
    threads: options.threads,
    versions: [`deno ${Deno.version.deno}`],
  };
  if (flags.json) {
    const command = "deno task bench scale";
    return console.log(
      JSON.stringify(
        { command, machine, steps, threads, cores, pipeline, large },
      ),
    );
  }
  const tables = [
    ...(steps.length > 0 ? [stepsTable(steps)] : []),
    ...(threads.length > 0
      ? [threadsTable(threads), ...coresTable(cores)]
      : []),
    ...(pipeline.length > 0 ? [pipelineTable(pipeline)] : []),
    ...(large.length > 0 ? [largeTable(large)] : []),
  ];
  console.log(`${tables.join("\n\n")}\n\n${machine.cpu}`);
}

const fixed = (value: number | null | undefined, digits = 2) =>
  value === null || value === undefined ? "-" : value.toFixed(digits);

function stepsTable(rows: readonly Growth[]): string {
  const heads = [
    "grows",
    "size",
    "ms a step",
    "GFLOP",
    "ms a GFLOP",
    "slope",
    "arithmetic's",
  ];
  return table([
    heads,
    ...rows.map(({ axis, size, ms, gigaflops, slope, arithmetic }) => [
      axis,
      `${size}`,
      fixed(ms, 0),
      fixed(gigaflops, 1),
      fixed(ms / gigaflops),
      fixed(slope),
      fixed(arithmetic),
    ]),
  ]);
}

function threadsTable(rows: readonly Scaling[]): string {
  const [{ ours: one }] = rows;
  const up = (before: number | null, now: number | null) =>
    before === null || now === null ? "-" : fixed(before / now);
  return table([
    ["threads", "ours, ms", "speed-up", "PyTorch, ms", "speed-up", "ratio"],
    ...rows.map(({ threads, ours }) => [
      `${threads}`,
      fixed(ours.ours, 0),
      up(one.ours, ours.ours),
      fixed(ours.peer, 0),
      up(one.peer, ours.peer),
      fixed(ours.ratio),
    ]),
  ]);
}

/** The prediction, and what it assumes. */
function coresTable(rows: readonly Predicted[]): string[] {
  if (rows.length === 0) return [];
  return [
    table([
      ["cores", "ours, ms", "PyTorch, ms"],
      ...rows.map(({ cores, oursMs, peerMs }) => [
        `${cores}`,
        fixed(oursMs, 0),
        fixed(peerMs, 0),
      ]),
    ]),
    ASSUMPTIONS,
  ];
}

/** A row a part and number of pairs; the slope is that of the seconds from the number before. */
function pipelineTable(taken: readonly Taken[]): string {
  const parts = [...Map.groupBy(taken, ({ part }) => part).values()];
  return table([
    ["part", "pairs", "different", "seconds", "slope", "peak MiB"],
    ...parts.flatMap((rows) =>
      rows.map(({ part, pairs, different, seconds, peakMegabytes }, i) => [
        part,
        `${pairs}`,
        `${different ?? "-"}`,
        fixed(seconds),
        i === 0 ? "-" : fixed(
          Math.log(seconds / rows[i - 1].seconds) /
            Math.log(pairs / rows[i - 1].pairs),
        ),
        fixed(peakMegabytes, 0),
      ])
    ),
  ]);
}

function largeTable(stages: readonly LargeStage[]): string {
  return table([
    ["stage", "seconds", "estimated MiB", "peak MiB"],
    ...stages.map((each) => [
      each.stage,
      fixed(each.seconds, 0),
      fixed(each.estimatedMegabytes, 0),
      fixed(each.peakMegabytes, 0),
    ]),
  ]);
}
