/** Plays many sequences, checks how often each event happened, and shrinks a sequence that fails. */
import { assert } from "@std/assert";
import { type Counts, play, stepsOf, summarize } from "./sequence.ts";
import { shrink } from "./shrink.ts";
import { makeFolder } from "../model/site.ts";

interface Failed {
  readonly seed: number;
  readonly summary: string;
}

const AT_ONCE = 50;

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
        const failed = { seed: only, summary: summarize(played) };
        await fail(session, failed, chosen, folder);
      }));
  }
}

async function testAll(session: Session, folder: string): Promise<void> {
  const { counts, failed } = await playAll(session, folder);
  if (failed !== undefined) {
    await fail(session, failed, stepsOf(failed.seed), folder);
  }
  if (Deno.env.has("PROPERTY_TALLY")) {
    console.log([...counts].sort().map((entry) => entry.join(": ")).join("\n"));
  }
  const rare = Object.entries(session.least)
    .map(([what, least]) => ({ what, least, times: counts.get(what) ?? 0 }))
    .filter(({ times, least }) => times < least)
    .map(({ what, least, times }) => `${what}: ${times}, not ${least}`);
  const kinds = [...counts.keys()].filter((what) => what.startsWith("edit: "));
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

/** Plays many sequences in turns: while one waits for its files to age, others go on. Ends at the first that fails. */
async function playAll(
  { sequences }: Session,
  folder: string,
): Promise<{ readonly counts: Counts; readonly failed?: Failed }> {
  const counts: Counts = new Map();
  let failed: Failed | undefined;
  let next = 0;
  const playInTurn = async () => {
    while (next < sequences && failed === undefined) {
      const seed = next++;
      const played = await play(seed, stepsOf(seed), folder, counts);
      if (played.failure !== undefined) {
        failed ??= { seed, summary: summarize(played) };
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, playInTurn));
  return { counts, failed };
}

async function fail(
  { file }: Session,
  { seed, summary }: Failed,
  steps: readonly number[],
  folder: string,
): Promise<never> {
  const shrunk = await shrink(seed, steps, folder);
  const what = shrunk.failure === undefined
    ? `fails, but not when it is played again by itself:\n${summary}`
    : `fails, after no more than these steps of it:\n${summarize(shrunk)}`;
  throw new Error(
    `Sequence ${seed} ${what}\nRepeat it: PROPERTY_SEED=${seed} PROPERTY_STEPS=${shrunk.steps} ` +
      `deno test -A ${file}`,
  );
}
