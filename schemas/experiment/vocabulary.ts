/** Configuration of the subwords, and the special ids of every vocabulary. */
import { z } from "zod";

/**
 * A shared byte-pair encoding of source and target with all 256 bytes in its alphabet: no input is untranslatable. The
 * subwords of an imported teacher are its own, of which `size` is the number.
 */
export const Vocabulary = z.strictObject({
  size: z.int().min(5).max(1_000_000).default(8000),
  /** Pairs with a side of more subwords than this are not trained on. */
  maximumLength: z.int().min(2).max(1000).default(100),
});
export type Vocabulary = z.infer<typeof Vocabulary>;

/** Padding, begin of sentence, end of sentence. */
export const PAD = 0, BOS = 1, EOS = 2;
