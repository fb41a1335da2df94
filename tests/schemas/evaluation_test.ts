/** Planned comparisons as an experiment declares them: what each needs, and that they change no translation. */
import { assert, assertEquals } from "@std/assert";
import {
  Evaluation,
  planMismatches,
} from "../../schemas/experiment/evaluation.ts";
import evaluate from "../../stages/evaluate.ts";

/** What is wrong with a plan: where, and with which words. */
function wrong(...comparisons: readonly unknown[]): string {
  const { error } = Evaluation.safeParse({ comparisons });
  return (error?.issues ?? [])
    .map(({ path, message }) => `${path.join(".")}: ${message}`).join("\n");
}

const CKD = { system: "ckd", baseline: "rkd" };

Deno.test("a planned comparison is of superiority by BLEU, unless it says otherwise", () => {
  assertEquals(Evaluation.parse({ comparisons: [CKD] }).comparisons, [
    { ...CKD, test: "superiority", metric: "bleu" },
  ]);
  // Without a plan, a config is what it was before there were plans, so that no key changes.
  assertEquals(Object.keys(Evaluation.parse({})), [
    ...["beam", "lengthPenalty", "tokenize", "lowercase"],
  ]);
});

Deno.test("a margin belongs to non-inferiority, and to nothing else", () => {
  const parity = { ...CKD, test: "non-inferiority" };
  assertEquals(wrong({ ...parity, margin: 1 }), "");
  assert(wrong(parity).startsWith("comparisons.0.margin: expected points"));
  assert(wrong({ ...CKD, margin: 1 }).includes("has a margin"));
  assert(wrong({ ...parity, margin: 0 }).includes("comparisons.0.margin"));
});

Deno.test("a difference is planned once, of two systems, and no more often than Holm's correction can show", () => {
  assert(
    wrong(CKD, { ...CKD, test: "non-inferiority", margin: 1 })
      .includes("ckd to rkd twice"),
  );
  assertEquals(wrong(CKD, { ...CKD, metric: "chrf" }), "");
  assertEquals(wrong(CKD, { ...CKD, testSet: "captions" }), "");
  assert(wrong({ ...CKD, baseline: "ckd" }).includes('found "ckd" twice'));
  const many = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ ...CKD, system: `ckd-${i}` }));
  assertEquals(wrong(...many(24)), "");
  assert(wrong(...many(25)).includes("expected at most 24"));
});

Deno.test("a planned system or test set that the experiment does not have is named with its place", () => {
  const { comparisons } = Evaluation.parse({
    comparisons: [CKD, { ...CKD, system: "pkd" }, { ...CKD, testSet: "news" }],
  });
  const systems = ["teacher", "rkd", "ckd"];
  assertEquals(planMismatches(comparisons, { systems, testSets: ["news"] }), [
    {
      path: ["evaluation", "comparisons", 1, "system"],
      message: 'expected one of teacher, rkd, ckd, found "pkd"',
    },
  ]);
  const [, testSet] = planMismatches(comparisons, { systems, testSets: [] });
  assertEquals(testSet, {
    path: ["evaluation", "comparisons", 2, "testSet"],
    message: 'expected none, as there is none, found "news"',
  });
});

Deno.test("another plan translates nothing again: stage evaluate has the same config", () => {
  const parsed = (comparisons?: readonly unknown[]) =>
    evaluate.config.parse({
      evaluation: { ...Evaluation.parse({ comparisons }) },
      runtime: {},
    });
  assertEquals(parsed([CKD]), parsed());
});
