"""A model of OPUS-MT's size as Hugging Face has them: random weights, subwords learned from real pairs; for bench/scale/large.ts."""
import argparse
import json
import random
from pathlib import Path

# Subwords of opus-mt-en-de with its padding; all parameters are 74 million.
VOCABULARY = 58_101


def learned(side, lines, folder, pieces):
    import sentencepiece

    prefix = f"{folder}/{side}"
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_prefix=prefix, vocab_size=pieces, hard_vocab_limit=False,
        bos_id=-1, eos_id=0, unk_id=1, pad_id=-1, minloglevel=2)
    Path(f"{prefix}.vocab").unlink()
    Path(f"{prefix}.model").rename(f"{prefix}.spm")
    processor = sentencepiece.SentencePieceProcessor(model_file=f"{prefix}.spm")
    return [processor.id_to_piece(i) for i in range(processor.get_piece_size())]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", required=True, help="a .tsv of source and target")
    parser.add_argument("--folder", required=True, help="where the model is written")
    parser.add_argument("--pieces", type=int, default=8000, help="subwords to learn of each side")
    given = parser.parse_args()
    import torch
    from transformers import MarianConfig, MarianMTModel

    pairs = [line.split("\t") for line in Path(given.pairs).read_text(encoding="utf-8").splitlines()]
    sides = [learned(side, [pair[i] for pair in pairs], given.folder, given.pieces)
             for i, side in enumerate(["source", "target"])]
    subwords = list(dict.fromkeys(sides[0] + sides[1]))
    # No text is cut into the others.
    subwords += [f"<unused {i}>" for i in range(VOCABULARY - 1 - len(subwords))]
    # Ids as far apart as where a large corpus decides their order.
    ordinary = subwords[2:]
    random.Random(1).shuffle(ordinary)
    ids = {subword: i for i, subword in enumerate(subwords[:2] + ordinary + ["<pad>"])}
    Path(given.folder, "vocab.json").write_text(json.dumps(ids, ensure_ascii=False), encoding="utf-8")
    torch.manual_seed(1)
    MarianMTModel(MarianConfig(
        vocab_size=VOCABULARY, d_model=512, encoder_layers=6, decoder_layers=6, encoder_attention_heads=8,
        decoder_attention_heads=8, encoder_ffn_dim=2048, decoder_ffn_dim=2048, max_position_embeddings=512,
        activation_function="swish", scale_embedding=True, pad_token_id=VOCABULARY - 1, eos_token_id=0,
        decoder_start_token_id=VOCABULARY - 1, forced_eos_token_id=0)).save_pretrained(given.folder)


main()
