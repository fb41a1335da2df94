/** Two hundred kills at random moments, before, in and between all stages. */
import { assertEquals } from "@std/assert";
import { killPairs, killRuns } from "../fixtures/kills.ts";

Deno.test("200 runs, killed at random moments, each end with one plain rerun", async () => {
  assertEquals([...await killRuns(200)].sort(), [0, 1, 2, 3]);
});

Deno.test("20 runs, killed while two of their stages run, each end with one plain rerun", () =>
  killPairs(20));
