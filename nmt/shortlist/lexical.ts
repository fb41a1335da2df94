/** Makes a short-list from a corpus: lexical translation probabilities of IBM Model 1 (Brown et al. 1993), by EM. */
import {
  lengthOf,
  sentence,
  type Side,
  type Tokens,
} from "../text/subwords/tokens.ts";
import { type Shortlist, shortlistOf } from "./shortlist.ts";

export interface LexicalOptions {
  /** The most frequent target ids, which are candidates of every sentence. */
  readonly first: number;
  /** The most probable target ids of a source id, at most. */
  readonly best: number;
  /** Called with the passes over the corpus that are done, and how many there are. */
  readonly report?: (done: number, of: number) => void;
}

/** Pairs that are read at most, evenly spread over the corpus. */
const MOST_PAIRS = 1_000_000;
/** Sentences of a source id in which its target ids are looked for at most, evenly spread. */
const MOST_SENTENCES = 2000;
/** EM starts with so many target ids for each one that is kept. */
const STARTED = 3;
/** Iterations of EM. */
const ITERATIONS = 5;

/**
 * The short-list of the pairs of a corpus. Memory and time are bounded: EM sees, of each source id, only the target ids that
 * occur with it more than by chance. Equal arguments give equal short-lists.
 */
export function lexicalShortlist(
  tokens: Tokens,
  vocabulary: number,
  { first, best, report }: LexicalOptions,
): Shortlist {
  const pairs = spread(tokens.pairs, MOST_PAIRS);
  const passes = ITERATIONS + 1;
  let done = 0;
  const table = associated(tokens, pairs, vocabulary, STARTED * best);
  report?.(++done, passes);
  let nothing = new Float64Array(vocabulary).fill(1 / vocabulary);
  for (let i = 0; i < ITERATIONS; i++) {
    nothing = maximised(tokens, pairs, table, nothing);
    report?.(++done, passes);
  }
  const counts = counted(tokens.target, pairs, vocabulary);
  const frequent = largest(counts, first).filter((id) => counts[id] > 0);
  return shortlistOf(frequent, lists(table, vocabulary, best));
}

/** Evenly spread numbers below `count`, at most so many. */
function spread(count: number, most: number): Int32Array {
  const length = Math.min(count, most);
  return Int32Array.from(
    { length },
    (_, i) => Math.floor(i * count / length),
  );
}

/** How often each id occurs in some sentences. */
function counted(
  side: Side,
  pairs: Int32Array,
  vocabulary: number,
): Float64Array {
  const counts = new Float64Array(vocabulary);
  for (const pair of pairs) for (const id of sentence(side, pair)) counts[id]++;
  return counts;
}

/** Target ids of each source id s, at `offsets[s]` up to `offsets[s + 1]`, and their probabilities. */
interface Table {
  readonly offsets: Int32Array;
  readonly ids: Int32Array;
  readonly probabilities: Float64Array;
}

/**
 * The target ids that occur in the same pairs as a source id, those with the greatest c(s, t)^2 / c(t) first, all equally
 * probable.
 */
function associated(
  { source, target }: Tokens,
  pairs: Int32Array,
  vocabulary: number,
  most: number,
): Table {
  const occurrences = occurrencesOf(source, pairs, vocabulary);
  const frequency = counted(target, pairs, vocabulary);
  const together = new Float64Array(vocabulary);
  const offsets = new Int32Array(vocabulary + 1);
  const all: number[][] = [];
  for (let id = 0; id < vocabulary; id++) {
    const own = occurrences(id);
    const found: number[] = [];
    for (const i of spread(own.length, MOST_SENTENCES)) {
      for (const other of sentence(target, own[i])) {
        if (together[other]++ === 0) found.push(other);
      }
    }
    const score = (other: number) => together[other] ** 2 / frequency[other];
    found.sort((a, b) => score(b) - score(a) || a - b);
    all.push(found.slice(0, most));
    for (const other of found) together[other] = 0;
    offsets[id + 1] = offsets[id] + all[id].length;
  }
  const ids = Int32Array.from(all.flat());
  return { offsets, ids, probabilities: new Float64Array(ids.length).fill(1) };
}

/** Finds the pairs whose source has an id; one that has it twice is there twice. */
function occurrencesOf(
  source: Side,
  pairs: Int32Array,
  vocabulary: number,
): (id: number) => Int32Array {
  const ends = new Int32Array(vocabulary + 1);
  counted(source, pairs, vocabulary)
    .forEach((count, id) => ends[id + 1] = ends[id] + count);
  const found = new Int32Array(ends[vocabulary]);
  const next = ends.slice();
  for (const pair of pairs) {
    for (const id of sentence(source, pair)) found[next[id]++] = pair;
  }
  return (id) => found.subarray(ends[id], ends[id + 1]);
}

/**
 * One iteration of EM: t(t | s) becomes the expected share of t among what s is aligned with. A target id may also be aligned
 * with nothing, of which `nothing` are the probabilities; the new ones of these are returned.
 */
function maximised(
  { source, target }: Tokens,
  pairs: Int32Array,
  { offsets, ids, probabilities }: Table,
  nothing: Float64Array,
): Float64Array<ArrayBuffer> {
  const expected = new Float64Array(ids.length);
  const unaligned = new Float64Array(nothing.length);
  // Of each target id of the pair: how often it occurs, and the sum of t(t | s) over the source.
  const times = new Float64Array(nothing.length);
  const sums = new Float64Array(nothing.length);
  for (const pair of pairs) {
    if (lengthOf(source, pair) === 0) continue;
    const [from, to] = [sentence(source, pair), sentence(target, pair)];
    for (const id of to) {
      times[id]++;
      sums[id] = nothing[id];
    }
    for (const id of from) {
      for (let i = offsets[id]; i < offsets[id + 1]; i++) {
        if (times[ids[i]] > 0) sums[ids[i]] += probabilities[i];
      }
    }
    for (const id of from) {
      for (let i = offsets[id]; i < offsets[id + 1]; i++) {
        const other = ids[i];
        if (times[other] > 0) {
          expected[i] += times[other] * probabilities[i] / sums[other];
        }
      }
    }
    for (const id of to) unaligned[id] += nothing[id] / sums[id];
    for (const id of to) times[id] = 0;
  }
  for (let id = 0; id + 1 < offsets.length; id++) {
    normalise(expected.subarray(offsets[id], offsets[id + 1]));
  }
  probabilities.set(expected);
  return normalise(unaligned);
}

/** Divides by their sum, in place, unless that is 0. */
function normalise<Values extends Float64Array>(values: Values): Values {
  const sum = values.reduce((sum, value) => sum + value, 0);
  for (let i = 0; sum > 0 && i < values.length; i++) values[i] /= sum;
  return values;
}

/** The most probable target ids of each source id, ascending. */
function lists(
  { offsets, ids, probabilities }: Table,
  vocabulary: number,
  best: number,
): Int32Array[] {
  return Array.from({ length: vocabulary }, (_, id) => {
    const [start, end] = [offsets[id], offsets[id + 1]];
    const own = probabilities.subarray(start, end);
    const places = largest(own, best).filter((place) => own[place] > 0);
    return Int32Array.from(places, (place) => ids[start + place]).sort();
  });
}

/** The places of the largest values, at most so many; of equal ones the first. */
function largest(values: Float64Array, most: number): number[] {
  return [...values.keys()].sort((a, b) => values[b] - values[a] || a - b)
    .slice(0, most);
}
