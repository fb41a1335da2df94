/** Tokenizes in the browser with the ids of the project's own tokenizer, and the bytes of each subword. */
import { Tokenizer } from "@huggingface/tokenizers";
import {
  normalizationOf,
  normalizer,
  SPACE,
  type StoredNormalization,
} from "../../../../nmt/text/normalization/normalizer.ts";
import { cased, uncased } from "../../../../nmt/text/subwords/casing.ts";
import {
  lacking,
  mask,
  maskedPlaceholders,
  unmask,
} from "../../../../nmt/text/subwords/placeholders.ts";
import {
  isMark,
  isToken,
  reservedIn,
  symbolOf,
  tokenIdOf,
} from "../../../../nmt/text/subwords/reserved.ts";

export interface Subwords {
  /** The ids of a text in a language, without begin and end; the language matters where the model has several. */
  encode(text: string, language: string): number[];
  /** The text of ids, none of them special; placeholders in it are those of its source. */
  decode(ids: readonly number[], source: string): string;
  /** Bytes of UTF-8 that each id stands for, where placeholders are those of a source. */
  lengths(ids: readonly number[], source: string): number[];
  /** The placeholders of a source that a translation lacks; none where the model does not mask them. */
  lost(source: string, translation: string): string[];
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

/** Subwords of a `tokenizer.json` of this project: learnt here, or of an imported model. */
export function createSubwords(stored: object): Subwords {
  // Here no text becomes one of the special subwords that other libraries are told of.
  const json = { ...stored, added_tokens: [] };
  return isImported(json) ? importedSubwords(json) : learntSubwords(json);
}

function isImported(json: object): json is StoredNormalization {
  return "pre_tokenizer" in json && typeof json.pre_tokenizer === "object" &&
    json.pre_tokenizer !== null && "type" in json.pre_tokenizer &&
    json.pre_tokenizer.type === "Metaspace";
}

// By default the library takes spaces before punctuation out of what it decodes.
const CONFIG = { clean_up_tokenization_spaces: false };

function learntSubwords(json: object): Subwords {
  const tokenizer = new Tokenizer({ ...json, pre_tokenizer: WORDS }, CONFIG);
  const reserved = reservedIn((id) => tokenizer.id_to_token(id));
  const { placeholders: most, casing } = reserved;
  const maskedOf = (line: string) => maskedPlaceholders(line, most);
  const encoder = new TextEncoder();
  return {
    encode: (text, language) => {
      const masked = most === 0 ? text : mask(text, maskedOf(text));
      const { ids } = tokenizer.encode(casing ? cased(masked) : masked, {
        add_special_tokens: false,
      });
      const token = tokenIdOf(language, reserved);
      return token === undefined ? ids : [token, ...ids];
    },
    decode: (all, source) => {
      const ids = all.filter((id) => !isToken(id, reserved));
      if (ids.length === 0) return "";
      const decoded = tokenizer.decode(ids);
      const text = casing ? uncased(decoded) : decoded;
      return most === 0 ? text : unmask(text, maskedOf(source));
    },
    lengths: (ids, source) => {
      const placeholders = most === 0 ? [] : maskedOf(source);
      return ids.map((id) => {
        if (isToken(id, reserved) || isMark(id, reserved)) return 0;
        const symbol = symbolOf(id, reserved);
        if (symbol !== undefined) {
          const value = placeholders[symbol] ?? "";
          return encoder.encode(value.normalize("NFC")).length;
        }
        // A character of a subword stands for a byte.
        return tokenizer.id_to_token(id)?.length ?? 0;
      });
    },
    lost: (source, translation) =>
      most === 0 ? [] : lacking(source, translation),
  };
}

/** Text is normalized here: the library has only a few rules in place of SentencePiece's map of characters. */
function importedSubwords(json: StoredNormalization): Subwords {
  const normalize = normalizer(normalizationOf(json));
  const tokenizer = new Tokenizer(
    { ...json, normalizer: null, pre_tokenizer: null },
    CONFIG,
  );
  const encoder = new TextEncoder();
  return {
    encode: (text) => {
      const normal = normalize(text);
      return normal === ""
        ? []
        : tokenizer.encode(normal, { add_special_tokens: false }).ids;
    },
    decode: (ids) => ids.length === 0 ? "" : tokenizer.decode([...ids]),
    // The space that is put before a text takes none of its bytes.
    lengths: (ids) =>
      ids.map((id, i) => {
        const subword = tokenizer.id_to_token(id) ?? "";
        if (/^<0x[0-9A-F]{2}>$/.test(subword)) return 1;
        const own = i === 0 ? subword.replace(SPACE, "") : subword;
        return encoder.encode(own.replaceAll(SPACE, " ")).length;
      }),
    lost: () => [],
  };
}
