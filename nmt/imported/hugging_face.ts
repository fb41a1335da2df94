/** Reads a Marian model as Hugging Face's Transformers writes it: `config.json` and `model.safetensors`. */
import { z } from "zod";
import { inputError, parse } from "../../base/input_error.ts";
import { Model } from "../../schemas/experiment/model.ts";
import { marianFields } from "../../schemas/hugging_face.ts";
import { readSafetensors } from "../tensor/safetensors.ts";
import { embeddingNames, type Weights } from "../transformer/parameters.ts";
import { checkFinite, type NamedArray, type NamedArrays } from "./arrays.ts";
import {
  checkRequired,
  type Settings,
  settingsOf,
  shown,
  unsupported,
} from "./settings.ts";
import {
  gatherWeights,
  layerSources,
  type Renumbering,
  type Source,
} from "./weights.ts";

export interface HuggingFaceConfig {
  readonly model: Model;
  readonly vocabulary: number;
  /** Ids of padding, of the end of a sentence, and of what begins a target sentence. */
  readonly padding: number;
  readonly end: number;
  readonly begin: number;
}

/** Settings that must have one value, which is also the one of a file that does not mention them. */
const REQUIRED: Settings = {
  model_type: "marian",
  normalize_before: false,
  normalize_embedding: false,
  add_final_layer_norm: false,
  static_position_embeddings: true,
};

/** Settings of the decoder that must equal those of the encoder. */
const EQUAL = [
  ["decoder_attention_heads", "encoder_attention_heads"],
  ["decoder_ffn_dim", "encoder_ffn_dim"],
  ["decoder_vocab_size", "vocab_size"],
] as const;

/** Settings that are ids of subwords. */
const IDS = [
  "pad_token_id",
  "eos_token_id",
  "decoder_start_token_id",
] as const;

const Config = z.looseObject({
  model_type: z.string(),
  ...marianFields,
  decoder_vocab_size: marianFields.vocab_size.nullish(),
  activation_function: z.enum(["relu", "swish", "silu"]),
  scale_embedding: z.boolean().default(false),
  share_encoder_decoder_embeddings: z.boolean().default(true),
  tie_word_embeddings: z.boolean().default(true),
});

/**
 * The model that a parsed `config.json` describes; `what` is the file's name for the user.
 *
 * @throws An input error where it describes none, or one that is not supported.
 */
export function readHuggingFaceConfig(
  json: unknown,
  what: string,
): HuggingFaceConfig {
  const settings = settingsOf(json, what);
  checkRequired(settings, REQUIRED, what);
  const config = parse(Config, settings, what);
  for (const [setting, of] of EQUAL) {
    const found = config[setting] ?? config[of];
    if (found !== config[of]) {
      throw unsupported(what, setting, shown(config[of]), found);
    }
  }
  for (const setting of IDS) {
    if (config[setting] >= config.vocab_size) {
      throw inputError(
        `Cannot use ${what}: expected "${setting}" to be below the "vocab_size" of ${config.vocab_size}, found ${
          config[setting]
        }; get the model again.`,
      );
    }
  }
  const isInput = config.share_encoder_decoder_embeddings;
  const isOutput = config.tie_word_embeddings;
  return {
    vocabulary: config.vocab_size,
    padding: config.pad_token_id,
    end: config.eos_token_id,
    begin: config.decoder_start_token_id,
    model: parse(Model, {
      encoderLayers: config.encoder_layers,
      decoderLayers: config.decoder_layers,
      width: config.d_model,
      feedForward: config.encoder_ffn_dim,
      heads: config.encoder_attention_heads,
      dropout: 0,
      norm: "post",
      normEpsilon: 1e-5,
      activation: config.activation_function === "relu" ? "relu" : "swish",
      feedForwardDepth: 2,
      autoregression: "self-attention",
      tiedEmbeddings: isInput
        ? isOutput ? "all" : "input"
        : isOutput
        ? "output"
        : "none",
      scaleEmbedding: config.scale_embedding,
      positions: "original",
      outputBias: true,
    }, what),
  };
}

/** Names of linear maps and norms by ours; a norm lies beside its sublayer, as `self_attn_layer_norm`. */
const SUBLAYERS: Readonly<
  Record<string, { readonly maps: string; readonly norm: string }>
> = {
  self: { maps: "self_attn.", norm: "self_attn_layer_norm" },
  cross: { maps: "encoder_attn.", norm: "encoder_attn_layer_norm" },
  feedForward: { maps: "", norm: "final_layer_norm" },
};
const MAPS: Readonly<Record<string, string>> = {
  query: "q_proj",
  key: "k_proj",
  value: "v_proj",
  output: "out_proj",
  inner: "fc1",
  outer: "fc2",
};

/** Names under which the matrices of source, target and output may be in a file, more than once where they are one. */
const EMBEDDINGS = {
  encoder: ["model.shared.weight", "model.encoder.embed_tokens.weight"],
  decoder: ["model.shared.weight", "model.decoder.embed_tokens.weight"],
  output: ["lm_head.weight"],
} as const;

/**
 * Our parameters of a `model.safetensors`.
 *
 * @throws An input error where the file is damaged, or of another model.
 */
export function huggingFaceWeights(
  path: string,
  model: Model,
  renumbering: Renumbering,
  what: string,
): Weights {
  const arrays = arraysOf(path, what);
  checkPositions(arrays, model, what);
  const sources = [
    ...vocabularySources(model, arrays, what),
    ...layerSources(
      model,
      {
        linear: (map) => {
          const [stack, layer, sublayer, name] = map.split(".");
          return parts(stack, layer, SUBLAYERS[sublayer].maps + MAPS[name]);
        },
        norm: (name) => {
          const [stack, layer, sublayer] = name.split(".");
          return parts(stack, layer, SUBLAYERS[sublayer].norm);
        },
      },
      true,
    ),
  ];
  return gatherWeights(model, arrays, sources, renumbering, what);
}

function parts(
  stack: string,
  layer: string,
  name: string,
): readonly [string, string] {
  const prefix = `model.${stack}.layers.${layer}.${name}`;
  return [`${prefix}.weight`, `${prefix}.bias`];
}

function arraysOf(path: string, what: string): Map<string, NamedArray> {
  const { tensors } = readSafetensors(path, what);
  return new Map(
    Object.entries(tensors).map(([name, { shape, data }]) => {
      if (!(data instanceof Float32Array || data instanceof Float16Array)) {
        throw inputError(
          `Cannot use ${what}: expected floats in "${name}", found ${data.constructor.name}; get the model again.`,
        );
      }
      const values = Float32Array.from(data);
      checkFinite(
        name,
        values,
        (reason) =>
          inputError(`Cannot use ${what}: ${reason}; get the model again.`),
      );
      return [name, { shape, data: values }];
    }),
  );
}

/** Takes tables of positions out, which are computed here, once they are seen to be the usual ones. */
function checkPositions(
  arrays: Map<string, NamedArray>,
  { width }: Model,
  what: string,
): void {
  const half = width / 2;
  for (const stack of ["encoder", "decoder"]) {
    const name = `model.${stack}.embed_positions.weight`;
    const { data = new Float32Array() } = arrays.get(name) ?? {};
    arrays.delete(name);
    const differs = data.findIndex((value, i) => {
      const feature = i % width, position = Math.floor(i / width);
      const angle = position / 10_000 ** ((feature % half) / half);
      const expected = feature < half ? Math.sin(angle) : Math.cos(angle);
      return Math.abs(value - expected) > 1e-3;
    });
    if (differs >= 0) {
      throw inputError(
        `Cannot use ${what}: expected sinusoids in "${name}", found learned positions, which are not supported; use another model.`,
      );
    }
  }
}

function vocabularySources(
  model: Model,
  arrays: Map<string, NamedArray>,
  what: string,
): Source[] {
  const names = embeddingNames(model);
  const groups = Map.groupBy(
    ["encoder", "decoder", "output"] as const,
    (part) => names[part],
  );
  const embeddings = [...groups].map(([parameter, parts]) => {
    const candidates = new Set(parts.flatMap((part) => EMBEDDINGS[part]));
    const found = [...candidates].filter((name) => arrays.has(name));
    const [name = [...candidates][0], ...copies] = found;
    for (const copy of copies) {
      checkCopy(arrays, name, copy, what);
      arrays.delete(copy);
    }
    return { parameter, arrays: [name], isVocabulary: true };
  });
  return [...embeddings, {
    parameter: "output.bias",
    arrays: ["final_logits_bias"],
    isVocabulary: true,
  }];
}

function checkCopy(
  arrays: NamedArrays,
  name: string,
  copy: string,
  what: string,
): void {
  const a = arrays.get(name)?.data, b = arrays.get(copy)?.data;
  if (
    a !== undefined && b !== undefined && a.length === b.length &&
    a.every((value, i) => value === b[i])
  ) return;
  throw inputError(
    `Cannot use ${what}: expected "${copy}" to equal "${name}" as its configuration says, found other values; get the model again.`,
  );
}
