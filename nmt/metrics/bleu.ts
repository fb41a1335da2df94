/** BLEU (Papineni et al. 2002), equal to sacreBLEU's: 4-grams, exponential smoothing, no effective order. */
import { formatSignature, type Metric } from "./metric.ts";
import { tokenize, type Tokenizer } from "./tokenize.ts";

export interface BleuOptions {
  readonly tokenize: Tokenizer;
  readonly lowercase: boolean;
}

const ORDER = 4;

/**
 * The metric BLEU: scores from 0 to 100, signatures in sacreBLEU's notation.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bleu } from "./bleu.ts";
 * import { corpusScore } from "./metric.ts";
 *
 * const metric = bleu({ tokenize: "13a", lowercase: false });
 * const line = "The cat sat on the mat.";
 * assertEquals(corpusScore(metric, [line], [[line]]).toFixed(1), "100.0");
 * ```
 */
export function bleu(options: BleuOptions): Metric {
  const tokens = (line: string) =>
    tokenize(options.tokenize, options.lowercase ? line.toLowerCase() : line);
  return {
    counts: (hypotheses, references) =>
      hypotheses.map((hypothesis, i) =>
        segmentCounts(
          tokens(hypothesis),
          references.map((lines) => tokens(lines[i])),
        )
      ),
    score: scoreOf,
    signature: (references, resampling) =>
      formatSignature(references, resampling, {
        case: options.lowercase ? "lc" : "mixed",
        eff: "no",
        tok: options.tokenize,
        smooth: "exp",
      }),
  };
}

/** Hypothesis length, closest reference length, then matched and all n-grams of the hypothesis for each order. */
function segmentCounts(
  hypothesis: readonly string[],
  references: readonly (readonly string[])[],
): number[] {
  const correct: number[] = [];
  const total: number[] = [];
  for (let order = 1; order <= ORDER; order++) {
    const most = new Map<string, number>();
    for (const reference of references) {
      for (const [ngram, count] of ngrams(reference, order)) {
        most.set(ngram, Math.max(most.get(ngram) ?? 0, count));
      }
    }
    let matched = 0;
    for (const [ngram, count] of ngrams(hypothesis, order)) {
      matched += Math.min(count, most.get(ngram) ?? 0);
    }
    correct.push(matched);
    total.push(Math.max(0, hypothesis.length - order + 1));
  }
  const lengths = references.map((reference) => reference.length);
  const closest = closestLength(hypothesis.length, lengths);
  return [hypothesis.length, closest, ...correct, ...total];
}

function ngrams(tokens: readonly string[], order: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + order <= tokens.length; i++) {
    let ngram = tokens[i];
    for (let n = 1; n < order; n++) ngram += " " + tokens[i + n];
    counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
  }
  return counts;
}

/** Of two that are as close, the shorter. */
function closestLength(length: number, candidates: readonly number[]): number {
  const distance = (candidate: number) => Math.abs(length - candidate);
  return candidates.reduce((best, candidate) =>
    distance(candidate) < distance(best) ||
      (distance(candidate) === distance(best) && candidate < best)
      ? candidate
      : best
  );
}

/** Brevity penalty times the geometric mean of the precisions, in percent. */
function scoreOf(counts: readonly number[]): number {
  const [hypothesisLength, referenceLength] = counts;
  const correct = counts.slice(2, 2 + ORDER);
  const total = counts.slice(2 + ORDER);
  // Without a match at all nothing is smoothed; without a 4-gram at all the mean is zero.
  if (correct.every((count) => count === 0) || total.includes(0)) return 0;
  let smoothing = 1;
  let logarithms = 0;
  for (let n = 0; n < ORDER; n++) {
    // The first order without a match counts as half a match, the next as a quarter: NIST's smoothing.
    if (correct[n] === 0) smoothing *= 2;
    logarithms += Math.log((correct[n] || 1 / smoothing) / total[n]);
  }
  const brevity = Math.min(0, 1 - referenceLength / hypothesisLength);
  return 100 * Math.exp(brevity + logarithms / ORDER);
}
