/** Compares the systems of a language pair by bootstrap: with the baselines and as planned, each run and each system over its seeds. */
import { inputError } from "../../../base/input_error.ts";
import {
  type PlannedComparison,
  planOf,
  type ScoreName,
  SCORES,
} from "../../../schemas/experiment/evaluation.ts";
import {
  BASELINES,
  type ComparedScore,
  type Comparison,
} from "../../../schemas/results.ts";
import { counterpart, isCompared, systemOf } from "./baselines.ts";
import {
  confidenceInterval,
  FEWEST_BLOCKS,
  resampledScores,
  RESAMPLING,
} from "./bootstrap.ts";
import { differenceOf, type SampledRun } from "./differences.ts";
import { type Metric, type Resampling, rounded, sum } from "../metric.ts";
import { seedSpread } from "./seed_spread.ts";
import { metricsOf, type Statistics } from "../statistics.ts";
import type { Tokenizer } from "../tokenize.ts";

export interface ComparisonOptions {
  /** Of each run, SYSTEM or SYSTEM@SEED, at least one; all of the same test set and as these options count. */
  readonly statistics: ReadonlyMap<string, Statistics>;
  /** Tokenizer of BLEU. */
  readonly tokenize: Tokenizer;
  readonly lowercase: boolean;
  /** How many neighbouring sentences are drawn together; 1 without. */
  readonly blockLength?: number;
  /** The planned comparisons, of which those on this test set are tested. */
  readonly comparisons?: readonly PlannedComparison[];
  /** Undefined for the experiment's own. */
  readonly testSet?: string;
}

/** A run, or all runs of a system. */
interface Subject {
  readonly name: string;
  readonly runs: readonly SampledRun[];
}

/**
 * Compares runs in the order of their names. One of several is compared with the baseline's run of the same seed, or else
 * its first; a system by its mean over seeds, with that of the baseline. Statistics of other sentences or other counts, and
 * a planned comparison of a system that is not there, are input errors.
 */
export function compareSystems(options: ComparisonOptions): Comparison {
  const { comparisons, testSet } = options;
  const metrics = metricsOf(options);
  const runs = [...options.statistics].toSorted(([a], [b]) => a < b ? -1 : 1);
  checkAlike(runs, metrics);
  checkBlocks(runs, options.blockLength);
  const names = runs.map(([name]) => systemOf(name).system);
  for (const { system, baseline } of comparisons ?? []) {
    const missing = [system, baseline].find((name) => !names.includes(name));
    if (missing === undefined) continue;
    throw inputError(
      `Cannot compare "${system}" with "${baseline}" as planned: there is no system "${missing}"; ` +
        `expected ${[...new Set(names)].join(", ")}.`,
    );
  }
  const plan = planOf(comparisons, testSet);
  const resampling = { ...RESAMPLING, blockLength: options.blockLength };
  const compared = {
    bleu: comparedBy("bleu", metrics.bleu, runs, plan, resampling),
    chrf: comparedBy("chrf", metrics.chrf, runs, plan, resampling),
  };
  const systems: Comparison["systems"] = {};
  for (const [name, bleu] of compared.bleu) {
    const chrf = compared.chrf.get(name);
    if (chrf !== undefined) systems[name] = { bleu, chrf };
  }
  const signature = (metric: Metric) => metric.signature(1, resampling);
  return {
    ...RESAMPLING,
    signature: {
      bleu: signature(metrics.bleu),
      chrf: signature(metrics.chrf),
    },
    systems,
  };
}

type NamedStatistics = readonly (readonly [string, Statistics])[];

/** Fails unless all are of the sentences of the first, and counted by these metrics. */
function checkAlike(
  runs: NamedStatistics,
  metrics: Readonly<Record<ScoreName, Metric>>,
): void {
  const facts = ({ references, signatures, counts }: Statistics) => ({
    sentences: counts.bleu.length,
    "references of SHA-256": references,
    BLEU: signatures.bleu,
    chrF: signatures.chrf,
  });
  const [[, first] = []] = runs;
  if (first === undefined) {
    throw inputError("Cannot compare systems: there is none.");
  }
  const expected = Object.entries({
    ...facts(first),
    BLEU: metrics.bleu.signature(1),
    chrF: metrics.chrf.signature(1),
  });
  for (const [name, statistics] of runs) {
    const found = new Map<string, unknown>(Object.entries(facts(statistics)));
    const other = expected.find(([fact, value]) => found.get(fact) !== value);
    if (other === undefined) continue;
    const [fact, value] = other;
    throw inputError(
      `Cannot compare "${name}": expected statistics of ${fact} ${value}, found ${
        found.get(fact)
      }; evaluate it again.`,
    );
  }
}

/** Fails where too few blocks would be drawn. */
function checkBlocks(
  [[, { counts }]]: NamedStatistics,
  blockLength = 1,
): void {
  const sentences = counts.bleu.length;
  const blocks = Math.ceil(sentences / blockLength);
  if (blockLength === 1 || blocks >= FEWEST_BLOCKS) return;
  throw inputError(
    `Cannot compare systems by blocks of ${blockLength} of ${sentences} test sentences: expected at least ${FEWEST_BLOCKS} ` +
      `blocks, found ${blocks}; lower "evaluation.blockLength".`,
  );
}

type PlanOf = ReturnType<typeof planOf>;

function comparedBy(
  score: ScoreName,
  metric: Metric,
  statistics: NamedStatistics,
  plan: PlanOf,
  resampling: Resampling,
): Map<string, ComparedScore> {
  const counts = statistics.map(([, { counts }]) => counts[score]);
  const resampled = resampledScores(metric, counts, resampling);
  const runs = statistics.map(([name], i) => ({
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
    const seeds = seedSpread(runs, other.runs);
    const found = differenceOf(runs, other.runs, seeds);
    const { test, margin } = planned ?? {};
    compared[baseline] = {
      name: other.name,
      difference: rounded(found.difference),
      low: rounded(found.low),
      high: rounded(found.high),
      p: roundedP(found.p),
      planned: test,
      margin,
      pMargin: margin === undefined
        ? undefined
        : roundedP(found.pOfLoss(margin)),
      sentenceError: rounded(found.sentenceError),
      seedError: seeds && rounded(seeds.error),
      degrees: seeds && rounded(seeds.degrees),
    };
  }
  return {
    score: rounded(average(({ score }) => score)),
    low: rounded(low),
    high: rounded(high),
    against: compared,
  };
}

/** To 6 digits, as it is multiplied by how many are planned. */
function roundedP(p: number): number {
  return Number(p.toFixed(6));
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
