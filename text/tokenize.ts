/** Turns the pairs of a corpus into tokens, leaving out those with a side too long to train on. */
import { inputError } from "../schemas/errors.ts";
import type { Pair } from "./cleaning.ts";
import type { Subwords } from "./subwords.ts";
import { packSide, type Tokens } from "./tokens.ts";

/** Reads the pairs of a TSV file that the corpus stage wrote. */
export async function readPairs(path: string): Promise<Pair[]> {
  const text = await Deno.readTextFile(path);
  const lines = text.endsWith("\n") ? text.slice(0, -1) : text;
  if (lines === "") return [];
  return lines.split("\n").map((line) => {
    const [source, target] = line.split("\t");
    return { source, target };
  });
}

/**
 * The tokens of some pairs, in order, without those of which a side has more than `maximumLength` subwords. `what` is
 * how the user knows the pairs.
 */
export async function tokenize(
  pairs: readonly Pair[],
  subwords: Subwords,
  maximumLength: number,
  what: string,
): Promise<{ readonly tokens: Tokens; readonly dropped: number }> {
  const source = await subwords.encode(pairs.map((pair) => pair.source));
  const target = await subwords.encode(pairs.map((pair) => pair.target));
  const kept = [...pairs.keys()].filter((i) =>
    source[i].length <= maximumLength && target[i].length <= maximumLength
  );
  if (kept.length === 0) {
    throw inputError(
      `Cannot use the ${what} pairs: each of the ${pairs.length} has a side of more than ${maximumLength} subwords; ` +
        `raise "vocabulary.maximumLength".`,
    );
  }
  const tokens = {
    source: packSide(kept.map((i) => source[i])),
    target: packSide(kept.map((i) => target[i])),
    pairs: kept.length,
  };
  return { tokens, dropped: pairs.length - kept.length };
}
