"""Beam search of a student in CTranslate2, as fast as it goes on a CPU; prints one JSON line.

The same weights and ids as bench/measures/decode.ts: the model file is read as it is and becomes a CTranslate2 model, whose
translations with a beam of 1 can be compared with ours by --check. A wider beam is as wide as ours at first, but stays full
where ours narrows as hypotheses end, which CTranslate2 cannot. Only search is timed, ids in and ids out.
"""
import argparse
import json
import math
import os
import resource
import statistics
import sys
import tempfile
import time

import ctranslate2
import numpy as np
import tokenizers
from ctranslate2.specs import TransformerSpec

BOS, EOS = "<s>", "</s>"


def read_safetensors(path):
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        body = file.read()
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(body[begin:end], np.float32).reshape(entry["shape"])
    return tensors, metadata


def sinusoids(count, width):
    angles = np.arange(count)[:, None] / 10_000 ** (np.arange(width // 2) / (width // 2))
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


def convert(model, tokenizer, folder, precision):
    """Writes the CTranslate2 model of a model file; the bytes of its weights."""
    tensors, metadata = read_safetensors(model)
    config = json.loads(metadata["config"])
    spec = TransformerSpec.from_config((config["encoderLayers"], config["decoderLayers"]), config["heads"], pre_norm=True)

    def linear(target, name):  # ours are [in, out], theirs [out, in]
        target.weight = np.ascontiguousarray(tensors[f"{name}.weight"].T)
        target.bias = tensors[f"{name}.bias"].copy()

    def norm(target, name):
        target.gamma, target.beta = tensors[f"{name}.norm.gain"].copy(), tensors[f"{name}.norm.bias"].copy()

    def attention(target, name, maps):
        norm(target.layer_norm, name)
        for place, part in enumerate([*maps, "output"]):
            linear(target.linear[place], f"{name}.{part}")

    def feed_forward(target, name):
        norm(target.layer_norm, name)
        linear(target.linear_0, f"{name}.inner")
        linear(target.linear_1, f"{name}.outer")

    def ends(target, embeddings, name):
        embeddings.weight = tensors["embedding"].copy()
        target.position_encodings.encodings = sinusoids(1024, config["width"])
        norm(target.layer_norm, name)

    ends(spec.encoder, spec.encoder.embeddings[0], "encoder")
    ends(spec.decoder, spec.decoder.embeddings, "decoder")
    spec.decoder.projection.weight = tensors["embedding"].copy()
    for i, layer in enumerate(spec.encoder.layer):
        attention(layer.self_attention, f"encoder.{i}.self", ["queryKeyValue"])
        feed_forward(layer.ffn, f"encoder.{i}.feedForward")
    for i, layer in enumerate(spec.decoder.layer):
        attention(layer.self_attention, f"decoder.{i}.self", ["queryKeyValue"])
        attention(layer.attention, f"decoder.{i}.cross", ["query", "keyValue"])
        feed_forward(layer.ffn, f"decoder.{i}.feedForward")

    words = [word for word, _ in sorted(tokenizer.get_vocab().items(), key=lambda pair: pair[1])]
    spec.register_source_vocabulary(words)
    spec.register_target_vocabulary(words)
    spec.config.unk_token, spec.config.bos_token, spec.config.eos_token = words[0], BOS, EOS
    spec.config.decoder_start_token = BOS
    spec.config.add_source_eos = True
    spec.config.layer_norm_epsilon = 1e-5
    spec.validate()
    spec.optimize(quantization=precision)
    spec.save(folder)
    return os.path.getsize(os.path.join(folder, "model.bin"))


# Threads within a batch or batches side by side; examples or tokens, padding included, of a batch.
SETTINGS = [(inter, kind, size)
            for inter in (1, 2)
            for kind, size in [("examples", 8), ("examples", 16), ("examples", 32), ("examples", 64), ("examples", 128), ("tokens", 1024),
                               ("tokens", 4096)]]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ["model", "tokenizer", "source"]:
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--precision", choices=["float32", "int8"], default="float32")
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--length-penalty", type=float, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--singles", type=int, default=100, help="sentences that are translated one at a time")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--part", choices=["all", "batch", "single"], default="all")
    parser.add_argument("--batch", type=int, help="only settings of this size")
    parser.add_argument("--inter", type=int, help="only settings with so many batches side by side")
    parser.add_argument("--check", help="JSON lines of our translations with --beam 1; stderr says how many are the same")
    options = parser.parse_args()
    if options.check and options.beam != 1:
        parser.error(f"--check compares translations with --beam 1, found {options.beam}: only then are the searches the same")

    tokenizer = tokenizers.Tokenizer.from_file(options.tokenizer)
    with open(options.source, encoding="utf-8") as file:
        lines = [line.strip() for line in file][:options.sentences]
    source = [encoding.tokens for encoding in tokenizer.encode_batch(lines, add_special_tokens=False)]
    search = {"beam_size": options.beam, "length_penalty": options.length_penalty}
    figures = {}

    with tempfile.TemporaryDirectory() as folder:
        figures["bytes"] = convert(options.model, tokenizer, folder, options.precision)

        def translator(inter):
            return ctranslate2.Translator(folder, device="cpu", compute_type=options.precision, inter_threads=inter,
                                          intra_threads=max(1, options.threads // inter))

        if options.part != "single":
            translators = {1: translator(1), 2: translator(2)} if options.threads > 1 else {1: translator(1)}

            def run(inter, kind, size):
                before = time.perf_counter()
                results = translators[inter].translate_batch(source, batch_type=kind, max_batch_size=size,
                                                             return_scores=True, **search)
                return (time.perf_counter() - before) * 1000, results

            run(1, "examples", 64)
            settings = [setting for setting in SETTINGS
                        if setting[0] in translators and options.inter in (None, setting[0]) and options.batch in (None, setting[2])]
            best = settings[0] if len(settings) == 1 else min(settings, key=lambda setting: run(*setting)[0])
            runs = [run(*best) for _ in range(options.repeats)]
            figures["beam_ms"] = statistics.median(ms for ms, _ in runs)
            figures["batch"] = best[2]
            figures["inter"] = best[0]
            if options.check:
                check(options.check, tokenizer, runs[0][1], options.length_penalty)
            del translators

        if options.part != "batch":
            every = max(1, len(source) // options.singles)
            chosen = source[::every][:options.singles]
            # Threads may cost more than they give in so small products.
            latencies = []
            for threads in sorted({1, options.threads}):
                single = ctranslate2.Translator(folder, device="cpu", compute_type=options.precision, inter_threads=1,
                                                intra_threads=threads)
                for turn in range(2):  # The first to warm up.
                    times = []
                    for sentence in chosen:
                        before = time.perf_counter()
                        single.translate_batch([sentence], **search)
                        times.append((time.perf_counter() - before) * 1000)
                times.sort()
                latencies.append((times[math.ceil(0.5 * len(times)) - 1], times[math.ceil(0.95 * len(times)) - 1], threads))
                del single
            figures["latency_p50_ms"], figures["latency_p95_ms"], figures["latency_threads"] = min(latencies)

    print(json.dumps({
        "figures": figures,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "version": f"CTranslate2 {ctranslate2.__version__}",
        "threads": options.threads,
    }))


def check(path, tokenizer, results, length_penalty):
    with open(path) as file:
        ours = [json.loads(line) for line in file]
    same, gaps = 0, []
    for mine, theirs in zip(ours, results):
        ids = [tokenizer.token_to_id(token) for token in theirs.hypotheses[0]]
        if ids == mine["ids"]:
            same += 1
            gaps.append(abs(mine["normalised"] - theirs.scores[0]))
    print(f"{same} of {len(ours)} translations are the same; their scores differ by at most {max(gaps):.2g}",
          file=sys.stderr)


if __name__ == "__main__":
    main()
