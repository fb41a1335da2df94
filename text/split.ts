/** Splits a corpus into train, validation and test by groups, and takes near duplicates of what is held out from train. */
import { inputError } from "../schemas/errors.ts";
import { random, shuffle } from "../schemas/random.ts";
import { type Pair, withoutPlaceholders } from "./cleaning.ts";

/** A pair with the file that it is from and its place there, counted before cleaning. */
export interface Placed extends Pair {
  readonly file: string;
  readonly position: number;
}

export interface HeldOut {
  readonly validation?: readonly Pair[];
  readonly test?: readonly Pair[];
}

export interface SplitSizes {
  readonly validation: number;
  readonly test: number;
  readonly trainLimit?: number;
}

export interface Split {
  readonly train: Pair[];
  readonly validation: Pair[];
  readonly test: Pair[];
  /** How many pairs were near duplicates of pairs held out for a later use, and left out. */
  readonly nearDuplicates: {
    readonly train: number;
    readonly validation: number;
  };
  /** How many pairs of train `trainLimit` left out. */
  readonly beyondLimit: number;
}

/**
 * Neighbours in a file of messages come from one module or one dialog and resemble each other; so do neighbours in a
 * document. Larger groups would make a test set of a few topics.
 */
const LARGEST_GROUP = 25, SMALLEST_GROUP = 5;

/** A held-out set has at least so many groups, where they need not be smaller than the smallest. */
const GROUPS = 40;

/**
 * Holds out groups, runs of neighbours of one file, chosen by the seed, until validation and test have their sizes (up
 * to one group more); sets that are given are taken instead. Then validation loses what is a near duplicate of test,
 * and train what is one of either: equal in source or target once folded.
 */
export function split(
  pairs: readonly Placed[],
  sizes: SplitSizes,
  seed: number,
  given: HeldOut = {},
): Split {
  const wanted = (given.test === undefined ? sizes.test : 0) +
    (given.validation === undefined ? sizes.validation : 0);
  const tooFew = () =>
    inputError(
      `Cannot split the corpus: it has ${pairs.length} pairs after cleaning, of which ${wanted} are to be held out; ` +
        `lower "corpus.validation" and "corpus.test", or give more text.`,
    );
  if (pairs.length <= wanted) throw tooFew();

  const groups = shuffle(
    grouped(pairs, Math.min(sizes.validation, sizes.test)),
    random("split", seed),
  );
  const take = (count: number, without: ReadonlySet<string>) => {
    const taken: Placed[] = [];
    let dropped = 0;
    while (taken.length < count) {
      const group = groups.pop();
      if (group === undefined) throw tooFew();
      const kept = group.filter((pair) => !resembles(pair, without));
      dropped += group.length - kept.length;
      taken.push(...kept);
    }
    return { taken: taken.sort(byPlace), dropped };
  };

  const test = given.test ?? take(sizes.test, new Set()).taken;
  const testForms = forms(test);
  const held = given.validation === undefined
    ? take(sizes.validation, testForms)
    : { taken: given.validation, dropped: 0 };
  const heldForms = testForms.union(forms(held.taken));
  const rest = groups.flat().sort(byPlace);
  const kept = rest.filter((pair) => !resembles(pair, heldForms));
  const train = limited(kept, sizes.trainLimit, seed);
  if (train.length === 0) throw tooFew();
  return {
    train,
    validation: [...held.taken],
    test: [...test],
    nearDuplicates: {
      train: rest.length - kept.length,
      validation: held.dropped,
    },
    beyondLimit: kept.length - train.length,
  };
}

/** What a text says apart from case, digits, punctuation and placeholders. */
export function fold(text: string): string {
  return withoutPlaceholders(text).normalize("NFKC").toLowerCase()
    .replace(/\p{N}+/gu, "0")
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, " ")
    .trim();
}

/** The folded sides of some pairs, told apart by side. */
function forms(pairs: readonly Pair[]): Set<string> {
  return new Set(pairs.flatMap(sides));
}

function resembles(pair: Pair, held: ReadonlySet<string>): boolean {
  return sides(pair).some((side) => held.has(side));
}

function sides({ source, target }: Pair): string[] {
  return [`source ${fold(source)}`, `target ${fold(target)}`];
}

function grouped(pairs: readonly Placed[], heldOut: number): Placed[][] {
  const size = Math.min(
    LARGEST_GROUP,
    Math.max(SMALLEST_GROUP, Math.floor(heldOut / GROUPS)),
  );
  const groups = new Map<string, Placed[]>();
  for (const pair of pairs) {
    const name = `${Math.floor(pair.position / size)} ${pair.file}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [pair]);
    else group.push(pair);
  }
  return [...groups.values()];
}

function byPlace(one: Placed, other: Placed): number {
  if (one.file !== other.file) return one.file < other.file ? -1 : 1;
  return one.position - other.position;
}

/** That many pairs, chosen by the seed, in their order. */
function limited(
  pairs: readonly Placed[],
  limit: number | undefined,
  seed: number,
): Placed[] {
  if (limit === undefined || pairs.length <= limit) return [...pairs];
  const chosen = shuffle([...pairs.keys()], random("train limit", seed))
    .slice(0, limit).sort((a, b) => a - b);
  return chosen.map((index) => pairs[index]);
}
