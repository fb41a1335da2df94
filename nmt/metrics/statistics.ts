/** Statistics of translations: what BLEU and chrF count of each test sentence. Scores and comparisons follow from them without the texts. */
import { createHash } from "node:crypto";
import { inputError } from "../../base/input_error.ts";
import { inputText } from "../../base/input_file.ts";
import { type ScoreName, SCORES } from "../../schemas/experiment/evaluation.ts";
import { bleu, type BleuOptions } from "./bleu.ts";
import { chrf } from "./chrf.ts";
import { type Metric, rounded, sum } from "./metric.ts";

export interface Statistics {
  /** SHA-256 of the references, one a line. */
  readonly references: string;
  /** What is counted, in sacreBLEU's notation. */
  readonly signatures: Readonly<Record<ScoreName, string>>;
  /** The counts of each sentence, as a metric counts them: [sentences, counts]. */
  readonly counts: Readonly<Record<ScoreName, readonly (readonly number[])[]>>;
}

/** The metrics that systems are compared by. */
export function metricsOf(options: BleuOptions): Record<ScoreName, Metric> {
  return { bleu: bleu(options), chrf: chrf(options) };
}

/** Counts translations against one reference each, as many and at least one. */
export function statisticsOf(
  options: BleuOptions,
  hypotheses: readonly string[],
  references: readonly string[],
): Statistics {
  const metrics = metricsOf(options);
  const byScore = <T>(of: (metric: Metric) => T) => ({
    bleu: of(metrics.bleu),
    chrf: of(metrics.chrf),
  });
  const hash = createHash("sha256");
  for (const line of references) hash.update(`${line}\n`);
  return {
    references: hash.digest("hex"),
    signatures: byScore((metric) => metric.signature(1)),
    counts: byScore((metric) => metric.counts(hypotheses, [references])),
  };
}

/** BLEU and chrF, 0 to 100, to 4 digits, and the signature of BLEU. */
export function scoresOf(
  options: BleuOptions,
  { counts, signatures }: Statistics,
): Record<ScoreName, number> & { readonly signature: string } {
  const { bleu, chrf } = metricsOf(options);
  return {
    bleu: rounded(bleu.score(sum(counts.bleu))),
    chrf: rounded(chrf.score(sum(counts.chrf))),
    signature: signatures.bleu,
  };
}

/** Orders of n-grams that each metric counts; a line also has the lengths of hypothesis and reference for each. */
const ORDERS = { bleu: 4, chrf: 6 } as const;

const HEAD =
  /^sentences (\d{1,7})\treferences ([0-9a-f]{64})\tbleu (\S+)\tchrf (\S+)$/;

/** Numbers of up to seven digits, whose sums are exact. */
const LINE = /^\d{1,7}( \d{1,7}){13}$/;

/**
 * A head and a line of 14 numbers for each sentence: the tokens of hypothesis and reference, the matched n-grams for n = 1
 * to 4, the characters of both, the matched n-grams for n = 1 to 6. Equal statistics have equal bytes.
 */
export function statisticsText(
  { references, signatures, counts }: Statistics,
): string {
  const head = `sentences ${counts.bleu.length}\treferences ${references}\t` +
    SCORES.map((score) => `${score} ${signatures[score]}`).join("\t");
  const lines = counts.bleu.map((bleu, i) => {
    const chrf = counts.chrf[i];
    // All n-grams follow from the lengths.
    const matched = Array.from(
      { length: ORDERS.chrf },
      (_, n) => chrf[3 * n + 2],
    );
    return [...bleu.slice(0, 2 + ORDERS.bleu), chrf[0], chrf[1], ...matched]
      .join(" ");
  });
  return [head, ...lines].map((line) => `${line}\n`).join("");
}

/** Reads what `statisticsText` wrote. @throws an input error where a file is not so, with the line. */
export function readStatistics(path: string): Statistics {
  const refuse = (reason: string) =>
    inputError(`Cannot read the statistics "${path}": ${reason}.`);
  const [head, ...lines] = inputText(path, refuse).split("\n");
  const [, sentences, references, bleu, chrf] = HEAD.exec(head) ?? [];
  if (references === undefined) {
    throw refuse("line 1 does not say what is counted");
  }
  const isWhole = lines.pop() === "";
  if (!isWhole || lines.length !== Number(sentences) || lines.length === 0) {
    throw refuse(
      `expected a line for each of ${sentences} sentences, at least one, found ${lines.length}`,
    );
  }
  const counts: Record<ScoreName, number[][]> = { bleu: [], chrf: [] };
  lines.forEach((line, i) => {
    const numbers = LINE.test(line) ? line.split(" ").map(Number) : [];
    const [bleu, chrf] = [numbers.slice(0, 6), numbers.slice(6)];
    if (numbers.length === 0 || ![bleu, chrf].every(isPossible)) {
      throw refuse(
        `line ${i + 2} has not the lengths and matches of a sentence`,
      );
    }
    counts.bleu.push(bleuCounts(bleu));
    counts.chrf.push(chrfCounts(chrf));
  });
  return { references, signatures: { bleu, chrf }, counts };
}

/** Whether no more n-grams match than both sides have. */
function isPossible([own, reference, ...matched]: readonly number[]): boolean {
  return matched.every((count, n) =>
    count <= ngrams(Math.min(own, reference), n)
  );
}

/** How many (n + 1)-grams a line of this length has. */
function ngrams(length: number, n: number): number {
  return Math.max(0, length - n);
}

/** See `segmentCounts` of BLEU. */
function bleuCounts([own, reference, ...matched]: readonly number[]): number[] {
  return [own, reference, ...matched, ...matched.map((_, n) => ngrams(own, n))];
}

/** See `segmentCounts` of chrF. */
function chrfCounts([own, reference, ...matched]: readonly number[]): number[] {
  return matched.flatMap((count, n) => {
    const all = ngrams(reference, n);
    return [all > 0 ? ngrams(own, n) : 0, all, count];
  });
}
