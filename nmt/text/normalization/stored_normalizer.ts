/** The normalization of a SentencePiece model in the words of a `tokenizer.json`, and back. */
import { z } from "zod";
import { inputError } from "../../../base/input_error.ts";
import {
  type Normalization,
  normalizationOf,
  normalizer,
  SPACE,
} from "./normalizer.ts";

const SPACES = " {2,}", ENDS = "^ +| +$";

/** A normalization for other readers of the file; ours is `takeNormalizer`. */
export function normalizerJson(
  { charsmap, addsPrefix, removesSpaces }: Normalization,
) {
  const replace = (Regex: string, content: string) => ({
    type: "Replace",
    pattern: { Regex },
    content,
  });
  return {
    normalizer: {
      type: "Sequence",
      normalizers: [
        ...charsmap.length === 0 ? [] : [{
          type: "Precompiled",
          precompiled_charsmap: base64(charsmap),
        }],
        ...removesSpaces ? [replace(ENDS, ""), replace(SPACES, " ")] : [],
      ],
    },
    pre_tokenizer: {
      type: "Metaspace",
      replacement: SPACE,
      prepend_scheme: addsPrefix ? "always" : "never",
      split: false,
    },
  };
}

const Tokenizer = z.looseObject({
  normalizer: z.object({
    type: z.literal("Sequence"),
    normalizers: z.array(
      z.union([
        z.object({
          type: z.literal("Precompiled"),
          precompiled_charsmap: z.base64(),
        }),
        z.object({
          type: z.literal("Replace"),
          pattern: z.object({ Regex: z.enum([ENDS, SPACES]) }),
        }),
      ]),
    ),
  }),
  pre_tokenizer: z.object({
    type: z.literal("Metaspace"),
    prepend_scheme: z.enum(["always", "never"]),
    split: z.literal(false),
  }),
});

/** A tokenizer that takes normalized text, and how to normalize it. */
export interface NormalizedTokenizer {
  readonly normalize: (text: string) => string;
  /** A `tokenizer.json` for any library: text that `normalize` made goes in as it is. */
  readonly tokenizer: Readonly<Record<string, unknown>>;
}

/**
 * Takes the normalization out of a parsed `tokenizer.json` that an import wrote, since libraries apply it otherwise than
 * SentencePiece does. `what` is its name for the user.
 *
 * @throws An input error where another program wrote the file.
 */
export function takeNormalizer(
  json: unknown,
  what: string,
): NormalizedTokenizer {
  const parsed = Tokenizer.safeParse(json);
  if (!parsed.success) {
    throw inputError(
      `Cannot use ${what}: expected the normalizer of an imported model, found another; import the model again.`,
    );
  }
  return {
    normalize: normalizer(
      normalizationOf(parsed.data),
      (reason) =>
        inputError(
          `Cannot use the map of characters of ${what}: ${reason}; the file is damaged, get it again.`,
        ),
    ),
    tokenizer: { ...parsed.data, normalizer: null, pre_tokenizer: null },
  };
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
