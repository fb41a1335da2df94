/** What Hugging Face's libraries read of an exported model: its architecture, settings of search, and the subwords. */
import type {
  ExportConfig,
  HuggingFaceConfig,
} from "../../schemas/exported_model.ts";
import { tokenOf } from "../text/subwords/language_tokens.ts";

type Described = Pick<
  ExportConfig,
  | "model"
  | "vocabulary"
  | "ids"
  | "maximumLength"
  | "beam"
  | "lengthPenalty"
  | "sources"
>;
type Json = Readonly<Record<string, unknown>>;

/** Whether these libraries make the ids of a text alone: it needs no masked placeholders and no marks of casing. */
export function isSharedText(
  { placeholders, casing }: {
    readonly placeholders?: unknown;
    readonly casing?: unknown;
  },
): boolean {
  return placeholders === undefined && !casing;
}

/** The part of `config.json`. The libraries have graphs in place of this kind's own layers. */
export function huggingFaceConfig(
  { model, vocabulary, ids, maximumLength }: Described,
): HuggingFaceConfig {
  const { heads, feedForward, tiedEmbeddings: tied } = model;
  return {
    model_type: "marian",
    is_encoder_decoder: true,
    vocab_size: vocabulary,
    d_model: model.width,
    encoder_layers: model.encoderLayers,
    decoder_layers: model.decoderLayers,
    encoder_attention_heads: heads,
    decoder_attention_heads: heads,
    encoder_ffn_dim: feedForward,
    decoder_ffn_dim: feedForward,
    activation_function: model.activation,
    dropout: model.dropout,
    scale_embedding: model.scaleEmbedding,
    static_position_embeddings: true,
    max_position_embeddings: maximumLength + 1,
    share_encoder_decoder_embeddings: tied === "all" || tied === "input",
    tie_word_embeddings: tied === "all" || tied === "output",
    pad_token_id: ids.pad,
    bos_token_id: ids.bos,
    eos_token_id: ids.eos,
    decoder_start_token_id: ids.bos,
  };
}

/** `generation_config.json`. Ids that no translation has cannot be chosen; a length counts begin and end. */
export function generationConfig(
  { ids, beam, lengthPenalty, maximumLength }: Described,
): Json {
  return {
    bos_token_id: ids.bos,
    decoder_start_token_id: ids.bos,
    eos_token_id: ids.eos,
    pad_token_id: ids.pad,
    bad_words_ids: [[ids.pad], [ids.bos]],
    num_beams: beam,
    length_penalty: lengthPenalty,
    early_stopping: false,
    max_length: maximumLength + 2,
    do_sample: false,
  };
}

export interface SharedTokenizer {
  /** The text of `tokenizer.json`, which ends a sentence and knows special subwords. */
  readonly tokenizer: string;
  /** `tokenizer_config.json`. */
  readonly config: Json;
}

/** The subwords for other readers, from the text of a `tokenizer.json` of this project. */
export function sharedTokenizer(
  text: string,
  { ids, maximumLength, sources = [] }: Described,
): SharedTokenizer {
  // What this project adds for text of the target is known to no other reader.
  const { target: _, known: __, ...source } = JSON.parse(text);
  const words = wordsOf(source.model.vocab);
  const [pad, bos, eos] = [ids.pad, ids.bos, ids.eos].map((id) => words[id]);
  const special = (content: string) => ({
    ...{ content, single_word: false, lstrip: false, rstrip: false },
    ...{ normalized: false, special: true },
  });
  // Which text begins with, unlike a special one; the space after it is part of it.
  const tokens = sources.map((language) => ({
    ...{ id: words.indexOf(tokenOf(language)), ...special(tokenOf(language)) },
    ...{ special: false, rstrip: true },
  }));
  const sequence = (id: string) => ({ Sequence: { id, type_id: 0 } });
  const end = { SpecialToken: { id: eos, type_id: 0 } };
  return {
    tokenizer: JSON.stringify({
      ...source,
      added_tokens: [
        ...[[ids.pad, pad], [ids.bos, bos], [ids.eos, eos]]
          .map(([id, word]) => ({ id, ...special(String(word)) })),
        ...tokens,
      ],
      post_processor: {
        type: "TemplateProcessing",
        single: [sequence("A"), end],
        pair: [sequence("A"), sequence("B"), end],
        special_tokens: { [eos]: { id: eos, ids: [ids.eos], tokens: [eos] } },
      },
    }),
    config: {
      tokenizer_class: "PreTrainedTokenizerFast",
      pad_token: pad,
      bos_token: bos,
      eos_token: eos,
      added_tokens_decoder: {
        [ids.pad]: special(pad),
        [ids.bos]: special(bos),
        [ids.eos]: special(eos),
        ...Object.fromEntries(tokens.map(({ id, ...token }) => [id, token])),
      },
      // Its end is counted.
      model_max_length: maximumLength + 1,
      model_input_names: ["input_ids", "attention_mask"],
      padding_side: "right",
      clean_up_tokenization_spaces: false,
      // "</s>" in a text is four characters.
      split_special_tokens: true,
    },
  };
}

/** Subwords by id. */
export function wordsOf(
  vocab: readonly (readonly [string, number])[] | Record<string, number>,
): string[] {
  if (Array.isArray(vocab)) return vocab.map(([word]) => word);
  return Object.entries(vocab).toSorted(([, a], [, b]) => a - b)
    .map(([word]) => word);
}
