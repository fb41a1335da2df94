/** Plays a sequence of steps, and checks the engine after each. */
import { assertEquals } from "@std/assert";
import { checkAgainstScratch, compare, runAgain } from "../check/compare.ts";
import { objectPath } from "./object_damage.ts";
import { type Dice, diceOf } from "../model/dice.ts";
import { expectationsOf, keyOf } from "../check/made.ts";
import { read } from "../model/pipeline.ts";
import {
  closeSite,
  type Counts,
  letFilesAge,
  openSite,
  type Site,
} from "../model/project.ts";
import { step } from "./steps.ts";

export type { Counts };

export interface Played {
  /** What was done, until it failed. */
  readonly log: readonly string[];
  readonly failure?: Error;
}

/** What was done and how it failed. */
export function summarize({ log, failure }: Played): string {
  return [...log, failure?.stack ?? ""].join("\n");
}

/** The steps of the sequence with a seed, by number. */
export function stepsOf(seed: number): number[] {
  const length = 3 + diceOf("length", seed).below(3);
  return Array.from({ length }, (_, i) => i);
}

/** Plays some steps of a sequence in a folder; each has random choices of its own, so that any can be left out. */
export async function play(
  seed: number,
  steps: readonly number[],
  folder: string,
  counts: Counts = new Map(),
): Promise<Played> {
  const site = openSite(seed, folder, counts);
  const { log } = site;
  try {
    await begin(site, diceOf("begin", seed));
    for (const number of steps) {
      log.push(`step ${number}:`);
      await step(site, diceOf("step", seed, number));
    }
    await end(site, diceOf("end", seed));
    return { log };
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error));
    return { log, failure };
  } finally {
    await closeSite(site);
  }
}

async function begin(site: Site, dice: Dice): Promise<void> {
  await letFilesAge(dice);
  await compare(site, dice);
}

async function end(site: Site, dice: Dice): Promise<void> {
  const jobs = 1 + dice.below(3);
  await runAgain(site, jobs);
  await checkAgainstScratch(site, jobs);
  for (const { made } of await expectationsOf(site.world)) {
    for (const content of Object.values(made.outputs)) {
      const found = read(objectPath(site.artifacts, content));
      assertEquals(keyOf(found), keyOf(content), "an object at the end");
    }
  }
}
