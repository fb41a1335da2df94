/** After any edits and losses a run does what it must and no more, and ends as a run from scratch does. */
import { assert } from "@std/assert";
import { DAMAGES } from "./property/damage.ts";
import { EDITS } from "./property/edits.ts";
import type { Failed, Outcome, Share } from "./property/player.ts";
import { play, stepsOf, type Tally, tell } from "./property/sequence.ts";
import { shrink } from "./property/shrink.ts";
import { makeFolder } from "./property/site.ts";

const SEQUENCES = 1000;

/** So often at least in all sequences; about half of what was seen. */
const HAPPENS: Readonly<Record<string, number>> = {
  "nodes that ran": 3000,
  "early cut-offs": 250,
  "reverts that ran nothing": 400,
  "broken results found": 400,
  "runs that ran nothing": 1000,
  "runs of several jobs": 1200,
  "runs that were stopped": 60,
  "runs that were answered at once": 10,
  "edit: data file changed while it is hashed": 40,
  "edit: file touched": 100,
  "edit: file written as it is": 100,
  ...Object.fromEntries(
    [...Object.keys(EDITS), ...Object.keys(DAMAGES)]
      .map((kind) => [`edit: ${kind}`, 5]),
  ),
};

const seed = Deno.env.get("PROPERTY_SEED");
const steps = Deno.env.get("PROPERTY_STEPS");

if (seed === undefined) {
  Deno.test("after any edits and losses, what runs is what has to and the manifest is that of a run from scratch", () =>
    inFolder(async (folder) => {
      const { tally, failed } = await playAll(folder);
      if (failed !== undefined) {
        await fail(failed, stepsOf(failed.seed), folder);
      }
      const rare = Object.entries(HAPPENS)
        .map(([what, least]) => ({ what, least, times: tally.get(what) ?? 0 }))
        .filter(({ times, least }) => times < least)
        .map(({ what, least, times }) => `${what}: ${times}, not ${least}`);
      assert(rare.length === 0, `Some things happened too rarely: ${rare}.`);
    }));
} else {
  Deno.test(`sequence ${seed} of edits and losses holds`, () =>
    inFolder(async (folder) => {
      const only = Number(seed);
      const chosen = steps === undefined ? stepsOf(only) : numbersIn(steps);
      const played = await play(only, chosen, folder);
      if (played.failure === undefined) return;
      await fail({ seed: only, told: tell(played) }, chosen, folder);
    }));
}

async function inFolder(
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = makeFolder();
  try {
    await use(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function numbersIn(text: string): number[] {
  return text.split(",").filter((number) => number !== "").map(Number);
}

/** Shares the sequences among as many workers as there are cores; ends where one of them finds a failure. */
async function playAll(folder: string): Promise<Outcome> {
  const url = new URL("property/player.ts", import.meta.url);
  const workers = Array.from(
    { length: navigator.hardwareConcurrency },
    () => new Worker(url, { type: "module" }),
  );
  const tally: Tally = new Map();
  const failed = await new Promise<Failed | undefined>((done, fail) => {
    let left = workers.length;
    workers.forEach((worker, first) => {
      worker.onerror = ({ message }) => fail(new Error(message));
      worker.onmessage = ({ data }: MessageEvent<Outcome>) => {
        for (const [what, times] of data.tally) {
          tally.set(what, (tally.get(what) ?? 0) + times);
        }
        if (--left === 0 || data.failed !== undefined) done(data.failed);
      };
      const step = workers.length;
      const share: Share = { first, step, end: SEQUENCES, folder };
      worker.postMessage(share);
    });
  });
  for (const worker of workers) worker.terminate();
  return { tally, failed };
}

async function fail(
  { seed, told }: Failed,
  steps: readonly number[],
  folder: string,
): Promise<never> {
  const shrunk = await shrink(seed, steps, folder);
  const what = shrunk.failure === undefined
    ? `fails, but not when it is played again by itself:\n${told}`
    : `fails, after no more than these steps of it:\n${tell(shrunk)}`;
  throw new Error(
    `Sequence ${seed} ${what}\nRepeat it: PROPERTY_SEED=${seed} PROPERTY_STEPS=${shrunk.steps} ` +
      "deno test -A tests/engine/property_test.ts",
  );
}
