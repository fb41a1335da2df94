/** The tokenized pairs of a corpus, in memory and as a file. */
import { inputError } from "../../../base/input_error.ts";
import {
  readSafetensors,
  type StoredTensor,
  writeSafetensors,
} from "../../tensor/safetensors.ts";
import { column } from "../../growing_array.ts";
import { ID_NUMBERS, sentenceId } from "./sentence_ids.ts";

/** The sentences of one side: those of sentence i are `ids[offsets[i]]` up to `ids[offsets[i + 1]]`. */
export interface Side {
  /** Concatenated, without begin and end of sentence. */
  readonly ids: Int32Array;
  /** One more than there are sentences. */
  readonly offsets: Int32Array;
  /** [sentences, 2]: which sentence each is (`sentenceId`), whatever file it goes through. */
  readonly sentenceIds: Int32Array;
}

/** Pairs of sentences; `target` is of empty ones for text that has no translations. */
export interface Tokens {
  readonly source: Side;
  readonly target: Side;
  readonly pairs: number;
}

/** Packs sentences as they come. */
export interface Packer {
  /** Adds a sentence; its id is that of its subwords, unless another is given. */
  add(ids: Int32Array, sentenceId?: Int32Array): void;
  /** What was added so far, as a view that is valid until more comes. */
  side(): Side;
}

export function packer(): Packer {
  const ids = column(Int32Array), offsets = column(Int32Array);
  const sentenceIds = column(Int32Array);
  offsets.push(0);
  return {
    add: (sentence, id = sentenceId(sentence)) => {
      ids.append(sentence);
      offsets.push(ids.length);
      sentenceIds.append(id);
    },
    side: () => ({
      ids: ids.values,
      offsets: offsets.values,
      sentenceIds: sentenceIds.values,
    }),
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
  for (const sentence of sentences) add(sentence);
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

/** The sentence ids of the sentences from first to end, [end - first, 2], as a view. */
export function sentenceIdsOf(
  { sentenceIds }: Side,
  first: number,
  end: number,
): Int32Array {
  return sentenceIds.subarray(ID_NUMBERS * first, ID_NUMBERS * end);
}

/**
 * The pairs of some token files, one file after the other, each with its sentence ids.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { joinTokens, packSide, sentence } from "./tokens.ts";
 *
 * const side = (id: number) => packSide([Int32Array.of(id)]);
 * const joined = joinTokens([
 *   { source: side(5), target: side(6), pairs: 1 },
 *   { source: side(7), target: side(8), pairs: 1 },
 * ]);
 * assertEquals([...sentence(joined.target, 1)], [8]);
 * ```
 */
export function joinTokens(parts: readonly Tokens[]): Tokens {
  const side = (name: "source" | "target") => {
    const { add, side } = packer();
    for (const { [name]: from, pairs } of parts) {
      for (let pair = 0; pair < pairs; pair++) {
        add(sentence(from, pair), sentenceIdsOf(from, pair, pair + 1));
      }
    }
    return side();
  };
  return {
    source: side("source"),
    target: side("target"),
    pairs: parts.reduce((sum, { pairs }) => sum + pairs, 0),
  };
}

/** The tensors of one side of a token file: `NAME.sentences` [sentences, 2], `NAME.ids`, `NAME.offsets`. */
export function sideTensors(
  name: string,
  { ids, offsets, sentenceIds }: Side,
): Record<string, StoredTensor> {
  const vector = (data: Int32Array): StoredTensor => ({
    shape: [data.length],
    data,
  });
  return {
    [`${name}.sentences`]: {
      shape: [sentenceIds.length / ID_NUMBERS, ID_NUMBERS],
      data: sentenceIds,
    },
    [`${name}.ids`]: vector(ids),
    [`${name}.offsets`]: vector(offsets),
  };
}

/** The side that `sideTensors` wrote; `broken` makes the error of a file that has none. */
export function sideFrom(
  tensors: Readonly<Record<string, StoredTensor>>,
  name: string,
  broken: (why: string) => Error,
): Side {
  const numbers = (part: string): Int32Array => {
    const data = tensors[`${name}.${part}`]?.data;
    if (!(data instanceof Int32Array)) {
      throw broken(`it has no int32 tensor "${name}.${part}"`);
    }
    return data;
  };
  const ids = numbers("ids"), offsets = numbers("offsets");
  const isValid = offsets.length > 0 && offsets[0] === 0 &&
    offsets[offsets.length - 1] === ids.length &&
    offsets.every((offset, i) => i === 0 || offset >= offsets[i - 1]);
  if (!isValid) throw broken(`its ${name} offsets do not fit its ids`);
  const sentenceIds = numbers("sentences");
  if (sentenceIds.length !== ID_NUMBERS * (offsets.length - 1)) {
    throw broken(`its ${name} sentence ids do not fit its offsets`);
  }
  return { ids, offsets, sentenceIds };
}

export function writeTokens(path: string, { source, target }: Tokens): void {
  writeSafetensors(path, {
    ...sideTensors("source", source),
    ...sideTensors("target", target),
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
  const source = sideFrom(tensors, "source", broken);
  const target = sideFrom(tensors, "target", broken);
  if (source.offsets.length !== target.offsets.length) {
    throw broken("its two sides differ in their number of sentences");
  }
  return { source, target, pairs: source.offsets.length - 1 };
}
