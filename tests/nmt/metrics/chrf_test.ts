/** Tests of chrF2 on counts worked by hand. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { chrf } from "../../../nmt/metrics/chrf.ts";
import { corpusScore } from "../../../nmt/metrics/metric.ts";

const metric = chrf({ lowercase: false });

function score(hypothesis: string, ...references: string[]): number {
  return corpusScore(metric, [hypothesis], references.map((line) => [line]));
}

Deno.test("equal texts score 100, with or without their white space", () => {
  assertAlmostEquals(score("a bc", "a bc"), 100);
  assertAlmostEquals(score("a b c", "abc"), 100);
});

Deno.test("the counts are n-grams of hypothesis, reference and both for each order", () => {
  // "abab" has a, b twice each and ab twice; "abc" has one of each.
  assertEquals(metric.counts(["abab"], [["abc"]]), [
    [4, 3, 2, 3, 2, 1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  ]);
  // A character beyond the basic plane is one.
  assertEquals(metric.counts(["😀a"], [["😀"]])[0].slice(0, 3), [2, 1, 1]);
});

Deno.test("recall counts twice as much as precision, averaged over orders that both have", () => {
  // Precision (2/4 + 1/3 + 0/2) / 3 and recall (2/3 + 1/2 + 0/1) / 3.
  const precision = (2 / 4 + 1 / 3) / 3;
  const recall = (2 / 3 + 1 / 2) / 3;
  const expected = 100 * 5 * precision * recall / (4 * precision + recall);
  assertAlmostEquals(score("abab", "abc"), expected, 1e-10);
});

Deno.test("the signature has sacreBLEU's fields in sacreBLEU's order", () => {
  assertEquals(
    metric.signature(1),
    "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0+ckd.1",
  );
});
