/** Tests of BLEU on counts worked by hand. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { bleu } from "../../../nmt/metrics/bleu.ts";
import { corpusScore } from "../../../nmt/metrics/metric.ts";

const plain = bleu({ tokenize: "none", lowercase: false });

Deno.test("a hypothesis equal to its reference scores 100", () => {
  assertAlmostEquals(corpusScore(plain, ["a b c d"], [["a b c d"]]), 100);
});

Deno.test("the counts are lengths, matched n-grams and all n-grams", () => {
  // Of "a a b c": 1-grams a (clipped to 1), b, c; 2-grams a b, b c; 3-gram a b c.
  assertEquals(plain.counts(["a a b c"], [["a b c d e"]]), [
    [4, 5, 3, 2, 1, 0, 4, 3, 2, 1],
  ]);
});

Deno.test("the score is brevity penalty times the smoothed geometric mean", () => {
  // Precisions 3/4, 2/3, 1/2 and, smoothed, (1/2)/1; the penalty is exp(1 - 5/4).
  const expected = 100 * Math.exp(1 - 5 / 4) *
    (3 / 4 * 2 / 3 * 1 / 2 * 1 / 2) ** (1 / 4);
  const score = corpusScore(plain, ["a a b c"], [["a b c d e"]]);
  assertAlmostEquals(score, expected, 1e-10);
});

Deno.test("no match at all, no 4-gram at all and nothing at all score 0", () => {
  assertEquals(corpusScore(plain, ["x y z w"], [["a b c d"]]), 0);
  assertEquals(corpusScore(plain, ["a b c"], [["a b c"]]), 0);
  assertEquals(corpusScore(plain, [""], [["a b c d"]]), 0);
  assertEquals(corpusScore(plain, ["a b c d"], [[""]]), 0);
});

Deno.test("several references clip to the largest count and give the closest length", () => {
  assertEquals(plain.counts(["a a b"], [["a c"], ["a a d e"], ["b"]]), [
    // Lengths 2 and 4 are as close to 3: the shorter one counts.
    [3, 2, 3, 1, 0, 0, 3, 2, 1, 0],
  ]);
});

Deno.test("lowercase also lowers the dotted capital I of Turkish as Unicode says", () => {
  const lowered = bleu({ tokenize: "none", lowercase: true });
  const score = (hypothesis: string, reference: string) =>
    corpusScore(lowered, [`${hypothesis} b c d`], [[`${reference} b c d`]]);
  assertAlmostEquals(score("ÇOK", "çok"), 100);
  assertAlmostEquals(score("İ", "i̇"), 100);
  assertEquals(score("I", "ı") < 100, true);
});

Deno.test("the signature has sacreBLEU's fields in sacreBLEU's order", () => {
  assertEquals(
    plain.signature(1),
    "nrefs:1|case:mixed|eff:no|tok:none|smooth:exp|version:2.6.0+ckd.1",
  );
  assertEquals(
    bleu({ tokenize: "13a", lowercase: true })
      .signature(2, { samples: 1000, seed: 12345 }),
    "nrefs:2|bs:1000|seed:12345|case:lc|eff:no|tok:13a|smooth:exp|version:2.6.0+ckd.1",
  );
});
