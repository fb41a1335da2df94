/** Reads the committed figures in bench/results and prints the tables of the pages from them; `deno task bench table`. */
import { join } from "@std/path";
import { z } from "zod";
import { ROOT } from "../engine/keys/project.ts";
import { inputError, suggestion } from "../base/input_error.ts";
import { markdown } from "../nmt/metrics/layout.ts";
import { amount, fixed, rowsTable } from "./rows/committed_rows.ts";
import { predict } from "./scale/threads.ts";
import { committedTasks, tasksTable } from "./report_tasks/table.ts";
import { differenceTable, Losses, lossTable } from "./parity/comparison.ts";

const FOLDER = join(import.meta.dirname ?? ".", "results");

/** What every file says of its figures: the command that prints them with --json, and where it ran. */
const Origin = z.object({
  command: z.string(),
  machine: z.object({
    cpu: z.string(),
    cores: z.int(),
    threads: z.int().optional(),
    versions: z.union([
      z.array(z.string()),
      z.record(z.string(), z.string()),
    ]),
  }),
});

const figure = z.number().nullable();

const Engine = Origin.extend({
  rows: z.array(z.object({
    title: z.string(),
    unit: z.enum(["ms", "GiB/s"]),
    bar: figure,
    cells: z.record(z.string(), z.object({ median: z.number() })),
  })),
});

const Scale = Origin.extend({
  steps: z.array(z.object({
    axis: z.string(),
    size: z.number(),
    ms: z.number(),
    gigaflops: z.number(),
  })),
  pipeline: z.array(z.object({
    part: z.string(),
    pairs: z.number(),
    seconds: z.number(),
    peakMegabytes: figure,
    different: z.int().optional(),
  })),
  /** Pairs that all differ; beside other work, so that there are no seconds. */
  million: z.array(z.object({
    part: z.string(),
    pairs: z.int(),
    different: z.int(),
    peakMegabytes: z.number(),
  })),
  threads: z.array(z.object({
    threads: z.int(),
    ours: z.object({ ours: figure, peer: figure }),
  })),
  large: z.array(z.object({
    stage: z.string(),
    seconds: z.number(),
    estimatedMegabytes: figure,
    peakMegabytes: z.number(),
  })),
});

const Parity = Origin.extend(Losses.shape);

/** A teacher that PyTorch trained to the end, beside the one of a committed experiment. */
const Teacher = Origin.extend({
  experiment: z.string(),
  perplexities: z.array(z.object({ step: z.int(), perplexity: z.number() })),
  perplexity: z.number(),
  bleu: z.number(),
  chrf: z.number(),
});

/** The part of an experiment's `results.json` that is compared with PyTorch. */
const OurTeacher = z.object({
  systems: z.array(z.object({
    system: z.string(),
    bleu: z.object({ score: z.number() }),
    chrf: z.object({ score: z.number() }),
    // Further test sets have none.
    runs: z.array(z.object({ perplexity: z.number().optional() })),
  })),
  curves: z.record(
    z.string(),
    z.array(z.object({ step: z.int(), nll: z.number() })),
  ),
});

const Imported = Origin.extend({
  rows: z.array(z.object({
    set: z.string(),
    entrant: z.string(),
    bleu: z.number(),
    chrf: z.number(),
    equal: z.int(),
    of: z.int(),
    wordsPerCpuSecond: z.number(),
  })),
});

const Tried = Origin.extend({
  ideas: z.array(z.object({
    part: z.string(),
    idea: z.string(),
    without: z.string(),
    with: z.string(),
    note: z.string(),
    kept: z.string(),
  })),
});

const Others = z.object({
  figures: z.array(z.object({
    what: z.string(),
    figure: z.string(),
    command: z.string(),
    machine: z.string(),
  })),
});

/** The tables by the names that pages and the command line have for them. */
export const TABLES: Readonly<Record<string, () => string>> = {
  rows: () => rowsTable(),
  imported: () => {
    const { rows } = read("imported", Imported);
    return table(
      [
        "test set",
        "",
        "BLEU",
        "chrF",
        "equal to Marian's",
        "words a second of the CPU",
      ],
      rows.map((row) => [
        row.set,
        row.entrant,
        row.bleu.toFixed(1),
        row.chrf.toFixed(1),
        `${row.equal} of ${row.of}`,
        row.wordsPerCpuSecond.toLocaleString("en"),
      ]),
    );
  },
  engine: () => {
    const { rows } = read("engine", Engine);
    const names = ["ours", "ours, in full", "DVC", "Snakemake", "ninja"];
    return table(
      ["", "unit", ...names, "bar"],
      rows.map(({ title, unit, bar, cells }) => [
        title,
        unit,
        ...names.map((name) => amount(cells[name]?.median ?? null)),
        bar === null ? "" : bar.toLocaleString("en"),
      ]),
    );
  },
  growth: () => {
    const { steps, pipeline } = committedScale();
    const slope = (
      points: readonly { readonly size: number; readonly cost: number }[],
    ) => {
      const [first, last] = [points[0], points[points.length - 1]];
      const power = Math.log(last.cost / first.cost) /
        Math.log(last.size / first.size);
      return [
        `${first.size.toLocaleString("en")}–${last.size.toLocaleString("en")}`,
        `${first.cost}–${last.cost}`,
        fixed(power),
      ];
    };
    const axes = Map.groupBy(steps, ({ axis }) => axis);
    const parts = Map.groupBy(pipeline, ({ part }) => part);
    return table(
      ["", "sizes", "time", "slope", "peak MiB", "different pairs"],
      [
        ...[...axes].map(([axis, points]) => [
          `step (ms) by ${axis}`,
          ...slope(points.map(({ size, ms }) => ({ size, cost: ms }))),
          "",
          "",
        ]),
        ...[...parts].map(([part, points]) => [
          `${part} (s) by pairs`,
          ...slope(
            points.map(({ pairs, seconds }) => ({
              size: pairs,
              cost: seconds,
            })),
          ),
          points.map(({ peakMegabytes }) => amount(peakMegabytes)).join("–")
            .replace(/^–$/, ""),
          amount(points[points.length - 1].different ?? null),
        ]),
      ],
    );
  },
  million: () =>
    table(
      ["", "pairs", "different", "peak MiB"],
      committedScale().million.map((
        { part, pairs, different, peakMegabytes },
      ) => [
        ...[part, amount(pairs), amount(different), amount(peakMegabytes)],
      ]),
    ),
  cores: () => {
    const { threads } = committedScale();
    const [one, two] = threads.map(({ ours }) => ours);
    const ms = (value: number | null) => amount(value && Math.round(value));
    return table(["cores", "ours (ms)", "PyTorch (ms)", ""], [
      ...threads.map(({ threads, ours }) => [
        `${threads}`,
        ms(ours.ours),
        ms(ours.peer),
        "measured",
      ]),
      ...predict(one, two).map(({ cores, oursMs, peerMs }) => [
        `${cores}`,
        ms(oursMs),
        ms(peerMs),
        "predicted",
      ]),
    ]);
  },
  large: () => {
    const { large } = committedScale();
    return table(
      ["stage", "seconds", "estimated MiB", "peak MiB"],
      large.map(({ stage, seconds, estimatedMegabytes, peakMegabytes }) => [
        stage,
        seconds.toLocaleString("en", { maximumFractionDigits: 0 }),
        amount(estimatedMegabytes),
        amount(peakMegabytes),
      ]),
    );
  },
  losses: () => lossTable(read("parity", Parity)),
  differences: () => differenceTable(read("parity", Parity)),
  teacher: () => {
    const theirs = read("teacher", Teacher);
    const path = join(
      ...[ROOT, "artifacts", "results", theirs.experiment, "results.json"],
    );
    const { systems, curves } = OurTeacher.parse(
      JSON.parse(Deno.readTextFileSync(path)),
    );
    const ours = systems.find(({ system }) => system === "teacher");
    const perplexity = ours?.runs[0].perplexity;
    if (ours === undefined || perplexity === undefined) {
      throw new Error(`"${path}" has no teacher, or not its perplexity`);
    }
    const perplexityAt = (wanted: number) => {
      const point = curves.teacher.find(({ step }) => step === wanted);
      if (point !== undefined) return Math.exp(point.nll);
      throw new Error(
        `"${path}" has no curve of its teacher at step ${wanted}`,
      );
    };
    return table(["", "here", "in PyTorch"], [
      ...theirs.perplexities.map(({ step, perplexity }) => [
        `perplexity at step ${step.toLocaleString("en")}`,
        fixed(perplexityAt(step)),
        fixed(perplexity),
      ]),
      [
        "perplexity of the average",
        fixed(perplexity),
        fixed(theirs.perplexity),
      ],
      ["BLEU", fixed(ours.bleu.score), fixed(theirs.bleu)],
      ["chrF", fixed(ours.chrf.score), fixed(theirs.chrf)],
    ]);
  },
  tasks: () => tasksTable(committedTasks()),
  tried: () => {
    const { ideas } = read("tried", Tried);
    return table(
      ["part", "idea", "without it", "with it", "note", "kept"],
      ideas.map((idea) => [
        idea.part,
        idea.idea,
        idea.without,
        idea.with,
        idea.note,
        idea.kept,
      ]),
    );
  },
  others: () => {
    const { figures } = read("others", Others);
    return table(
      ["what", "figure", "command"],
      figures.map(({ what, figure, command }) => [what, figure, command]),
    );
  },
};

const USAGE = `deno task bench table [${Object.keys(TABLES).join("|")}]`;

/** Prints a table of committed figures, or all of them under their names. */
export function printTables(args: readonly string[]): void {
  if (args.includes("--help")) return console.log(USAGE);
  const [name] = args;
  if (name === undefined) {
    for (const [name, print] of Object.entries(TABLES)) {
      console.log(`${name}\n\n${print()}\n`);
    }
    return;
  }
  if (!Object.hasOwn(TABLES, name)) {
    const hint = suggestion(name, Object.keys(TABLES)).replace(/\?$/, "");
    throw inputError(
      `Cannot print the table "${name}": expected one of ${
        Object.keys(TABLES).join(", ")
      }${hint}.`,
    );
  }
  console.log(TABLES[name]());
}

/** How time and memory grow: `bench/results/scale.json`. */
export function committedScale(): z.output<typeof Scale> {
  return read("scale", Scale);
}

function read<T extends z.ZodType>(name: string, schema: T): z.output<T> {
  const path = join(FOLDER, `${name}.json`);
  return schema.parse(JSON.parse(Deno.readTextFileSync(path)));
}

const table = (
  columns: readonly string[],
  rows: readonly (readonly string[])[],
) => markdown([{ columns, rows }]);
