/** How many comparisons an experiment plans, of all pairs and test sets. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { z } from "zod";
import { comparedIn, plannedIn } from "../../../apps/results/planned_family.ts";
import { readResults } from "../../../apps/results/committed.ts";
import { resultsText } from "../../../cli/apps/results.ts";
import { comparedOf } from "../../../nmt/metrics/significance/planned.ts";
import { ROOT } from "../../fixtures/command.ts";
import { refusal } from "../../nmt/fixtures/refusal.ts";

Deno.test("comparisons that have not run count in the correction of those that have", () => {
  const saved = readResults(join(ROOT, "artifacts"), "captions-quarter");
  const family = saved && plannedIn(saved.manifest);
  assertEquals(family, 12);
  const ran = saved?.results.systems.filter(({ pair }) => pair === "pt-en");
  const correctedIn = (family: number) =>
    comparedOf(ran ?? [], family)
      .flatMap(({ tested }) => tested?.corrected ?? []);
  const alone = Math.min(...correctedIn(3));
  const least = Math.min(...correctedIn(12));
  // The least p times how many there are.
  assertEquals(correctedIn(12).length, 3);
  assertEquals(Math.round(least / alone), 12 / 3);
});

Deno.test("an experiment without a plan has none, and one that cannot be read is not known", () => {
  const plain = readResults(join(ROOT, "artifacts"), "quick");
  assertEquals(plain && plannedIn(plain.manifest), 0);
  const other = { name: "mine", value: { pairs: 3 } };
  assertEquals(plannedIn({ experiment: other }), undefined);
});

Deno.test("results whose plan cannot be read are corrected by no guess", async () => {
  const saved = readResults(join(ROOT, "artifacts"), "captions-quarter");
  assert(saved !== undefined);
  const { results, manifest } = saved;
  const unread = { ...manifest, experiment: { name: "x", value: {} } };
  assertEquals(
    await refusal(() => comparedIn({ results, manifest: unread })),
    'Cannot correct the planned comparisons of "captions-quarter": this version cannot read how many its manifest plans; ' +
      "read it with the version that wrote it.",
  );
  const plain = results.systems.filter(({ system }) => system === "teacher");
  const without = { ...results, systems: plain };
  assertEquals(comparedIn({ results: without, manifest: unread }), []);
});

Deno.test("planned comparisons alone are those of all that are planned, none where nothing is", () => {
  const json = (name: string, table: "comparisons" | "planned") => {
    const saved = readResults(join(ROOT, "artifacts"), name);
    assert(saved !== undefined);
    const text = resultsText(saved, { table, json: true, latex: false });
    return Rows.parse(JSON.parse(text)[table]);
  };
  const all = json("captions-quarter", "comparisons");
  const planned = json("captions-quarter", "planned");
  assertEquals(planned.length, 12);
  assertEquals(planned, all.filter(({ kind }) => kind === "planned"));
  assertEquals(json("quick", "planned"), []);
});

const Rows = z.array(z.looseObject({ kind: z.string() }));
