/** How much of a further test set the training text has: such a set stays whole, as others report scores on it. */
import { chunksOf } from "../subwords/tokenize.ts";
import { sides } from "./split.ts";

/**
 * The pairs of a test set of which a training pair has the source or the target, but for case, punctuation, placeholders,
 * tags and numbers. Memory holds the test set.
 */
export async function pairsInTrain(
  test: string,
  train: string,
): Promise<number> {
  const tested: string[][] = [];
  for await (const pairs of chunksOf(test)) {
    tested.push(...pairs.map((pair) => sides(pair, "keep")));
  }
  const wanted = new Set(tested.flat());
  const found = new Set<string>();
  for await (const pairs of chunksOf(train)) {
    for (const side of pairs.flatMap((pair) => sides(pair, "keep"))) {
      if (wanted.has(side)) found.add(side);
    }
  }
  return tested.filter((pair) => pair.some((side) => found.has(side))).length;
}
