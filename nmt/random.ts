/** Seeded random numbers: equal arguments give equal numbers on every machine. */

/** Who draws: under one seed, students draw the same as each other and nothing that their teacher draws. */
export type Role = "teacher" | "student";

/** The name of a use in the streams of a role; the teacher's is the plain one, which `bench/reference` draws too. */
export function useOf(role: Role, use: string): string {
  return role === "teacher" ? use : `${role} ${use}`;
}

/**
 * A generator of numbers in [0, 1), determined by the words it is keyed with (sfc32, seeded through a 32-bit mix).
 * Name the use first and the seed next, such as `random("batches", seed, epoch)`, so that no two uses share a stream.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { random } from "./random.ts";
 *
 * const [one, other] = [random("example", 1), random("example", 1)];
 * assertEquals(one(), other());
 * ```
 */
export function random(use: string, ...key: readonly number[]): () => number {
  let hash = 0x9e3779b9;
  const mix = (word: number) => {
    hash = Math.imul(hash ^ word, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  };
  for (let i = 0; i < use.length; i++) mix(use.charCodeAt(i));
  for (const word of key) {
    mix(word | 0);
    mix(Math.floor(word / 2 ** 32) | 0);
  }
  const state = new Int32Array(4);
  for (let i = 0; i < 3; i++) {
    mix(i);
    state[i] = hash;
  }
  state[3] = 1;
  const next = () => {
    const sum = (state[0] + state[1] + state[3]) | 0;
    state[3]++;
    state[0] = state[1] ^ (state[1] >>> 9);
    state[1] = (state[2] + (state[2] << 3)) | 0;
    state[2] = ((state[2] << 21) | (state[2] >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

/**
 * Shuffles an array in place (Fisher and Yates) and returns it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { random, shuffle } from "./random.ts";
 *
 * assertEquals(shuffle([1, 2, 3], random("example", 1)).toSorted(), [1, 2, 3]);
 * ```
 */
export function shuffle<T>(items: T[], next: () => number): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [items[i], items[j]] = [items[j], items[i]];
  }
  return items;
}
