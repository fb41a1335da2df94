/** Configuration of beam search and scoring, and of the comparisons that are planned. */
import { z } from "zod";

/** The scores that systems are compared by. */
export const SCORES = ["bleu", "chrf"] as const;
export type ScoreName = typeof SCORES[number];

/** What a planned comparison shows: that a system is better, or that it loses at most a margin. */
export const TESTS = ["superiority", "non-inferiority"] as const;
export type PlannedTest = typeof TESTS[number];

/** With 1,000 resamples the least p is 2 / 1,001, which times more than these is above 0.05: nothing could be shown. */
const MOST_PLANNED = 24;

/** A difference that is tested, named before its systems are trained: `system` minus `baseline`. */
const PlannedComparison = z.strictObject({
  system: z.string().min(1),
  baseline: z.string().min(1),
  test: z.enum(TESTS).default("superiority"),
  /** Points that the system may lose and still count as no worse. */
  margin: z.number().gt(0).max(100).optional(),
  metric: z.enum(SCORES).default("bleu"),
  /** The further test set that it is of; without it, the experiment's own. */
  testSet: z.string().min(1).optional(),
}).superRefine(({ system, baseline, test, margin }, context) => {
  const refuse = (path: string, message: string) =>
    context.addIssue({ code: "custom", path: [path], message });
  if (system === baseline) {
    refuse("baseline", `expected another system, found "${system}" twice`);
  }
  const needsMargin = test === "non-inferiority";
  if (needsMargin !== (margin !== undefined)) {
    refuse(
      "margin",
      needsMargin
        ? "expected points that may be lost, as the test is of non-inferiority; found none"
        : 'only the test "non-inferiority" has a margin',
    );
  }
});
export type PlannedComparison = z.infer<typeof PlannedComparison>;

/** Each difference once: a pair of systems, a score and a test set. */
const Plan = z.array(PlannedComparison).max(
  MOST_PLANNED,
  `expected at most ${MOST_PLANNED} comparisons, of which Holm's correction can show any`,
).superRefine((comparisons, context) => {
  const names = comparisons.map((each) =>
    [each.system, each.baseline, each.metric, each.testSet].join(" ")
  );
  names.forEach((name, i) => {
    if (names.indexOf(name) === i) return;
    context.addIssue({
      code: "custom",
      path: [i],
      message: `expected each difference once, found ${
        comparisons[i].system
      } to ${comparisons[i].baseline} twice`,
    });
  });
});

/** Beam search and scoring. */
export const Evaluation = z.strictObject({
  /** Hypotheses kept a sentence; 1 is greedy search. */
  beam: z.int().min(1).max(64).default(5),
  /** Exponent of the hypothesis length that a score is divided by. */
  lengthPenalty: z.number().min(0).max(5).default(1),
  /** Tokenizer of BLEU, as sacreBLEU names it. */
  tokenize: z.enum(["13a", "intl", "char", "none"]).default("13a"),
  lowercase: z.boolean().default(false),
  /** Placeholders that translations lack or invent are counted, as those of models that mask them always are. */
  placeholders: z.literal(true).optional(),
  /**
   * How many neighbouring test sentences the bootstrap draws together; 1 without. Sentences of one page depend on each
   * other: drawn one by one, intervals are too narrow.
   */
  blockLength: z.int().min(2).max(1000).optional(),
  /** Differences that are planned; all others are exploratory. */
  comparisons: Plan.optional(),
});
export type Evaluation = z.infer<typeof Evaluation>;

/** The same for a stage that compares nothing: how to compare is dropped, so that another way translates nothing again. */
export const Translation = z.object(
  Evaluation.omit({ blockLength: true, comparisons: true }).shape,
);

/**
 * Where planned comparisons name a system or a further test set that an experiment does not have, with what was expected.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Evaluation, planMismatches } from "./evaluation.ts";
 *
 * const { comparisons } = Evaluation.parse({
 *   comparisons: [{ system: "ckd", baseline: "rdk" }],
 * });
 * const systems = ["teacher", "rkd", "ckd"];
 * const [{ path }] = planMismatches(comparisons, { systems, testSets: [] });
 * assertEquals(path, ["evaluation", "comparisons", 0, "baseline"]);
 * ```
 */
export function planMismatches(
  comparisons: readonly PlannedComparison[] | undefined,
  { systems, testSets }: {
    readonly systems: readonly string[];
    readonly testSets: readonly string[];
  },
): { readonly path: (string | number)[]; readonly message: string }[] {
  const names = { system: systems, baseline: systems, testSet: testSets };
  return (comparisons ?? []).flatMap((comparison, i) =>
    (["system", "baseline", "testSet"] as const).flatMap((role) => {
      const [name, known] = [comparison[role], names[role]];
      if (name === undefined || known.includes(name)) return [];
      const expected = known.length === 0
        ? "none, as there is none"
        : `one of ${known.join(", ")}`;
      return [{
        path: ["evaluation", "comparisons", i, role],
        message: `expected ${expected}, found "${name}"`,
      }];
    })
  );
}

/** The comparisons of a pair of systems by a score, on the test set of this name. */
export function planOf(
  comparisons: readonly PlannedComparison[] | undefined,
  testSet: string | undefined,
): (
  system: string,
  baseline: string,
  metric: ScoreName,
) => PlannedComparison | undefined {
  const own = (comparisons ?? []).filter((each) => each.testSet === testSet);
  return (system, baseline, metric) =>
    own.find((each) =>
      each.system === system && each.baseline === baseline &&
      each.metric === metric
    );
}
