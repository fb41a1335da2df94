/** chrF2 (Popović 2015), equal to sacreBLEU's: F2 of character 1-grams to 6-grams, without white space. */
import { formatSignature, type Metric } from "./metric.ts";
import { words } from "./tokenize.ts";

export interface ChrfOptions {
  readonly lowercase: boolean;
}

const ORDER = 6;
const BETA_SQUARED = 4;

/**
 * The metric chrF2: scores from 0 to 100, signatures in sacreBLEU's notation.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { chrf } from "./chrf.ts";
 * import { corpusScore } from "./metric.ts";
 *
 * const metric = chrf({ lowercase: true });
 * assertEquals(corpusScore(metric, ["The cat"], [["the cat"]]).toFixed(1), "100.0");
 * ```
 */
export function chrf(options: ChrfOptions): Metric {
  const characters = (line: string) =>
    words(options.lowercase ? line.toLowerCase() : line).join("");
  return {
    counts: (hypotheses, references) =>
      hypotheses.map((hypothesis, i) =>
        segmentCounts(
          characters(hypothesis),
          references.map((lines) => characters(lines[i])),
        )
      ),
    score: fScore,
    signature: (references, resampling) =>
      formatSignature(references, resampling, {
        case: options.lowercase ? "lc" : "mixed",
        eff: "yes",
        nc: ORDER,
        nw: 0,
        space: "no",
      }),
  };
}

/** For each order the n-grams of hypothesis, reference and both, against the reference that scores best. */
function segmentCounts(
  hypothesis: string,
  references: readonly string[],
): number[] {
  const own = ngramsByOrder(hypothesis);
  let best: number[] = [];
  let bestScore = -1;
  for (const reference of references) {
    const counts = ngramsByOrder(reference).flatMap((theirs, n) => {
      const ours = own[n];
      let matched = 0;
      for (const [ngram, count] of ours.counts) {
        matched += Math.min(count, theirs.counts.get(ngram) ?? 0);
      }
      // An order that the reference is too short for counts against nobody.
      return [theirs.total > 0 ? ours.total : 0, theirs.total, matched];
    });
    const score = fScore(counts);
    if (score > bestScore) [best, bestScore] = [counts, score];
  }
  return best;
}

interface Ngrams {
  readonly total: number;
  readonly counts: ReadonlyMap<string, number>;
}

function ngramsByOrder(text: string): Ngrams[] {
  // Where each character begins: one outside the basic plane takes two code units.
  const starts: number[] = [];
  for (let at = 0; at < text.length; at++) {
    starts.push(at);
    if ((text.codePointAt(at) ?? 0) > 0xffff) at++;
  }
  const length = starts.length;
  starts.push(text.length);
  return Array.from({ length: ORDER }, (_, n) => {
    const counts = new Map<string, number>();
    for (let i = 0; i + n < length; i++) {
      const ngram = text.slice(starts[i], starts[i + n + 1]);
      counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
    }
    return { total: Math.max(0, length - n), counts };
  });
}

/** F2 of precision and recall, each averaged over the orders that both sides have n-grams of. */
function fScore(counts: readonly number[]): number {
  let precision = 0;
  let recall = 0;
  let orders = 0;
  for (let n = 0; n < ORDER; n++) {
    const [all, relevant, matched] = counts.slice(3 * n, 3 * n + 3);
    if (all === 0 || relevant === 0) continue;
    precision += matched / all;
    recall += matched / relevant;
    orders++;
  }
  if (precision + recall === 0) return 0;
  precision /= orders;
  recall /= orders;
  return 100 * (1 + BETA_SQUARED) * precision * recall /
    (BETA_SQUARED * precision + recall);
}
