/** Configuration of the subwords, and the special ids of every vocabulary. */
import { z } from "zod";

/**
 * A shared byte-pair encoding of source and target with all 256 bytes in its alphabet: no input is untranslatable. The
 * subwords of an imported teacher are its own, of which `size` is the number.
 */
export const Vocabulary = z.strictObject({
  size: z.int().min(5).max(1_000_000).default(8000),
  /** Pairs with a side of more subwords than this are neither trained on nor validated with. */
  maximumLength: z.int().min(2).max(1000).default(100),
  /** Students of an imported teacher have only so many of its subwords: those that their text uses, then the first others. */
  students: z.int().min(5).optional(),
  /**
   * So many different placeholders of a sentence, such as `%s`, `{0}`, tags and addresses, are each one reserved subword, and
   * come back as they are in its translation. Off without a number; an imported teacher has no such subwords.
   */
  placeholders: z.int().min(1).max(30).optional(),
  /**
   * Words become lower-case after a reserved subword that says how they were: `File` and `file` share their subwords. Off by
   * default; an imported teacher has no such subwords.
   */
  casing: z.literal("markup").optional(),
});
export type Vocabulary = z.infer<typeof Vocabulary>;

/** A lexical short-list: the subwords that translate which, so that a translation is chosen among hundreds and not all. */
export const Shortlist = z.strictObject({
  /** Most frequent target subwords, which are candidates of every sentence. */
  first: z.int().min(0).max(10_000).default(50),
  /** Most probable target subwords of each source subword, at most. */
  best: z.int().min(1).max(1000).default(50),
});
export type Shortlist = z.infer<typeof Shortlist>;

/** Padding, begin of sentence, end of sentence. */
export const PAD = 0, BOS = 1, EOS = 2;
