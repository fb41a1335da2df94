/** Tests of the plan for a corpus: how long its models are trained. */
import { assert, assertEquals } from "@std/assert";
import { planFor, stepsFor } from "../../../apps/init/plans.ts";

/** Steps of the teacher on so many pairs of 15 subwords, in batches of 2,048. */
const steps = (pairs: number) =>
  stepsFor(planFor(pairs, "small").passes, 16 * pairs, 2048).teacher;

Deno.test("a teacher of a small corpus is trained as long as that of quick, but reads no pair more than 60 times", () => {
  assertEquals(steps(5_200), 1600);
  assertEquals(steps(10_000), 1600);
  assertEquals(steps(2_000), 920);
  assertEquals(steps(100), 400);
});

Deno.test("more pairs never mean fewer steps of the teacher, within a row of the plan", () => {
  for (const row of [[300, 4_999], [5_000, 14_999], [15_000, 99_999]]) {
    const [few, many] = row.map(steps);
    assert(few <= many, row.join());
  }
});
