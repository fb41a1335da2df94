/** Plays many sequences in workers, asserts that each holds and how often what happened, and shrinks the one that fails. */
import { assert } from "@std/assert";
import type { Failed, Outcome, Share } from "./player.ts";
import { play, stepsOf, type Tally, tell } from "./sequence.ts";
import { shrink } from "./shrink.ts";
import { makeFolder } from "../model/site.ts";

export interface Session {
  /** The file of the test, for the command that repeats a sequence. */
  readonly file: string;
  readonly sequences: number;
  /** How often what has to happen at least, in all sequences. */
  readonly least: Readonly<Record<string, number>>;
  /** How many kinds of edits have to happen at least. */
  readonly kinds: number;
}

const seed = Deno.env.get("PROPERTY_SEED");
const steps = Deno.env.get("PROPERTY_STEPS");

/** Registers a test of all sequences, or of the one that PROPERTY_SEED names. */
export function testSequences(title: string, session: Session): void {
  if (seed === undefined) {
    Deno.test(title, () => inFolder((folder) => testAll(session, folder)));
  } else {
    Deno.test(`sequence ${seed} of edits and losses holds`, () =>
      inFolder(async (folder) => {
        const only = Number(seed);
        const chosen = steps === undefined ? stepsOf(only) : numbersIn(steps);
        const played = await play(only, chosen, folder);
        if (played.failure === undefined) return;
        const failed = { seed: only, told: tell(played) };
        await fail(session, failed, chosen, folder);
      }));
  }
}

async function testAll(session: Session, folder: string): Promise<void> {
  const { tally, failed } = await playAll(session, folder);
  if (failed !== undefined) {
    await fail(session, failed, stepsOf(failed.seed), folder);
  }
  if (Deno.env.has("PROPERTY_TALLY")) {
    console.log([...tally].sort().map((entry) => entry.join(": ")).join("\n"));
  }
  const rare = Object.entries(session.least)
    .map(([what, least]) => ({ what, least, times: tally.get(what) ?? 0 }))
    .filter(({ times, least }) => times < least)
    .map(({ what, least, times }) => `${what}: ${times}, not ${least}`);
  const kinds = [...tally.keys()].filter((what) => what.startsWith("edit: "));
  assert(
    kinds.length >= session.kinds,
    `${kinds.length} kinds of edits happened, not ${session.kinds}.`,
  );
  assert(rare.length === 0, `Some things happened too rarely: ${rare}.`);
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
async function playAll(
  { sequences }: Session,
  folder: string,
): Promise<Outcome> {
  const url = new URL("player.ts", import.meta.url);
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
      const share: Share = { first, step, end: sequences, folder };
      worker.postMessage(share);
    });
  });
  for (const worker of workers) worker.terminate();
  return { tally, failed };
}

async function fail(
  { file }: Session,
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
      `deno test -A ${file}`,
  );
}
