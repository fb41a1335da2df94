/** Leaves out steps of a failing sequence as long as it fails. */
import { play, type Played } from "./sequence.ts";

export interface Shrunk extends Played {
  readonly steps: readonly number[];
}

export async function shrink(
  seed: number,
  steps: readonly number[],
  folder: string,
): Promise<Shrunk> {
  const { log, failure } = await play(seed, steps, folder);
  if (failure === undefined) return { steps, log };
  const shorter = steps.map((_, i) => steps.toSpliced(i, 1));
  for (const candidate of shorter) {
    const shrunk = await shrink(seed, candidate, folder);
    if (shrunk.failure !== undefined) return shrunk;
  }
  return { steps, log, failure };
}
