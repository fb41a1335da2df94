/** Configuration of beam search and scoring. */
import { z } from "zod";

/** Beam search and scoring. */
export const Evaluation = z.strictObject({
  /** Hypotheses kept a sentence; 1 is greedy search. */
  beam: z.int().min(1).max(64).default(5),
  /** Exponent of the hypothesis length that a score is divided by. */
  lengthPenalty: z.number().min(0).max(5).default(1),
  /** Tokenizer of BLEU, as sacreBLEU names it. */
  tokenize: z.enum(["13a", "intl", "char", "none"]).default("13a"),
  lowercase: z.boolean().default(false),
});
export type Evaluation = z.infer<typeof Evaluation>;
