/** Tokenizes in the browser with the ids of the project's own tokenizer, and the bytes of each subword. */
import { Tokenizer } from "@huggingface/tokenizers";

export interface Subwords {
  /** The ids of a text, without begin and end. */
  encode(text: string): number[];
  /** The text of ids, none of them special. */
  decode(ids: readonly number[]): string;
  /** Bytes of UTF-8 that each id stands for. */
  lengths(ids: readonly number[]): number[];
}

/**
 * The pattern of GPT-2 (Radford et al. 2019), as `tokenizers` has it built in: written out, since the library's own takes
 * for white space what JavaScript does, which is one character more and one less.
 */
const PATTERN = String
  .raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

const WORDS = {
  type: "Sequence",
  pretokenizers: [
    {
      type: "Split",
      pattern: { Regex: PATTERN },
      behavior: "Isolated",
      invert: false,
    },
    { type: "ByteLevel", add_prefix_space: false, use_regex: false },
  ],
};

/** Subwords of a `tokenizer.json` of this project. */
export function createSubwords(json: object): Subwords {
  const tokenizer = new Tokenizer(
    { ...json, pre_tokenizer: WORDS },
    // By default the library takes spaces before punctuation out of what it decodes.
    { clean_up_tokenization_spaces: false },
  );
  return {
    encode: (text) => tokenizer.encode(text, { add_special_tokens: false }).ids,
    decode: (ids) => ids.length === 0 ? "" : tokenizer.decode([...ids]),
    // A character of a subword stands for a byte.
    lengths: (ids) => ids.map((id) => tokenizer.id_to_token(id)?.length ?? 0),
  };
}
