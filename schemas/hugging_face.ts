/** Fields of Hugging Face's `MarianConfig` that imports read and exports write. */
import { z } from "zod";

const count = z.int().min(1), id = z.int().min(0);

export const marianFields = {
  vocab_size: count,
  d_model: count,
  encoder_layers: count,
  decoder_layers: count,
  encoder_attention_heads: count,
  decoder_attention_heads: count,
  encoder_ffn_dim: count,
  decoder_ffn_dim: count,
  pad_token_id: id,
  eos_token_id: id,
  decoder_start_token_id: id,
} as const;
