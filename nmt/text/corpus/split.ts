/** Splits a corpus into train, validation and test by groups, and removes near duplicates of held-out pairs. */
import { inputError } from "../../../base/input_error.ts";
import type { Corpus } from "../../../schemas/experiment/data.ts";
import { random, shuffle } from "../../random.ts";
import { type Pair, withoutPlaceholders, withoutTags } from "./cleaning.ts";

/** A pair with its file and its position there, counted before cleaning. */
export interface Placed extends Pair {
  readonly file: string;
  readonly position: number;
  /** All pairs of the file are one group (a page, a package): held out together or not at all. */
  readonly isOneGroup?: boolean;
}

/** Pairs with their positions, by index; a corpus need not fit in memory. */
export interface PlacedPairs {
  readonly length: number;
  file(index: number): string;
  position(index: number): number;
  isOneGroup(index: number): boolean;
  pair(index: number): Pair;
}

export interface HeldOut {
  readonly validation?: readonly Pair[];
  readonly test?: readonly Pair[];
}

export interface SplitSizes {
  readonly validation: number;
  readonly test: number;
  readonly trainLimit?: number;
  /** Where tags stay in the text, they are no part of the comparison; those of given pairs never are. */
  readonly markup?: Corpus["markup"];
}

export interface Split {
  /** Indices of the pairs to train on, in the order of their places. */
  readonly train: Int32Array;
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

/** A one-group file larger than this share of a held-out set stays in train: a test set of few topics says little. */
const LARGEST_SHARE = 1 / 4;

/**
 * Holds out groups, which are runs of neighbours in a file or whole files, chosen by the seed, until validation and test
 * have their sizes (up to one group more); given sets are taken instead. Near duplicates of test are removed from
 * validation, and those of both from train: pairs whose source or target is equal once folded. Only the first `own`
 * pairs may be held out, and no group has pairs of both kinds.
 *
 * @throws An input error where the corpus is too small.
 */
export function split(
  pairs: PlacedPairs,
  sizes: SplitSizes,
  seed: number,
  given: HeldOut = {},
  own: number = pairs.length,
): Split {
  const { markup } = sizes;
  const wanted = (given.test === undefined ? sizes.test : 0) +
    (given.validation === undefined ? sizes.validation : 0);
  const tooFew = () =>
    inputError(
      `Cannot split the corpus: it has ${own} pairs after cleaning, of which ${wanted} are to be held out${
        own > 0 && pairs.isOneGroup(0) ? " in whole groups" : ""
      }; ` +
        `lower "corpus.validation" and "corpus.test", or give more text.`,
    );
  if (own <= wanted) throw tooFew();

  const groupOf = grouped(pairs, Math.min(sizes.validation, sizes.test));
  const members = membersOf(groupOf);
  // Groups are numbered as their pairs come, so that those of the own pairs are the first.
  const ownGroups = groupOf.subarray(0, own)
    .reduce((most, group) => Math.max(most, group + 1), 0);
  const groups = shuffle([...indices(ownGroups)], random("split", seed));
  const isTaken = new Uint8Array(members.count);
  const byPlace = (one: number, other: number) => {
    const [file, otherFile] = [pairs.file(one), pairs.file(other)];
    if (file !== otherFile) return file < otherFile ? -1 : 1;
    return pairs.position(one) - pairs.position(other) || one - other;
  };
  const take = (count: number, without: ReadonlySet<string>) => {
    const taken: number[] = [];
    let dropped = 0;
    while (taken.length < count) {
      const group = groups.pop();
      if (group === undefined) throw tooFew();
      const indices = members.of(group);
      const isTooLarge = indices.length > LARGEST_SHARE * count;
      if (isTooLarge && pairs.isOneGroup(indices[0])) continue;
      isTaken[group] = 1;
      for (const index of indices) {
        if (resembles(pairs.pair(index), without, markup)) dropped++;
        else taken.push(index);
      }
    }
    return {
      taken: taken.sort(byPlace).map((index) => pairs.pair(index)),
      dropped,
    };
  };

  const test = given.test ?? take(sizes.test, new Set()).taken;
  const testForms = given.test === undefined
    ? forms(test, markup)
    : givenForms(test, markup);
  const held = given.validation === undefined
    ? take(sizes.validation, testForms)
    : { taken: given.validation, dropped: 0 };
  const heldForms = testForms.union(
    given.validation === undefined
      ? forms(held.taken, markup)
      : givenForms(given.validation, markup),
  );
  const rest = only(
    indices(pairs.length),
    (index) => !isTaken[groupOf[index]],
  );
  const isSorted = rest.every((index, i) =>
    i === 0 || byPlace(rest[i - 1], index) < 0
  );
  if (!isSorted) rest.sort(byPlace);
  const kept = only(
    rest,
    (index) => !resembles(pairs.pair(index), heldForms, markup),
  );
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

/**
 * A text without case, punctuation, placeholders and the value of numbers, to find near duplicates; without tags too where
 * these are kept, as other data has the same text without.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fold } from "./split.ts";
 *
 * assertEquals(fold("Page 12 of {total}: Done!"), "page 0 of done");
 * assertEquals(fold("<b>Done</b>!", "keep"), "done");
 * ```
 */
export function fold(text: string, markup?: Corpus["markup"]): string {
  const words = markup === undefined ? text : withoutTags(text);
  return withoutPlaceholders(words).normalize("NFKC").toLowerCase()
    .replace(/\p{N}+/gu, "0")
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, " ")
    .trim();
}

/** The folded sides of some pairs, each with the name of its side. */
function forms(
  pairs: readonly Pair[],
  markup: Corpus["markup"],
): Set<string> {
  return new Set(pairs.flatMap((pair) => sides(pair, markup)));
}

/** Given pairs keep their tags, of which the same text to train on may be stripped: their forms are those of both. */
function givenForms(
  pairs: readonly Pair[],
  markup: Corpus["markup"],
): Set<string> {
  return forms(pairs, markup).union(forms(pairs, "keep"));
}

function resembles(
  pair: Pair,
  held: ReadonlySet<string>,
  markup: Corpus["markup"],
): boolean {
  return sides(pair, markup).some((side) => held.has(side));
}

/**
 * What a held-out text of a file is compared by: itself, and itself without the tags that a given file keeps and other
 * text is stripped of.
 */
export function heldOutForms(
  text: string,
  markup: Corpus["markup"],
): readonly [string, string] {
  return [fold(text, markup), fold(text, "keep")];
}

/** What a pair is compared with others by: both sides, folded. */
export function sides(
  { source, target }: Pair,
  markup: Corpus["markup"],
): string[] {
  return [`source ${fold(source, markup)}`, `target ${fold(target, markup)}`];
}

/** The group of each pair; groups are numbered as they come. */
function grouped(pairs: PlacedPairs, heldOut: number): Int32Array {
  const size = Math.min(
    LARGEST_GROUP,
    Math.max(SMALLEST_GROUP, Math.floor(heldOut / GROUPS)),
  );
  const numbers = new Map<string, number>();
  const groups = new Int32Array(pairs.length);
  for (let i = 0; i < pairs.length; i++) {
    const run = pairs.isOneGroup(i) ? 0 : Math.floor(pairs.position(i) / size);
    const name = `${run} ${pairs.file(i)}`;
    let number = numbers.get(name);
    if (number === undefined) numbers.set(name, number = numbers.size);
    groups[i] = number;
  }
  return groups;
}

/** The pairs of each group, in order, out of the group of each pair. */
function membersOf(groupOf: Int32Array) {
  const count = groupOf.reduce((most, group) => Math.max(most, group + 1), 0);
  const ends = new Int32Array(count), members = new Int32Array(groupOf.length);
  for (const group of groupOf) ends[group]++;
  for (let i = 1; i < count; i++) ends[i] += ends[i - 1];
  const starts = ends.map((_, i) => i === 0 ? 0 : ends[i - 1]);
  const filled = Int32Array.from(starts);
  groupOf.forEach((group, i) => members[filled[group]++] = i);
  return {
    count,
    of: (group: number) => members.subarray(starts[group], ends[group]),
  };
}

/** That many pairs, chosen by the seed, in their order. */
export function limited(
  pairs: Int32Array,
  limit: number | undefined,
  seed: number,
): Int32Array {
  if (limit === undefined || pairs.length <= limit) return pairs;
  const chosen = shuffle([...pairs.keys()], random("train limit", seed))
    .slice(0, limit).sort((a, b) => a - b);
  return Int32Array.from(chosen, (index) => pairs[index]);
}

function indices(count: number): Int32Array {
  const all = new Int32Array(count);
  for (let i = 0; i < count; i++) all[i] = i;
  return all;
}

/** As `filter` of arrays does, which gathers what it keeps in a list several times as large. */
function only(
  from: Int32Array,
  isWanted: (index: number) => boolean,
): Int32Array {
  const wanted = new Int32Array(from.length);
  let count = 0;
  for (const index of from) if (isWanted(index)) wanted[count++] = index;
  return wanted.subarray(0, count);
}
