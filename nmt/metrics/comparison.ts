/** Compares the systems of a language pair with the baselines by paired bootstrap, each run and each system over its seeds. */
import { inputError } from "../../base/input_error.ts";
import {
  type Baseline,
  BASELINES,
  type ComparedScore,
  type Comparison,
  SCORES,
} from "../../schemas/results.ts";
import { counterpart, isCompared, systemOf } from "./baselines.ts";
import { bleu } from "./bleu.ts";
import {
  confidenceInterval,
  resampledScores,
  RESAMPLING,
  significance,
} from "./bootstrap.ts";
import { chrf } from "./chrf.ts";
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

/** A run, or a system, whose score is the mean over its runs, on the test set and on each resample. */
interface Subject {
  readonly name: string;
  readonly score: number;
  readonly resampled: readonly number[];
}

/**
 * The p-value of one of several runs is sacreBLEU's, against the baseline's run of the same seed, or else its first. That
 * of a system is of the difference of the means over seeds, resampled together: sentences are what is drawn, not seeds, so
 * that k seeds do not count as k times the sentences; with one seed on both sides it is sacreBLEU's again.
 */
export function compareSystems(options: ComparisonOptions): Comparison {
  const { references, tokenize, lowercase } = options;
  const metrics = {
    bleu: bleu({ tokenize, lowercase }),
    chrf: chrf({ lowercase }),
  };
  const systems: Record<string, { bleu: ComparedScore; chrf: ComparedScore }> =
    {};
  const compared = {
    bleu: comparedBy(metrics.bleu, options),
    chrf: comparedBy(metrics.chrf, options),
  };
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

function comparedBy(
  metric: Metric,
  { hypotheses, references }: ComparisonOptions,
): Map<string, ComparedScore> {
  const counts = [...hypotheses.values()].map((lines) =>
    metric.counts(lines, references)
  );
  const resampled = resampledScores(metric, counts);
  const runs = [...hypotheses.keys()].map((name, i): Subject => ({
    name,
    score: metric.score(sum(counts[i])),
    resampled: resampled[i],
  }));
  const bySystem = Map.groupBy(runs, ({ name }) => systemOf(name).system);
  const all = (system: string) => {
    const runs = bySystem.get(system);
    return runs && mean(system, runs);
  };
  const found = new Map<string, ComparedScore>();
  for (const [system, own] of bySystem) {
    found.set(system, against(mean(system, own), system, all));
    if (own.length === 1 && own[0].name === system) continue;
    for (const run of own) {
      const entry = against(
        run,
        system,
        (baseline) => counterpart(run.name, bySystem.get(baseline) ?? []),
      );
      found.set(run.name, entry);
    }
  }
  return found;
}

/** All runs of a system as one; there is at least one. */
function mean(name: string, runs: readonly Subject[]): Subject {
  const average = (of: (run: Subject) => number) =>
    runs.reduce((sum, run) => sum + of(run), 0) / runs.length;
  return {
    name,
    score: average(({ score }) => score),
    resampled: runs[0].resampled.map((_, i) =>
      average(({ resampled }) => resampled[i])
    ),
  };
}

/** Compares with each baseline. The teacher is not compared itself. */
function against(
  subject: Subject,
  system: string,
  other: (baseline: Baseline) => Subject | undefined,
): ComparedScore {
  const { low, high } = confidenceInterval(subject.resampled);
  const compared: ComparedScore["against"] = {};
  for (const baseline of BASELINES) {
    const subjectTo = isCompared(system, baseline)
      ? other(baseline)
      : undefined;
    if (subjectTo === undefined) continue;
    const difference = subject.score - subjectTo.score;
    const interval = confidenceInterval(
      subject.resampled.map((score, i) => score - subjectTo.resampled[i]),
    );
    compared[baseline] = {
      name: subjectTo.name,
      difference: rounded(difference),
      low: rounded(interval.low),
      high: rounded(interval.high),
      p: rounded(
        significance(difference, subject.resampled, subjectTo.resampled),
      ),
    };
  }
  return {
    score: rounded(subject.score),
    low: rounded(low),
    high: rounded(high),
    against: compared,
  };
}

/** The comparison as flat metrics of its node: `NAME.bleu.low`, and of differences `NAME.bleu.low.teacher`, `.high.`, `.p.`. */
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
      for (const [baseline, { low, high, p }] of Object.entries(against)) {
        Object.assign(metrics, {
          [`${name}.${score}.low.${baseline}`]: low,
          [`${name}.${score}.high.${baseline}`]: high,
          [`${name}.${score}.p.${baseline}`]: p,
        });
      }
    }
  }
  return metrics;
}
