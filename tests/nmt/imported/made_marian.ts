/** Models of Marian and of Hugging Face for tests, of one layer, with a value for each place. */
import { configuration, counting, type MadeArray } from "./made.ts";

/** The settings of a student of Bergamot with 5 subwords. */
export const MARIAN_SETTINGS = {
  type: "transformer",
  "dim-vocabs": [5, 5],
  "dim-emb": 4,
  "enc-depth": 1,
  "dec-depth": 1,
  "dec-cell": "ssru",
  "input-types": [],
  "tied-embeddings": false,
  "tied-embeddings-all": true,
  "tied-embeddings-src": false,
  "transformer-decoder-autoreg": "rnn",
  "transformer-dim-ffn": 6,
  "transformer-ffn-activation": "relu",
  "transformer-ffn-depth": 2,
  "transformer-heads": 2,
  "transformer-postprocess": "dan",
  "transformer-postprocess-emb": "d",
  "transformer-postprocess-top": "",
  "transformer-preprocess": "",
  "transformer-tied-layers": [],
  version: "v1.9.56 94aeaa46",
};

/** The arrays of such a model: each begins at another hundred. */
export function marianArrays(
  settings: Readonly<Record<string, unknown>> = {},
): Record<string, MadeArray> {
  const all = { ...MARIAN_SETTINGS, ...settings };
  const width = Number(all["dim-emb"]),
    inner = Number(all["transformer-dim-ffn"]);
  const [subwords] = all["dim-vocabs"] as number[];
  const linear = (weight: string, bias: string, from: number, to: number) => ({
    [weight]: [from, to],
    [bias]: [1, to],
  });
  const norm = (name: string) => ({
    [`${name}_ln_scale`]: [1, width],
    [`${name}_ln_bias`]: [1, width],
  });
  const attention = (name: string) => ({
    ...Object.assign(
      {},
      ...["q", "k", "v", "o"].map((map) =>
        linear(`${name}_W${map}`, `${name}_b${map}`, width, width)
      ),
    ),
    ...norm(`${name}_Wo`),
  });
  const block = (name: string) => ({
    ...linear(`${name}_W1`, `${name}_b1`, width, inner),
    ...linear(`${name}_W2`, `${name}_b2`, inner, width),
    ...norm(`${name}_ffn`),
  });
  const layers = (depth: unknown, layer: (name: string) => object) =>
    Object.assign(
      {},
      ...Array.from({ length: Number(depth) }, (_, i) => layer(`l${i + 1}`)),
    );
  const shapes: Record<string, number[]> = {
    Wemb: [subwords, width],
    decoder_ff_logit_out_b: [1, subwords],
    ...layers(all["enc-depth"], (name) => ({
      ...attention(`encoder_${name}_self`),
      ...block(`encoder_${name}_ffn`),
    })),
    ...layers(all["dec-depth"], (name) => ({
      [`decoder_${name}_rnn_W`]: [width, width],
      ...linear(
        `decoder_${name}_rnn_Wf`,
        `decoder_${name}_rnn_bf`,
        width,
        width,
      ),
      ...norm(`decoder_${name}_rnn_ffn`),
      ...attention(`decoder_${name}_context`),
      ...block(`decoder_${name}_ffn`),
    })),
  };
  return {
    ...Object.fromEntries(
      Object.entries(shapes).map(([name, shape], i) => [
        name,
        counting(shape, 100 * i),
      ]),
    ),
    "special:model.yml": configuration(JSON.stringify(all)),
  };
}

/** The configuration of a model of Hugging Face with 6 subwords, the last of which is for padding. */
export const HUGGING_FACE_CONFIG = {
  model_type: "marian",
  vocab_size: 6,
  d_model: 4,
  encoder_layers: 1,
  decoder_layers: 1,
  encoder_attention_heads: 2,
  decoder_attention_heads: 2,
  encoder_ffn_dim: 6,
  decoder_ffn_dim: 6,
  activation_function: "swish",
  scale_embedding: true,
  static_position_embeddings: true,
  share_encoder_decoder_embeddings: true,
  tie_word_embeddings: true,
  normalize_before: false,
  pad_token_id: 5,
  eos_token_id: 0,
  decoder_start_token_id: 5,
};

/** The arrays of such a model: each begins at another hundred. */
export function huggingFaceArrays(): Record<
  string,
  { readonly shape: readonly number[]; readonly data: Float32Array }
> {
  const linear = (name: string, from: number, to: number) => ({
    [`${name}.weight`]: [to, from],
    [`${name}.bias`]: [to],
  });
  const norm = (name: string) => ({
    [`${name}.weight`]: [4],
    [`${name}.bias`]: [4],
  });
  const layer = (name: string, attentions: readonly string[]) =>
    Object.assign(
      {},
      ...attentions.flatMap((attention) => [
        ...["q", "k", "v", "out"].map((map) =>
          linear(`${name}.${attention}.${map}_proj`, 4, 4)
        ),
        norm(`${name}.${attention}_layer_norm`),
      ]),
      linear(`${name}.fc1`, 4, 6),
      linear(`${name}.fc2`, 6, 4),
      norm(`${name}.final_layer_norm`),
    );
  const shapes: Record<string, number[]> = {
    "model.shared.weight": [6, 4],
    final_logits_bias: [1, 6],
    ...layer("model.encoder.layers.0", ["self_attn"]),
    ...layer("model.decoder.layers.0", ["self_attn", "encoder_attn"]),
  };
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape], i) => [
      name,
      counting(shape, 100 * i),
    ]),
  );
}
