/** Results of an experiment: how its systems compare, and the results file that is committed. */
import { z } from "zod";
import { Json, Metrics } from "./manifest.ts";
import { Sha256 } from "./sha256.ts";

/** Version of the committed results; a newer one is refused. Version 1 has p-values of one tail. */
export const RESULTS_SCHEMA = 2;

/** The systems that all others are compared with, planned or not. */
export const BASELINES = ["teacher", "rkd"] as const;
export type Baseline = typeof BASELINES[number];

/** Where a difference was planned before its systems were trained: what is tested; elsewhere it is exploratory. */
const Planned = {
  planned: z.enum(["superiority", "non-inferiority"]).optional(),
  /** Of non-inferiority: points that may be lost, and the p-value of losing as many or more. */
  margin: z.number().optional(),
  pMargin: z.number().optional(),
};

/** What a difference varies by, in points: the choice of sentences and that of seeds, where several are, of a t distribution. */
const Errors = {
  sentenceError: z.number().min(0).max(100).optional(),
  seedError: z.number().min(0).max(100).optional(),
  /** Degrees of freedom. */
  degrees: z.number().min(1).optional(),
};

/** Points from 0 to 100 of a score, with the 95 % confidence interval over the choice of test sentences. */
const ComparedScore = z.strictObject({
  score: z.number(),
  low: z.number(),
  high: z.number(),
  /**
   * For each baseline, which run of it (or all of them) this one is compared with, the difference with its 95 % confidence
   * interval, and the two-sided p-value of no difference.
   */
  against: z.partialRecord(
    z.string(),
    z.strictObject({
      name: z.string(),
      difference: z.number(),
      low: z.number(),
      high: z.number(),
      p: z.number(),
      ...Planned,
      ...Errors,
    }),
  ),
});
export type ComparedScore = z.infer<typeof ComparedScore>;

/** `comparison.json`: each run SYSTEM@SEED, and each system over all its seeds; names as the nodes `evaluate:NAME` have. */
export const Comparison = z.strictObject({
  samples: z.int(),
  seed: z.int(),
  signature: z.strictObject({ bleu: z.string(), chrf: z.string() }),
  systems: z.record(
    z.string(),
    z.strictObject({ bleu: ComparedScore, chrf: ComparedScore }),
  ),
});
export type Comparison = z.infer<typeof Comparison>;

/** Difference to a baseline; its 95 % confidence interval and p-value where the systems were compared. */
const Difference = z.strictObject({
  difference: z.number(),
  low: z.number().optional(),
  high: z.number().optional(),
  p: z.number().optional(),
  /** Absent where an earlier version compared: its p is sacreBLEU's, which counts one tail in effect. */
  tails: z.literal(2).optional(),
  ...Planned,
  ...Errors,
});
export type Difference = z.infer<typeof Difference>;

/** A score of a run, or its mean over the runs of a system. */
const Figure = z.strictObject({
  score: z.number(),
  /** Sample standard deviation over seeds, where there are several. */
  deviation: z.number().optional(),
  low: z.number().optional(),
  high: z.number().optional(),
  to: z.partialRecord(z.string(), Difference),
});
export type Figure = z.infer<typeof Figure>;

/** How a model exported in 8-bit integers translates the test set, and the size of its graph. */
const Int8 = z.strictObject({ bleu: z.number(), bytes: z.int() });
export type Int8 = z.infer<typeof Int8>;

/** Of the test set's sources where they are counted: all, those that translations lack, and those that only translations have. */
const Placeholders = z.strictObject({
  all: z.number(),
  lost: z.number(),
  invented: z.number(),
});
export type Placeholders = z.infer<typeof Placeholders>;

/** One evaluated model. */
const SystemRun = z.strictObject({
  /** SYSTEM or SYSTEM@SEED. */
  name: z.string(),
  /** The node of its model. */
  model: z.string(),
  seed: z.int().optional(),
  bleu: Figure,
  chrf: Figure,
  signature: z.string(),
  /** SHA-256 of the translations of the test set, one a line. */
  hypotheses: Sha256.optional(),
  perplexity: z.number().optional(),
  trainingSeconds: z.number().optional(),
  sentencesPerSecond: z.number().optional(),
  /** Where it was exported. */
  int8: Int8.optional(),
  placeholders: Placeholders.optional(),
});
export type SystemRun = z.infer<typeof SystemRun>;

/** A row of the table: a system of a language pair over its seeds; scores, times, speeds, sizes and counts are means. */
export const System = z.strictObject({
  pair: z.string().optional(),
  system: z.string(),
  parameters: z.int(),
  bytes: z.int().optional(),
  bleu: Figure,
  chrf: Figure,
  trainingSeconds: z.number().optional(),
  sentencesPerSecond: z.number().optional(),
  int8: Int8.optional(),
  placeholders: Placeholders.optional(),
  runs: z.array(SystemRun).min(1),
});
export type System = z.infer<typeof System>;

/** What was measured when a node was made, which no manifest holds. */
export const Measured = z.strictObject({
  /** With the attempts before, where it went on from a checkpoint. */
  seconds: z.number(),
  time: z.string(),
  measurements: Metrics,
  /** Index in `machines`; absent where the run's record is lost. */
  machine: z.int().min(0).optional(),
});
export type Measured = z.infer<typeof Measured>;

/** Validations while a model was trained: -log p a target token, and BLEU where checkpoints are chosen by it, by step. */
const Curve = z.array(
  z.strictObject({
    step: z.int(),
    nll: z.number(),
    bleu: z.number().optional(),
  }),
);
export type Curve = z.infer<typeof Curve>;

/** `results.json`, beside the manifest that its figures are of. */
export const Results = z.strictObject({
  schema: z.literal([1, RESULTS_SCHEMA]),
  experiment: z.string(),
  /** Those that were evaluated; none where only trials were trained. */
  systems: z.array(System),
  measured: z.record(z.string(), Measured),
  /**
   * By node the metrics of comparisons that a later version made of the same statistics by its own method; the manifest has
   * those of the version that ran.
   */
  comparedAnew: z.record(z.string(), Metrics).optional(),
  machines: z.array(Json),
  /** By the node of the model. */
  curves: z.record(z.string(), Curve),
  /** SHA-256 of the manifest's canonical JSON. */
  manifest: Sha256,
});
export type Results = z.infer<typeof Results>;
