/** A few kills at random moments; kills_slow.ts has two hundred. */
import { killPairs, killRuns } from "../fixtures/kills.ts";

Deno.test("16 runs, killed at random moments, each end with one plain rerun", async () => {
  await killRuns(16);
});

Deno.test("4 runs, killed while two of their stages run, each end with one plain rerun", () =>
  killPairs(4));
