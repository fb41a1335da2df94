/** The tokenized pairs of a corpus, in memory and as a file. */
import { inputError } from "../../../base/input_error.ts";
import {
  readSafetensors,
  type StoredTensor,
  writeSafetensors,
} from "../../tensor/safetensors.ts";
import { column } from "../../growing_array.ts";

/** The sentences of one side: those of sentence i are `ids[offsets[i]]` up to `ids[offsets[i + 1]]`. */
export interface Side {
  /** Concatenated, without begin and end of sentence. */
  readonly ids: Int32Array;
  /** One more than there are sentences. */
  readonly offsets: Int32Array;
}

export interface Tokens {
  readonly source: Side;
  readonly target: Side;
  readonly pairs: number;
}

/** Packs sentences as they come. */
export interface Packer {
  add(ids: Int32Array): void;
  /** What was added so far, as a view that is valid until more comes. */
  side(): Side;
}

export function packer(): Packer {
  const ids = column(Int32Array), offsets = column(Int32Array);
  offsets.push(0);
  return {
    add: (sentence) => {
      ids.append(sentence);
      offsets.push(ids.length);
    },
    side: () => ({ ids: ids.values, offsets: offsets.values }),
  };
}

/**
 * Packs the ids of sentences, one list each.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { packSide, sentence } from "./tokens.ts";
 *
 * const side = packSide([Int32Array.of(5, 6), Int32Array.of(7)]);
 * assertEquals([...side.offsets], [0, 2, 3]);
 * assertEquals([...sentence(side, 1)], [7]);
 * ```
 */
export function packSide(sentences: readonly Int32Array[]): Side {
  const { add, side } = packer();
  sentences.forEach(add);
  return side();
}

/** The ids of one sentence, as a view. */
export function sentence({ ids, offsets }: Side, index: number): Int32Array {
  return ids.subarray(offsets[index], offsets[index + 1]);
}

/** How many ids a sentence has. */
export function lengthOf({ offsets }: Side, index: number): number {
  return offsets[index + 1] - offsets[index];
}

export function writeTokens(path: string, { source, target }: Tokens): void {
  const vector = (data: Int32Array): StoredTensor => ({
    shape: [data.length],
    data,
  });
  writeSafetensors(path, {
    "source.ids": vector(source.ids),
    "source.offsets": vector(source.offsets),
    "target.ids": vector(target.ids),
    "target.offsets": vector(target.offsets),
  }, {});
}

/** Reads what `writeTokens` wrote; anything else is an input error. */
export function readTokens(path: string): Tokens {
  const what = "tokens";
  const { tensors } = readSafetensors(path, what);
  const broken = (why: string) =>
    inputError(
      `Cannot read ${what} "${path}": ${why}; make them again with the tokenize stage.`,
    );
  const vector = (name: string): Int32Array => {
    const data = tensors[name]?.data;
    if (!(data instanceof Int32Array)) {
      throw broken(`it has no int32 tensor "${name}"`);
    }
    return data;
  };
  const side = (name: string): Side => {
    const ids = vector(`${name}.ids`), offsets = vector(`${name}.offsets`);
    const isValid = offsets.length > 0 && offsets[0] === 0 &&
      offsets[offsets.length - 1] === ids.length &&
      offsets.every((offset, i) => i === 0 || offset >= offsets[i - 1]);
    if (!isValid) throw broken(`its ${name} offsets do not fit its ids`);
    return { ids, offsets };
  };
  const source = side("source"), target = side("target");
  if (source.offsets.length !== target.offsets.length) {
    throw broken("its two sides differ in their number of sentences");
  }
  return { source, target, pairs: source.offsets.length - 1 };
}
