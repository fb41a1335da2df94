/** Scores hypotheses against references, of files or lines, and compares two systems. */
import { inputError, suggestion } from "../../base/input_error.ts";
import type { Evaluation } from "../../schemas/experiment/evaluation.ts";
import { bleu } from "./bleu.ts";
import {
  FEWEST_BLOCKS,
  resampledScores,
  SACREBLEU,
  sacrebleuP,
} from "./significance/bootstrap.ts";
import { chrf } from "./chrf.ts";
import { differenceOf } from "./significance/differences.ts";
import { interval, signed } from "./layout.ts";
import { readLines } from "./lines.ts";
import { type Metric, sum } from "./metric.ts";
import { scoresOf, statisticsOf } from "./statistics.ts";
import { type Tokenizer, TOKENIZERS } from "./tokenize.ts";

export type MetricName = "bleu" | "chrf";

export interface ScoreOptions<Name extends MetricName = MetricName> {
  readonly metrics: readonly Name[];
  /** Tokenizer of BLEU: 13a, intl, char or none. */
  readonly tokenize: string;
  readonly lowercase: boolean;
}

/** Scores from 0 to 100; `against` is there where a second system was given. */
export type ScoreReport =
  & { readonly [Name in MetricName]?: Scored }
  & { readonly against?: { readonly [Name in MetricName]?: Compared } };

export interface Scored {
  readonly score: number;
  readonly signature: string;
}

export interface Compared {
  readonly score: number;
  /** The p-value of sacreBLEU's formula, which counts one tail in effect. */
  readonly p: number;
  /** Its score minus that of the first system, with the 95 % confidence interval and the two-sided p-value. */
  readonly difference: {
    readonly points: number;
    readonly low: number;
    readonly high: number;
    readonly p: number;
  };
}

/** Scores files of one segment a line; files of unequal length or without a line are input errors. */
export async function scoreFiles(
  options: ScoreOptions & {
    readonly hypothesis: string;
    readonly references: readonly string[];
    readonly against?: string;
  },
): Promise<ScoreReport> {
  const { hypothesis, references, against } = options;
  if (references.length === 0) {
    throw inputError(`Cannot score "${hypothesis}": no reference is given.`);
  }
  const hypotheses = await readLines(hypothesis);
  if (hypotheses.length === 0) {
    throw inputError(`Cannot score "${hypothesis}": it has no lines.`);
  }
  const readEqual = async (path: string) => {
    const lines = await readLines(path);
    if (lines.length === hypotheses.length) return lines;
    throw inputError(
      `Cannot score "${hypothesis}" with "${path}": expected as many lines in both, ` +
        `found ${hypotheses.length} and ${lines.length}.`,
    );
  };
  return scoreLines({
    ...options,
    hypotheses,
    references: await Promise.all(references.map(readEqual)),
    against: against === undefined ? undefined : await readEqual(against),
  });
}

/** Lines to score; `references` holds one list of lines for each reference. */
export interface ScoredLines {
  readonly hypotheses: readonly string[];
  readonly references: readonly (readonly string[])[];
  /** The lines of a second system, to compare the first with. */
  readonly against?: readonly string[];
}

/**
 * Scores lines.
 *
 * @throws An input error where there is no such tokenizer, or where two systems are compared by fewer than 20 lines.
 *
 * @example
 * ```ts
 * import { scoreLines } from "./score.ts";
 *
 * const { bleu } = scoreLines({
 *   metrics: ["bleu"],
 *   tokenize: "13a",
 *   lowercase: false,
 *   hypotheses: ["The cat sat on the mat."],
 *   references: [["The cat sat on the mat."]],
 * });
 * console.assert(bleu.score.toFixed(2) === "100.00");
 * ```
 */
export function scoreLines<Name extends MetricName>(
  options: ScoreOptions<Name> & ScoredLines,
): Record<Name, Scored> & Pick<ScoreReport, "against"> {
  const { hypotheses, references, against, lowercase } = options;
  const tokenizer = checkTokenizer(options.tokenize);
  if (against !== undefined && hypotheses.length < FEWEST_BLOCKS) {
    throw inputError(
      `Cannot compare two systems by their lines: expected at least ${FEWEST_BLOCKS}, of which the bootstrap says something, ` +
        `found ${hypotheses.length}; compare them by more, or score each alone.`,
    );
  }
  const metrics: Record<MetricName, () => Metric> = {
    bleu: () => bleu({ tokenize: tokenizer, lowercase }),
    chrf: () => chrf({ lowercase }),
  };
  const scored = {} as Record<Name, Scored>;
  const compared: Partial<Record<MetricName, Compared>> = {};
  for (const name of options.metrics) {
    const metric = metrics[name]();
    const first = metric.counts(hypotheses, references);
    const resampling = against === undefined ? undefined : SACREBLEU;
    scored[name] = {
      score: metric.score(sum(first)),
      signature: metric.signature(references.length, resampling),
    };
    if (against === undefined) continue;
    const second = metric.counts(against, references);
    const score = metric.score(sum(second));
    const [ours, theirs] = resampledScores(
      metric,
      [first, second],
      SACREBLEU,
    );
    const run = (score: number, resampled: readonly number[]) => [
      { seed: undefined, score, resampled },
    ];
    const { difference: points, low, high, p } = differenceOf(
      run(score, theirs),
      run(scored[name].score, ours),
    );
    compared[name] = {
      score,
      p: sacrebleuP(points, ours, theirs),
      difference: { points, low, high, p },
    };
  }
  return against === undefined ? scored : { ...scored, against: compared };
}

/** The metrics of a model: BLEU and chrF of its translations, 0 to 100, to 4 digits, and sacreBLEU's signature of BLEU. */
export function scoreTranslations(
  evaluation: Pick<Evaluation, "tokenize" | "lowercase">,
  hypotheses: readonly string[],
  references: readonly string[],
): ReturnType<typeof scoresOf> {
  return scoresOf(evaluation, statisticsOf(evaluation, hypotheses, references));
}

/** The report as lines for a terminal. */
export function formatScores(report: ScoreReport): string {
  const titles: Record<MetricName, string> = { bleu: "BLEU", chrf: "chrF2" };
  const lines: string[] = [];
  for (const name of ["bleu", "chrf"] as const) {
    const scored = report[name];
    if (scored === undefined) continue;
    const { score, signature } = scored;
    lines.push(`${titles[name]}|${signature} = ${score.toFixed(2)}`);
    const compared = report.against?.[name];
    if (compared === undefined) continue;
    const { points, p } = compared.difference;
    lines.push(
      `  against: ${compared.score.toFixed(2)} (${signed(points, 2)}, ` +
        `95 % interval ${interval(compared.difference, 2)}, two-sided p = ${
          p.toFixed(4)
        }; ` +
        `sacreBLEU's formula, one tail: p = ${compared.p.toFixed(4)})`,
    );
  }
  return lines.join("\n");
}

function checkTokenizer(name: string): Tokenizer {
  const known = TOKENIZERS.find((tokenizer) => tokenizer === name);
  if (known !== undefined) return known;
  throw inputError(
    `Cannot tokenize by "${name}": expected one of ${TOKENIZERS.join(", ")}` +
      `${suggestion(name, TOKENIZERS).replace(/\?$/, "")}.`,
  );
}
