/** Short-lists for tests: random ones of ours, and files as Marian writes them. */
import { random } from "../../../nmt/random.ts";
import {
  type Shortlist,
  shortlistOf,
} from "../../../nmt/shortlist/shortlist.ts";
import { FIRST_WORD } from "../fixtures/plain_search.ts";
import { joined, numbers } from "../imported/made.ts";

/** Of random words: `frequent` ones, and up to `longest` for each source word. */
export function randomShortlist(
  vocabulary: number,
  seed: number,
  { frequent = 2, longest = 3 } = {},
): Shortlist {
  const next = random("shortlist", seed);
  const words = (count: number) =>
    Array.from(
      { length: count },
      () => FIRST_WORD + Math.floor(next() * (vocabulary - FIRST_WORD)),
    );
  const lists = Array.from(
    { length: vocabulary },
    (_, id) =>
      id < FIRST_WORD
        ? []
        : [...new Set(words(Math.floor(next() * (longest + 1))))],
  );
  return shortlistOf(words(frequent), lists);
}

/** What a file of Marian's says. */
export interface MadeFile {
  readonly first?: number;
  readonly lists: readonly (readonly number[])[];
  readonly magic?: bigint;
  readonly checksum?: bigint;
  readonly offsets?: readonly number[];
}

export const MAGIC = 0xf11a48d5013417f5n;

/** The bytes of a file of Marian's; what is not given is right. */
export function marianFile(
  { first = 2, lists, magic = MAGIC, ...given }: MadeFile,
): Uint8Array<ArrayBuffer> {
  const ids = lists.flat();
  const offsets = given.offsets ?? lists.reduce<number[]>(
    (ends, list) => [...ends, ends[ends.length - 1] + list.length],
    [0],
  );
  const content = joined(
    numbers(8, first, 50, offsets.length, ids.length),
    numbers(8, ...offsets),
    numbers(4, ...ids),
  );
  const begin = new BigUint64Array([magic, given.checksum ?? hash(content)]);
  return joined(new Uint8Array(begin.buffer), content);
}

/** The checksum by its definition in boost's hash_combine, on words of 64 bits. */
function hash(content: Uint8Array<ArrayBuffer>): bigint {
  const words = new BigUint64Array(content.buffer, 0, content.length >> 3);
  let seed = 0n;
  for (const word of words) {
    const sum = (word + 0x9e3779b9n + (seed << 6n) + (seed >> 2n)) &
      ~(-1n << 64n);
    seed ^= sum;
  }
  return seed;
}

/** The candidates of one sentence, ascending, by their definition. */
export function plainCandidates(
  { frequent, offsets, ids }: Shortlist,
  source: Int32Array,
): number[] {
  const all = [0, 1, 2, ...frequent, ...source];
  for (const id of source) all.push(...ids.slice(offsets[id], offsets[id + 1]));
  return [...new Set(all)].sort((a, b) => a - b);
}
