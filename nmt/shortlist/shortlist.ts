/** The short-list of the output vocabulary: among which ids the translation of a sentence is searched. */
import { inputError } from "../../base/input_error.ts";
import { EOS } from "../../schemas/experiment/vocabulary.ts";
import {
  readSafetensors,
  type StoredTensor,
  writeSafetensors,
} from "../tensor/safetensors.ts";

/** The file beside the weights of a model. */
export const SHORTLIST_FILE = "shortlist.safetensors";

/** Target ids that translate each source id. */
export interface Shortlist {
  /** Ids that are candidates of every sentence beside the special ones, ascending. */
  readonly frequent: Int32Array<ArrayBuffer>;
  /** [vocabulary + 1]: those of source id s are `ids[offsets[s]]` up to `ids[offsets[s + 1]]`. */
  readonly offsets: Int32Array<ArrayBuffer>;
  readonly ids: Int32Array<ArrayBuffer>;
}

/** Ids of 16 bits, which most vocabularies have, are stored as such: the file is half as large. */
const MOST_16_BITS = 1 << 16;

/** The short-list of a list for each source id; what is a candidate anyway is left out of the lists. */
export function shortlistOf(
  frequent: readonly number[],
  lists: readonly ArrayLike<number>[],
): Shortlist {
  const always = new Set([...specials(), ...frequent]);
  const kept = lists.map((list, own) =>
    Array.from(list).filter((id) => id !== own && !always.has(id))
  );
  const offsets = new Int32Array(kept.length + 1);
  kept.forEach((list, id) => offsets[id + 1] = offsets[id] + list.length);
  return {
    frequent: Int32Array.from(always).sort().subarray(EOS + 1),
    offsets,
    ids: Int32Array.from(kept.flat()),
  };
}

/** How many ids the longest list has. */
export function longestList({ offsets }: Shortlist): number {
  return offsets.reduce(
    (most, end, i) => i === 0 ? 0 : Math.max(most, end - offsets[i - 1]),
    0,
  );
}

const vocabularyOf = ({ offsets }: Shortlist): number => offsets.length - 1;

const specials = () => Array.from({ length: EOS + 1 }, (_, id) => id);

/** The ids that are candidates of every sentence: the special ones and the frequent ones, ascending. */
export function alwaysCandidates(
  { frequent }: Pick<Shortlist, "frequent">,
): number[] {
  return [...specials(), ...frequent];
}

/** The ids as they are stored. */
function compact(
  ids: Int32Array<ArrayBuffer>,
  vocabulary: number,
): Int32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> {
  return vocabulary <= MOST_16_BITS ? Uint16Array.from(ids) : ids;
}

/** Writes a short-list; equal ones give equal bytes. */
export function writeShortlist(path: string, shortlist: Shortlist): void {
  const { frequent, offsets, ids } = shortlist;
  const vector = (data: StoredTensor["data"]): StoredTensor => ({
    shape: [data.length],
    data,
  });
  writeSafetensors(path, {
    frequent: vector(frequent),
    offsets: vector(offsets),
    ids: vector(compact(ids, vocabularyOf(shortlist))),
  });
}

/**
 * Reads what `writeShortlist` wrote; `what` is its name for the user.
 *
 * @throws An input error where the file is missing, damaged, or of another vocabulary.
 */
export function readShortlist(
  path: string,
  vocabulary: number,
  what = `the short-list "${path}"`,
): Shortlist {
  const { tensors } = readSafetensors(path, what);
  const broken = (why: string) =>
    inputError(`Cannot use ${what}: ${why}; make it again.`);
  const vector = (name: string): Int32Array<ArrayBuffer> => {
    const data = tensors[name]?.data;
    if (data instanceof Int32Array || data instanceof Uint16Array) {
      return Int32Array.from(data);
    }
    throw broken(`expected a tensor of ids "${name}", found none`);
  };
  const shortlist = {
    frequent: vector("frequent"),
    offsets: vector("offsets"),
    ids: vector("ids"),
  };
  const fault = faultOf(shortlist, vocabulary);
  if (fault !== undefined) throw broken(fault);
  return shortlist;
}

/** What is wrong with a short-list for a vocabulary; undefined where nothing is. */
export function faultOf(
  { frequent, offsets, ids }: {
    readonly frequent: ArrayLike<number>;
    readonly offsets: Int32Array;
    readonly ids: Int32Array;
  },
  vocabulary: number,
): string | undefined {
  if (offsets.length !== vocabulary + 1) {
    return `expected the lists of ${vocabulary} subwords, found ${
      Math.max(0, offsets.length - 1)
    }, those of another vocabulary`;
  }
  const wrong = offsets.findIndex((offset, i) =>
    i === 0 ? offset !== 0 : offset < offsets[i - 1]
  );
  if (wrong >= 0) {
    return `expected offsets that ascend from 0, found ${
      offsets[wrong]
    } for subword ${wrong}`;
  }
  const end = offsets[vocabulary];
  if (end !== ids.length) {
    return `expected offsets up to its ${ids.length} ids, found ${end}`;
  }
  for (const list of [frequent, ids]) {
    const beyond = Array.prototype.find.call(
      list,
      (id: number) => id < 0 || id >= vocabulary,
    );
    if (beyond !== undefined) {
      return `expected ids below ${vocabulary}, found ${beyond}, of another vocabulary`;
    }
  }
}
