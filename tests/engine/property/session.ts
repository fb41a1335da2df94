/** Plays many sequences, checks how often each event happened, and shrinks a sequence that fails. */
import { assert } from "@std/assert";
import { makeFolder } from "./expected.ts";
import { play, type Played, stepsOf } from "./sequence.ts";
import type { Counts } from "./site.ts";

const AT_ONCE = 50;

export interface Session {
  /** The file of the test, for the command that repeats a sequence. */
  readonly file: string;
  /** The seed of the first sequence, 0 where it is not given. */
  readonly first?: number;
  readonly sequences: number;
  /** How often what has to happen at least, in all sequences. */
  readonly least: Readonly<Record<string, number>>;
  /** How many kinds of edits and damage have to happen at least. */
  readonly kinds: number;
}

/** Registers a test of all sequences, or of the one that PROPERTY_SEED names; PROPERTY_TALLY prints what happened. */
export function testSequences(title: string, session: Session): void {
  const seed = Deno.env.get("PROPERTY_SEED");
  const steps = Deno.env.get("PROPERTY_STEPS");
  Deno.test(title, async () => {
    const folder = makeFolder();
    try {
      if (seed === undefined) return await testAll(session, folder);
      const only = Number(seed);
      const chosen = steps?.split(",").filter((step) => step !== "")
        .map(Number) ?? stepsOf(only);
      const played = await play(only, chosen, folder);
      if (played.failure !== undefined) {
        await fail(session, only, chosen, played, folder);
      }
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  });
}

/** Plays the sequences in turns: while one waits for its files to age, others go on. Ends at the first that fails. */
async function testAll(session: Session, folder: string): Promise<void> {
  const counts: Counts = new Map();
  let failed: { seed: number; played: Played } | undefined;
  const { first = 0, sequences } = session;
  let next = first;
  const playInTurn = async () => {
    while (next < first + sequences && failed === undefined) {
      const seed = next++;
      const played = await play(seed, stepsOf(seed), folder, counts);
      if (played.failure !== undefined) failed ??= { seed, played };
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, playInTurn));
  if (failed !== undefined) {
    const { seed, played } = failed;
    await fail(session, seed, stepsOf(seed), played, folder);
  }
  if (Deno.env.has("PROPERTY_TALLY")) {
    console.log([...counts].sort().map((entry) => entry.join(": ")).join("\n"));
  }
  const rare = Object.entries(session.least)
    .filter(([what, least]) => (counts.get(what) ?? 0) < least)
    .map(([what, least]) => `${what}: ${counts.get(what) ?? 0}, not ${least}`);
  const kinds = [...counts.keys()].filter((what) => what.startsWith("edit: "));
  assert(kinds.length >= session.kinds, `${kinds.length} kinds of edits`);
  assert(rare.length === 0, `Some things happened too rarely: ${rare}.`);
}

/** Leaves out steps of a failing sequence as long as it fails. */
async function shrink(
  seed: number,
  steps: readonly number[],
  folder: string,
): Promise<Played & { readonly steps: readonly number[] }> {
  const played = await play(seed, steps, folder);
  if (played.failure === undefined) return { ...played, steps };
  for (const i of steps.keys()) {
    const shrunk = await shrink(seed, steps.toSpliced(i, 1), folder);
    if (shrunk.failure !== undefined) return shrunk;
  }
  return { ...played, steps };
}

async function fail(
  { file }: Session,
  seed: number,
  steps: readonly number[],
  played: Played,
  folder: string,
): Promise<never> {
  const shrunk = await shrink(seed, steps, folder);
  const [what, { log, failure }] = shrunk.failure === undefined
    ? ["fails, but not when it is played again by itself", played]
    : ["fails, after no more than these steps of it", shrunk];
  throw new Error(
    `Sequence ${seed} ${what}:\n${log.join("\n")}\n${failure?.stack}\n` +
      `Repeat it: PROPERTY_SEED=${seed} PROPERTY_STEPS=${shrunk.steps} ` +
      `deno test -A ${file}`,
  );
}
