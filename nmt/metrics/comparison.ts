/** Compares the systems of a language pair by bootstrap: with the baselines and as planned, each run and each system over its seeds. */
import { inputError } from "../../base/input_error.ts";
import {
  type PlannedComparison,
  planOf,
} from "../../schemas/experiment/evaluation.ts";
import {
  BASELINES,
  type ComparedScore,
  type Comparison,
  type ScoreName,
  SCORES,
} from "../../schemas/results.ts";
import { counterpart, isCompared, systemOf } from "./baselines.ts";
import { bleu } from "./bleu.ts";
import {
  confidenceInterval,
  resampledScores,
  RESAMPLING,
} from "./bootstrap.ts";
import { chrf } from "./chrf.ts";
import {
  differenceOf,
  nonInferiority,
  type SampledRun,
} from "./differences.ts";
import { readLines } from "./lines.ts";
import { type Metric, rounded, sum } from "./metric.ts";
import type { Tokenizer } from "./tokenize.ts";

export interface ComparisonOptions {
  /** Lines of each run, SYSTEM or SYSTEM@SEED; all of the same test set, and at least one. */
  readonly hypotheses: ReadonlyMap<string, readonly string[]>;
  readonly references: readonly (readonly string[])[];
  /** Tokenizer of BLEU. */
  readonly tokenize: Tokenizer;
  readonly lowercase: boolean;
  /** The planned comparisons, of which those on this test set are tested. */
  readonly comparisons?: readonly PlannedComparison[];
  /** Undefined for the experiment's own. */
  readonly testSet?: string;
}

/** The same of files of one translation a line, in the order of their names; unequal lengths are input errors. */
export async function compareFiles(
  options: Omit<ComparisonOptions, "hypotheses"> & {
    readonly hypotheses: readonly {
      readonly name: string;
      readonly path: string;
    }[];
  },
): Promise<Comparison> {
  const expected = options.references[0].length;
  const hypotheses = new Map<string, readonly string[]>();
  const byName = options.hypotheses.toSorted((a, b) =>
    a.name < b.name ? -1 : 1
  );
  for (const { name, path } of byName) {
    const lines = await readLines(path);
    if (lines.length !== expected || expected === 0) {
      throw inputError(
        `Cannot compare "${name}": expected a translation for each of the ${expected} test sentences, at least one, ` +
          `found ${lines.length}; evaluate it again.`,
      );
    }
    hypotheses.set(name, lines);
  }
  return compareSystems({ ...options, hypotheses });
}

/** A run, or all runs of a system. */
interface Subject {
  readonly name: string;
  readonly runs: readonly SampledRun[];
}

/**
 * One of several runs is compared with the baseline's run of the same seed, or else its first; a system by its mean over
 * seeds, with that of the baseline. A planned comparison of a system that is not there is an input error.
 */
export function compareSystems(options: ComparisonOptions): Comparison {
  const { hypotheses, references, tokenize, lowercase } = options;
  const { comparisons, testSet } = options;
  const metrics = {
    bleu: bleu({ tokenize, lowercase }),
    chrf: chrf({ lowercase }),
  };
  const names = [...hypotheses.keys()].map((name) => systemOf(name).system);
  for (const { system, baseline } of comparisons ?? []) {
    const missing = [system, baseline].find((name) => !names.includes(name));
    if (missing === undefined) continue;
    throw inputError(
      `Cannot compare "${system}" with "${baseline}" as planned: there is no system "${missing}"; ` +
        `expected ${[...new Set(names)].join(", ")}.`,
    );
  }
  const plan = planOf(comparisons, testSet);
  const compared = {
    bleu: comparedBy("bleu", metrics.bleu, options, plan),
    chrf: comparedBy("chrf", metrics.chrf, options, plan),
  };
  const systems: Comparison["systems"] = {};
  for (const [name, bleu] of compared.bleu) {
    const chrf = compared.chrf.get(name);
    if (chrf !== undefined) systems[name] = { bleu, chrf };
  }
  const signature = (metric: Metric) =>
    metric.signature(references.length, RESAMPLING);
  return {
    ...RESAMPLING,
    signature: {
      bleu: signature(metrics.bleu),
      chrf: signature(metrics.chrf),
    },
    systems,
  };
}

type PlanOf = ReturnType<typeof planOf>;

function comparedBy(
  score: ScoreName,
  metric: Metric,
  { hypotheses, references }: ComparisonOptions,
  plan: PlanOf,
): Map<string, ComparedScore> {
  const counts = [...hypotheses.values()].map((lines) =>
    metric.counts(lines, references)
  );
  const resampled = resampledScores(metric, counts);
  const runs = [...hypotheses.keys()].map((name, i) => ({
    name,
    seed: systemOf(name).seed,
    score: metric.score(sum(counts[i])),
    resampled: resampled[i],
  }));
  const bySystem = Map.groupBy(runs, ({ name }) => systemOf(name).system);
  const found = new Map<string, ComparedScore>();
  for (const [system, own] of bySystem) {
    const baselines = [...bySystem].filter(([name]) =>
      BASELINES.some((baseline) =>
        baseline === name && isCompared(system, baseline)
      ) || plan(system, name, score) !== undefined
    );
    const all = baselines.map(([name, runs]) => ({
      baseline: name,
      other: { name, runs },
      planned: plan(system, name, score),
    }));
    found.set(system, against({ name: system, runs: own }, all));
    if (own.length === 1 && own[0].name === system) continue;
    for (const run of own) {
      const single = baselines.flatMap(([name, runs]) => {
        const other = counterpart(run.name, runs);
        return other === undefined
          ? []
          : [{ baseline: name, other: { name: other.name, runs: [other] } }];
      });
      found.set(run.name, against({ name: run.name, runs: [run] }, single));
    }
  }
  return found;
}

interface Baselined {
  readonly baseline: string;
  readonly other: Subject;
  readonly planned?: PlannedComparison;
}

function against(
  { runs }: Subject,
  baselines: readonly Baselined[],
): ComparedScore {
  const average = (of: (run: SampledRun) => number) =>
    runs.reduce((sum, run) => sum + of(run), 0) / runs.length;
  // Over the choice of sentences alone: a score is of these seeds.
  const { low, high } = confidenceInterval(
    runs[0].resampled.map((_, i) => average(({ resampled }) => resampled[i])),
  );
  const compared: ComparedScore["against"] = {};
  for (const { baseline, other, planned } of baselines) {
    const { resampled, ...found } = differenceOf(runs, other.runs);
    const { test, margin } = planned ?? {};
    compared[baseline] = {
      name: other.name,
      difference: rounded(found.difference),
      low: rounded(found.low),
      high: rounded(found.high),
      p: rounded(found.p),
      planned: test,
      margin,
      pMargin: margin === undefined
        ? undefined
        : rounded(nonInferiority(resampled, margin)),
    };
  }
  return {
    score: rounded(average(({ score }) => score)),
    low: rounded(low),
    high: rounded(high),
    against: compared,
  };
}

/** The comparison as flat metrics of its node: `NAME.bleu.low`, and of differences `NAME.bleu.to.teacher.low` and so on. */
export function comparisonMetrics(
  { signature, systems }: Comparison,
): Record<string, number | string> {
  const metrics: Record<string, number | string> = {
    signature: signature.bleu,
  };
  for (const [name, compared] of Object.entries(systems)) {
    for (const score of SCORES) {
      const { low, high, against } = compared[score];
      metrics[`${name}.${score}.low`] = low;
      metrics[`${name}.${score}.high`] = high;
      for (const [baseline, found] of Object.entries(against)) {
        const { name: _, difference: __, ...rest } = found ?? {};
        for (const [what, value] of Object.entries(rest)) {
          if (value === undefined) continue;
          metrics[`${name}.${score}.to.${baseline}.${what}`] = value;
        }
      }
    }
  }
  return metrics;
}
