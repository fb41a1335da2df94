/** Chooses the sentences that a model translates together. */

/** Sentences of a batch at most: more would hardly be faster, and the first of them would come later. */
const BATCH = 8;

/** Sentences that a batch is chosen from at most: with all of a long text, time would grow with the square of its length. */
export const WINDOW = 64;

/** Subwords of a batch at most, padding included: the memory of a sentence grows with the square of its length. */
const SUBWORDS = 1024;

/** Sentences of the next batch at most, after one of `most`: batches grow, so that the first sentence comes soon. */
export function nextMost(most: number): number {
  return Math.min(2 * most, BATCH);
}

/**
 * The first of what waits, with those that are nearest to it in length, `most` in all or fewer long ones: in a batch a short
 * one takes as long as the longest. `lengthOf` gives subwords.
 */
export function batchOf<Item>(
  waiting: readonly Item[],
  lengthOf: (item: Item) => number,
  most: number,
): Item[] {
  if (waiting.length === 0) return [];
  const [first, ...others] = waiting;
  const difference = (item: Item) => Math.abs(lengthOf(item) - lengthOf(first));
  others.sort((a, b) => difference(a) - difference(b));
  const batch = [first];
  let longest = lengthOf(first);
  for (const item of others) {
    longest = Math.max(longest, lengthOf(item));
    const count = batch.length + 1;
    if (count > most || count * longest > SUBWORDS) break;
    batch.push(item);
  }
  return batch;
}
