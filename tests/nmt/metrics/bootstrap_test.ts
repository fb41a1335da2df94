/** Tests of the paired bootstrap: numpy's resamples, and p-values of differences that are clear and that are none. */
import { assert, assertEquals } from "@std/assert";
import { bleu } from "../../../nmt/metrics/bleu.ts";
import {
  numpyIndices,
  pairedBootstrap,
} from "../../../nmt/metrics/bootstrap.ts";

function draw(count: number, draws: number): number[] {
  const next = numpyIndices(count);
  return Array.from({ length: draws }, next);
}

Deno.test("indices are those of numpy's default generator with seed 12345", () => {
  // numpy.random.default_rng(12345).choice(1000, 14), .choice(3, 10) and .choice(1, 3)
  const of1000 = "699 227 788 316 204 797 642 676 988 391 839 332 567 598";
  assertEquals(draw(1000, 14).join(" "), of1000);
  assertEquals(draw(3, 10), [2, 0, 2, 0, 0, 2, 1, 2, 2, 1]);
  assertEquals(draw(1, 3), [0, 0, 0]);
});

Deno.test("a system does not differ from itself, and differs from a much worse one", () => {
  const metric = bleu({ tokenize: "none", lowercase: false });
  const references = Array.from(
    { length: 50 },
    (_, i) => `a${i} b${i} c${i} d${i} e${i % 5} f`,
  );
  const slightly = references.map((line, i) => i % 7 ? line : "x" + line);
  const badly = references.map((line, i) =>
    i % 7 ? line.slice(0, -4) + "x y" : line
  );
  const counts = (lines: string[]) => metric.counts(lines, [references]);
  // No difference of a resample lies beyond its mean where all are zero: the least p there is.
  assertEquals(
    pairedBootstrap(metric, counts(badly), counts(badly)),
    1 / 1001,
  );
  const clear = pairedBootstrap(metric, counts(slightly), counts(badly));
  assertEquals(clear, 1 / 1001);
  const other = references.map((line, i) => i % 7 === 1 ? "y" + line : line);
  assert(pairedBootstrap(metric, counts(slightly), counts(other)) > 0.2);
});
