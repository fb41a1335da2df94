/** The paired bootstrap's resamples are numpy's; its p-values are compared with sacreBLEU's recorded ones. */
import { assertEquals } from "@std/assert";
import { numpyIndices } from "../../../nmt/metrics/bootstrap.ts";

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
