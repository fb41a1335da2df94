/** Random choices that are determined by what they are for and a seed. */
import { random } from "../../../nmt/random.ts";

export interface Dice {
  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number;
  /** One of a list, which is not empty. */
  pick<T>(items: readonly T[]): T;
  chance(probability: number): boolean;
}

export function diceOf(use: string, ...key: readonly number[]): Dice {
  const next = random(use, ...key);
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    below,
    pick: (items) => items[below(items.length)],
    chance: (probability) => next() < probability,
  };
}
