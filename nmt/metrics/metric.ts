/** The interface of corpus metrics: counts of each segment, which are added up, and a score of the sums. */

export interface Metric {
  /**
   * The counts of each segment. `references` holds one list of lines for each reference; every list is as long as
   * `hypotheses`, which has at least one line.
   */
  counts(
    hypotheses: readonly string[],
    references: readonly (readonly string[])[],
  ): number[][];
  /** The score, 0 to 100, of summed counts. */
  score(counts: readonly number[]): number;
  /** All that decides the score, in sacreBLEU's notation. */
  signature(references: number, resampling?: Resampling): string;
}

/** How often, and from which seed, a test of significance draws its samples. */
export interface Resampling {
  readonly samples: number;
  readonly seed: number;
  /** How many neighbouring segments are drawn together; 1 without. sacreBLEU has no such field. */
  readonly blockLength?: number;
}

/**
 * The definition that is computed, and who computes it: the values are those of sacreBLEU 2.6.0, but a reader of the
 * signature must not think that it was run.
 */
const VERSION = "2.6.0+ckd.1";

/**
 * The score of a corpus.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { chrf } from "./chrf.ts";
 * import { corpusScore } from "./metric.ts";
 *
 * assertEquals(corpusScore(chrf({ lowercase: false }), ["abc"], [["xyz"]]), 0);
 * ```
 */
export function corpusScore(
  metric: Metric,
  hypotheses: readonly string[],
  references: readonly (readonly string[])[],
): number {
  return metric.score(sum(metric.counts(hypotheses, references)));
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Adds the counts of all segments. */
export function sum(counts: readonly (readonly number[])[]): number[] {
  const total: number[] = new Array(counts[0].length).fill(0);
  for (const segment of counts) {
    for (let i = 0; i < total.length; i++) total[i] += segment[i];
  }
  return total;
}

/** The signature of a metric with its own fields in their order. */
export function formatSignature(
  references: number,
  resampling: Resampling | undefined,
  fields: Readonly<Record<string, string | number>>,
): string {
  const all = {
    nrefs: references,
    ...(resampling && {
      bs: resampling.samples,
      ...resampling.blockLength && { block: resampling.blockLength },
      seed: resampling.seed,
    }),
    ...fields,
    version: VERSION,
  };
  return Object.entries(all).map((field) => field.join(":")).join("|");
}

/** A figure as it is recorded, to 4 digits. */
export function rounded(figure: number): number {
  return Number(figure.toFixed(4));
}
