/** A worker that plays the sequences which it is sent, many in turns: while one waits for its files to age, others go on. */
/// <reference lib="deno.worker" />
import { play, stepsOf, type Tally, tell } from "./sequence.ts";

/** Seeds from the first, in steps, to below the end. */
export interface Share {
  readonly first: number;
  readonly step: number;
  readonly end: number;
  readonly folder: string;
}

export interface Failed {
  readonly seed: number;
  readonly told: string;
}

export interface Outcome {
  readonly tally: Tally;
  readonly failed?: Failed;
}

const AT_ONCE = 50;

declare const self: DedicatedWorkerGlobalScope;

self.onmessage = async ({ data }: MessageEvent<Share>) => {
  const tally: Tally = new Map();
  let failed: Failed | undefined;
  let next = data.first;
  const playInTurn = async () => {
    while (next < data.end && failed === undefined) {
      const seed = next;
      next += data.step;
      const played = await play(seed, stepsOf(seed), data.folder, tally);
      if (played.failure !== undefined) failed ??= { seed, told: tell(played) };
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, playInTurn));
  self.postMessage({ tally, failed } satisfies Outcome);
};
