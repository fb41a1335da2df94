/** Kills at random moments, before, in and between all stages. */
import { assertEquals } from "@std/assert";
import { trials } from "../../fixtures/trials.ts";
import { killPairs, killRuns } from "../fixtures/kills.ts";

const RUNS = trials(60), PAIRS = trials(10);

Deno.test(`${RUNS} runs, killed at random moments, each end with one plain rerun`, async () => {
  assertEquals([...await killRuns(RUNS)].sort(), [0, 1, 2, 3]);
});

Deno.test(`${PAIRS} runs, killed while two of their stages run, each end with one plain rerun`, () =>
  killPairs(PAIRS));
