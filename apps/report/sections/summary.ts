/** What a reader came for: the title, the best student with how sure that is, and the facts of the run. */
import { comparedIn } from "../../results/planned_family.ts";
import { withPair } from "../../../schemas/subwords.ts";
import { pairLabel } from "../nodes.ts";
import { format as formatBytes } from "@std/fmt/bytes";
import { z } from "zod";
import { duration } from "../../../base/durations.ts";
import { countStates } from "../../../engine/run/node_record.ts";
import {
  type RecordedRun,
  secondsOfRun,
} from "../../../engine/store/run_log.ts";
import { pText } from "../../../nmt/metrics/layout.ts";
import { kindIn } from "../../../nmt/metrics/significance/baselines.ts";
import type { Compared } from "../../../nmt/metrics/significance/planned.ts";
import { Languages } from "../../../schemas/experiment/data.ts";
import type { Difference, System } from "../../../schemas/results.ts";
import { type BestStudent, bestStudents } from "../../students.ts";
import type { PairContents } from "../contents.ts";
import { type Markup, markup } from "../html/markup.ts";
import {
  count,
  differenceText,
  figure,
  parameterText,
  signed,
} from "../html/numbers.ts";
import type { Source } from "../source.ts";
import type { Trained } from "../trained.ts";

interface Best extends BestStudent {
  readonly row: System;
}

/** The student of a language pair that is used unless another is named; undefined where none is evaluated. */
export function bestOf(
  { manifest, results }: Source,
  pair: string | undefined,
): Best | undefined {
  for (const best of bestStudents({ manifest })) {
    const row = results.systems.find((row) =>
      row.pair === pair && row.runs.some(({ model }) => model === best.node)
    );
    if (row !== undefined) return { ...best, row };
  }
  return undefined;
}

const Config = z.object({ languages: Languages });

/** `Portuguese to English: 3 students of 8.44 M parameters, from a teacher of 16.91 M`, for each language pair. */
export function titleOf(
  { graph }: Source,
  { pair, trained }: PairContents,
): string {
  const corpus = graph.get(withPair(pair, "corpus"));
  const { languages } = Config.safeParse(corpus?.config).data ?? {};
  const names = new Intl.DisplayNames("en", { type: "language" });
  const title = languages === undefined
    ? pair ?? "Translation"
    : `${names.of(languages.source)} to ${names.of(languages.target)}`;
  const students = trained.filter(({ distillation }) =>
    distillation !== undefined
  );
  const teacher = trained.find(({ family }) => family === "teacher");
  const from = teacher === undefined
    ? ""
    : ` from ${
      trained.some(({ family }) => family === "imported")
        ? "a public model, tuned,"
        : "a teacher"
    }${sizesOf([teacher])}`;
  return `${title}: ${count(students.length, "student")}${
    sizesOf(students)
  }${from}`;
}

/** Their parameters where they are evaluated, else their layers. */
function sizesOf(trained: readonly Trained[]): string {
  const sizes = trained.flatMap(({ row }) => row?.parameters ?? []);
  if (sizes.length === 0) {
    const layers = new Set(
      trained.map(({ model: { encoderLayers, decoderLayers } }) =>
        `${encoderLayers} + ${decoderLayers}`
      ),
    );
    return layers.size === 1 ? ` of ${[...layers][0]} layers` : "";
  }
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)]
    .map(parameterText);
  return ` of ${least === most ? least : `${least} to ${most}`} parameters`;
}

/** The best student of each language pair, with how sure that is. */
export function claims(
  source: Source,
  pairs: readonly PairContents[],
): Markup[] {
  // Holm's correction is over the planned comparisons of all pairs.
  const compared = comparedIn(source);
  return pairs.map(({ pair }) => claimOf(source, pair, compared));
}

function claimOf(
  source: Source,
  pair: string | undefined,
  compared: readonly Compared[],
): Markup {
  const where = pairLabel(pair);
  const best = bestOf(source, pair);
  if (best === undefined) {
    return markup`<p class="claim">${where}No student is evaluated yet.</p>`;
  }
  const rows = source.results.systems.filter((row) => row.pair === pair);
  const { row } = best;
  const lines = [
    ...Object.entries(row.bleu.to).flatMap(([baseline, found]) => {
      if (found === undefined) return [];
      const tested = compared.find((each) => each.found === found)?.tested;
      const kind = kindIn(rows, row, baseline);
      return [surenessOf(baseline, found, tested, kind)];
    }),
    ...luckOf(best, rows),
    ...row.int8 === undefined ? [] : [
      `In 8-bit integers it has ${figure(row.int8.bleu, 1)} BLEU (${
        signed(row.int8.bleu - row.bleu.score, 1)
      }) and takes ${formatBytes(row.int8.bytes)}${
        row.bytes === undefined ? "" : ` in place of ${formatBytes(row.bytes)}`
      }.`,
    ],
  ];
  return markup`<p class="claim">${where}${claim(best, rows)}</p>
<ul class="sureness">${lines.map((line) => markup`<li>${line}</li>`)}</ul>`;
}

function claim(
  { node, row, bleu, isValidated }: Best,
  rows: readonly System[],
): Markup {
  const teacher = rows.find(({ system }) => system === "teacher");
  const students = rows.filter(isStudent).length;
  const { score, low, high } = row.bleu;
  const seed = row.runs.length === 1 ? "" : ` of ${node.replace(/^.*:/, "")}`;
  const chosen = students === 1
    ? "is the only student that is evaluated"
    : isValidated
    ? `is the best of ${students} students by validation BLEU, ${
      figure(bleu, 2)
    }${seed}`
    : `is the best of ${students} students by BLEU on the test set, as not all have a validation BLEU`;
  return markup`<strong>${row.system}</strong> ${chosen}. It reaches ${
    figure(score, 1)
  } BLEU on the test set${
    low === undefined || high === undefined
      ? ""
      : ` (${figure(low, 1)} to ${figure(high, 1)})`
  } with ${parameterText(row.parameters)} parameters${
    teacher === undefined
      ? ""
      : `, ${
        figure(100 * row.parameters / teacher.parameters, 0)
      } % of its teacher's ${parameterText(teacher.parameters)}`
  }.`;
}

const isStudent = ({ system }: System) =>
  system !== "teacher" && system !== "imported";

/** A difference in BLEU and, of a planned comparison, what its corrected test says; an exploratory p-value has no verdict. */
function surenessOf(
  baseline: string,
  found: Difference,
  tested: Compared["tested"],
  kind: string | undefined,
): string {
  const by = `${differenceText(found, 1)} BLEU`;
  if (tested !== undefined) {
    return `${verdictText(baseline, found, tested.verdict)}: ${by}, planned ${
      pText(tested.corrected)
    } by Holm's correction.`;
  }
  return `To ${baseline}: ${by}, ${
    found.p === undefined ? "which was not tested" : `${kind} ${pText(found.p)}`
  }.`;
}

function verdictText(
  baseline: string,
  { margin }: Difference,
  verdict: NonNullable<Compared["tested"]>["verdict"],
): string {
  const claim = margin === undefined
    ? `better than ${baseline}`
    : `less than ${margin} BLEU worse than ${baseline}`;
  if (verdict === "the opposite shown") return `Worse than ${baseline}`;
  return verdict === "shown"
    ? claim.replace(/^./, (first) => first.toUpperCase())
    : `Not shown to be ${claim}`;
}

/** What keeps the choice from being sure: a higher score on the test set, and few seeds. */
function luckOf({ row, isValidated }: Best, rows: readonly System[]): string[] {
  const higher = rows.filter((other) =>
    isStudent(other) && other.bleu.score > row.bleu.score
  ).map(({ system, bleu }) => `${system} (${figure(bleu.score, 1)})`);
  const seeds = row.runs.length;
  return [
    ...higher.length === 0 ? [] : [
      `Higher on the test set: ${
        higher.join(", ")
      }. The test set does not choose.`,
    ],
    ...isValidated || rows.filter(isStudent).length < 2 ? [] : [
      "Chosen by the test set, its score is too good by what luck adds.",
    ],
    seeds === 1
      ? "Trained with one seed: another seed may order the students otherwise."
      : `The mean of ${seeds} seeds.`,
  ];
}

/** What the report says of a machine; a record of an older version may lack any of it. */
const Machine = z.object({
  cpu: z.string().nullish(),
  cores: z.number().optional(),
  memoryBytes: z.number().optional(),
  os: z.string().optional(),
});

/** `AMD EPYC, 2 cores, 25.3 GB`. */
export function machineText(machine: unknown): string | undefined {
  const { cpu, cores, memoryBytes, os } = Machine.safeParse(machine).data ?? {};
  return [
    cpu ?? os,
    cores && `${cores} cores`,
    memoryBytes && formatBytes(memoryBytes),
  ].filter(Boolean).join(", ") || undefined;
}

/** The time of a run and of the pieces before it that were cut off. */
function tookText(pieces: readonly RecordedRun[]): string {
  const seconds = pieces.reduce((sum, run) => sum + secondsOfRun(run), 0);
  return duration(seconds) +
    (pieces.length === 1 ? "" : `, in ${pieces.length} pieces`);
}

/** When, where and how the run went. */
export function runFacts({ run, makers, pieces, results }: Source): Markup {
  if (run === undefined) {
    return markup`<p>These are the committed results of the experiment. The run that made them is not recorded in this folder: when it began and how it ended are unknown, and a node has a log only if it was made in this folder.</p>${
      factList([[
        "machine",
        [...new Set(results.machines.map(machineText))].join("; ") || undefined,
      ]])
    }`;
  }
  const states = [...run.states.values()].map((state) => ({ state }));
  return factList([
    ["run", numberOf(run.run)],
    ["began", pieces[0].time?.replace(/\.\d+Z$/, "Z").replace("T", " ")],
    ["took", tookText(pieces)],
    ["outcome", run.outcome ?? "not ended, or cut off"],
    ["nodes", countStates(states) || undefined],
    ["made by", makers.join() === run.run ? undefined : madeBy(makers)],
    ["machine", machineText(run.machine)],
    [
      "peak memory",
      run.peakMemoryBytes === undefined
        ? undefined
        : formatBytes(run.peakMemoryBytes),
    ],
  ]);
}

/** The name of a run ends with the time. */
const numberOf = (run: string) => run.replace(/^(\d{6,})-.*/, "$1");

/** How many runs are named. */
const NAMED = 4;

/** `run 000003`, or `runs 000001, 000003`. */
function madeBy(makers: readonly string[]): string | undefined {
  const names = makers.map(numberOf);
  if (names.length < 2) {
    return names.length === 0 ? undefined : `run ${names[0]}`;
  }
  return names.length > NAMED
    ? `${names.length} runs, ${names[0]} to ${names[names.length - 1]}`
    : `runs ${names.join(", ")}`;
}

/** Terms and values in a row; one without a value is left out. */
export function factList(
  facts: readonly (readonly [string, string | undefined])[],
): Markup {
  return markup`<dl class="facts">${
    facts.map(([term, value]) =>
      value === undefined
        ? undefined
        : markup`<div><dt>${term}</dt><dd>${value}</dd></div>`
    )
  }</dl>`;
}
