/** How a step's time would go on with more cores than were measured: Amdahl's law, fitted to one and two threads. */

/** What the prediction leaves out, for the reader of its table. */
export const ASSUMPTIONS =
  "Predicted by Amdahl's law from the times on 1 and 2 threads: a share of the step is serial, the rest is divided equally. " +
  "Memory bandwidth, caches, and cores that are slower when all are busy are left out, so that these are upper limits.";

const CORES = [4, 8, 16, 32, 64];

/** The share of a step on one thread that a second thread does not make shorter, between 0 and 1. */
export function serialShare(oneMs: number, twoMs: number): number {
  return Math.min(1, Math.max(0, 2 * twoMs / oneMs - 1));
}

/** How many times faster so many cores are than one. */
export function speedUp(serial: number, cores: number): number {
  return 1 / (serial + (1 - serial) / cores);
}

export interface Predicted {
  readonly cores: number;
  readonly oursMs: number;
  readonly peerMs: number | null;
}

interface Times {
  readonly ours: number | null;
  readonly peer: number | null;
}

/** The step's time on 4 to 64 cores; nothing without both measured times of ours. */
export function predict(one: Times, two: Times): Predicted[] {
  const times = (one: number | null, two: number | null, cores: number) =>
    one === null || two === null
      ? null
      : one / speedUp(serialShare(one, two), cores);
  return CORES.flatMap((cores) => {
    const oursMs = times(one.ours, two.ours, cores);
    const peerMs = times(one.peer, two.peer, cores);
    return oursMs === null ? [] : [{ cores, oursMs, peerMs }];
  });
}
