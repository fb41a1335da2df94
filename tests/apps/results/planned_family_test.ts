/** How many comparisons an experiment plans, of all pairs and test sets. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { plannedIn } from "../../../apps/results/planned_family.ts";
import { readResults } from "../../../apps/results/committed.ts";
import { comparedOf } from "../../../nmt/metrics/planned.ts";
import { ROOT } from "../../fixtures/command.ts";

Deno.test("comparisons that have not run count in the correction of those that have", () => {
  const saved = readResults(join(ROOT, "artifacts"), "captions-quarter");
  const family = saved && plannedIn(saved.manifest);
  assertEquals(family, 12);
  const ran = saved?.results.systems.filter(({ pair }) => pair === "pt-en");
  const correctedIn = (family?: number) =>
    comparedOf(ran ?? [], family)
      .flatMap(({ tested }) => tested?.corrected ?? []);
  const alone = Math.min(...correctedIn());
  const least = Math.min(...correctedIn(family));
  // The least p times how many there are.
  assertEquals(correctedIn().length, 3);
  assertEquals(Math.round(least / alone), 12 / 3);
});

Deno.test("an experiment without a plan has none, and one that cannot be read is not known", () => {
  const plain = readResults(join(ROOT, "artifacts"), "quick");
  assertEquals(plain && plannedIn(plain.manifest), 0);
  const other = { name: "mine", value: { pairs: 3 } };
  assertEquals(plannedIn({ experiment: other }), undefined);
});
