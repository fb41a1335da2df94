/** The tables of hyperparameters of committed results. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { readResults } from "../../../apps/results/committed.ts";
import { tunedOf, tuningTables } from "../../../apps/results/tuning.ts";
import { ROOT } from "../../fixtures/command.ts";

Deno.test("language pairs and systems are in the order of the table of systems", () => {
  const saved = readResults(join(ROOT, "artifacts"), "captions-quarter");
  const systems = ["rkd", "rkd-start", "ckd-regular", "ckd-start"];
  assertEquals(
    tuningTables(saved === undefined ? [] : tunedOf(saved))
      .map(({ title, rows }) => [title, rows.map(([system]) => system)]),
    [["pt-en", systems], ["en-de", systems]],
  );
});
