/** `config.json` of an exported model: languages, sizes, ids, search settings and quality. */
import { z } from "zod";
import { isName } from "../base/names.ts";
import { Languages } from "./experiment/data.ts";
import { Language } from "./language.ts";
import { Evaluation } from "./experiment/evaluation.ts";
import { Model } from "./experiment/model.ts";
import { marianFields } from "./hugging_face.ts";
import { Sha256 } from "./sha256.ts";

/** Version of the exported folder; a reader refuses another one. */
export const EXPORT_SCHEMA = 1;

/** The folders of the graphs, by the numbers that they compute with. */
export const EXPORT_PRECISIONS = ["fp32", "int8"] as const;
export type ExportPrecision = typeof EXPORT_PRECISIONS[number];

const id = z.int().min(0);
const bytes = z.int().min(1);

/** Translations of the test set by the graph `translate.onnx` of a precision, scored. */
const Quality = z.strictObject({
  bleu: z.number(),
  chrf: z.number(),
});

/** Where training text is from, and on what terms; of the user's own files nothing is known. */
export const Licence = z.strictObject({
  data: z.string(),
  licence: z.string(),
});
export type Licence = z.infer<typeof Licence>;

/** The architecture by the names of Hugging Face's `MarianConfig`; earlier exports have none of it. */
const HuggingFaceConfig = z.strictObject({
  model_type: z.literal("marian"),
  is_encoder_decoder: z.literal(true),
  ...marianFields,
  activation_function: z.string(),
  dropout: z.number(),
  scale_embedding: z.boolean(),
  static_position_embeddings: z.literal(true),
  max_position_embeddings: z.int().min(1),
  share_encoder_decoder_embeddings: z.boolean(),
  tie_word_embeddings: z.boolean(),
  bos_token_id: id,
});
export type HuggingFaceConfig = z.infer<typeof HuggingFaceConfig>;

export const ExportConfig = z.strictObject({
  ...HuggingFaceConfig.partial().shape,
  schema: z.literal(EXPORT_SCHEMA),
  /** The system that it is, such as "rkd". */
  system: z.string().refine(
    (name) => isName(name),
    "expected a name of 1 to 256 characters that can be printed",
  ),
  languages: Languages,
  /** Its source languages, where it has several: each sentence begins with the token of its own, such as `<2pt>`. */
  sources: z.array(Language).min(2).optional(),
  model: Model,
  parameters: z.int().min(1),
  /** Ids in all. */
  vocabulary: z.int().min(1),
  ids: z.strictObject({
    pad: id,
    bos: id,
    eos: id,
    /** None where no text is beyond the subwords, as those of bytes. */
    unk: id.nullable(),
  }),
  /**
   * How placeholders of a line are masked, and put back in its translation: the n-th different match of `pattern`, counted
   * from 0, is the character of code point `first` + n; of `most` at most. Hugging Face's libraries cannot do so.
   */
  placeholders: z.strictObject({
    pattern: z.string(),
    first: z.int(),
    most: z.int().min(1),
  }).optional(),
  /**
   * The code points that stand before a word, and the space before it, of which all or the first letter were in upper case;
   * Hugging Face's libraries cannot put them there.
   */
  casing: z.strictObject({ capitalized: z.int(), upper: z.int() }).optional(),
  /** Ids that a sentence may have at most, on either side, its end not counted. */
  maximumLength: z.int().min(1),
  /** Where the graphs that translate choose ids among the candidates of a short-list: how many of these there are. */
  shortlist: z.strictObject({
    /** Candidates of every sentence, the special ids not counted. */
    frequent: z.int().min(0),
    /** Candidates of a source id at most. */
    longest: z.int().min(0),
  }).optional(),
  /** What the figures below were measured with; the exponent is part of the graphs. */
  ...Evaluation.pick({ beam: true, lengthPenalty: true }).shape,
  quality: z.strictObject({
    fp32: Quality,
    int8: Quality,
    /** sacreBLEU's account of how BLEU was computed. */
    signature: z.string(),
  }).optional(),
  /** Of the graph that translates. */
  bytes: z.strictObject({ fp32: bytes, int8: bytes }),
  /** Of the same; earlier exports have none. */
  sha256: z.strictObject({ fp32: Sha256, int8: Sha256 }).optional(),
  licences: z.array(Licence),
});
export type ExportConfig = z.infer<typeof ExportConfig>;
