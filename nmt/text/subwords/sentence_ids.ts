/** Sentence ids: 64 bits of a sentence, by which every join of files sees that both speak of the same one. */
import { createHash } from "node:crypto";

/** Numbers of an id: two of 32 bits. */
export const ID_NUMBERS = 2;

/**
 * The id of a sentence, [2]: the first 8 bytes of the SHA-256 of its text in UTF-8. A sentence that a model made, or a
 * test, has no text: its subword ids are hashed instead. Equal sentences have equal ids.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sentenceId } from "./sentence_ids.ts";
 *
 * // printf 'ein Haus' | sha256sum
 * assertEquals(new Uint8Array(sentenceId("ein Haus").buffer).toHex(), "0be71800b392d4ff");
 * ```
 */
export function sentenceId(
  sentence: string | Int32Array,
): Int32Array<ArrayBuffer> {
  const digest = createHash("sha256").update(
    typeof sentence === "string" ? sentence : new Uint8Array(
      sentence.buffer,
      sentence.byteOffset,
      4 * sentence.length,
    ),
  ).digest();
  return Int32Array.of(digest.readInt32LE(0), digest.readInt32LE(4));
}

/** The first sentence whose id differs between two lists of ids, [sentences, 2] each, or undefined where they are equal. */
export function firstDifference(
  one: Int32Array,
  other: Int32Array,
): number | undefined {
  const end = Math.max(one.length, other.length);
  for (let i = 0; i < end; i++) {
    if (one[i] !== other[i]) return Math.floor(i / ID_NUMBERS);
  }
}
