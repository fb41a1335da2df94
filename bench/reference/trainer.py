"""Training of a 12-layer teacher by Marian's own trainer (pymarian) on a CPU, on the pairs of the product's batches, each
subword id a word; another peer of bench/measures/training.ts.

Marian makes batches of its own of as many tokens, and needs not one update at a time: with two workers each updates the
weights when it is ready. Target tokens a second, padding not counted, are those that its log counts after the first updates.
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from figures import flags, report

WARM_UP = 4
BATCH_TOKENS = 2560
PAD, EOS = 0, 2
# As in the product's program, end and begin of sentence are no word; Marian's own two come first in its vocabulary.
SPECIAL = 3
LINE = re.compile(r"Up\. (\d+) .* Cost \S+ \* ([\d,]+) .* Time ([\d.]+)s")


def main():
    options = flags(__doc__, {"width": 256, "feed-forward": 1024, "heads": 8, "layers": 6, "vocabulary": 8000,
                              "dropout": 0.1, "steps": 20, "workers": 0, "sync": -1}, ["prepared"])
    with tempfile.TemporaryDirectory() as folder:
        write_text(options, Path(folder))
        settings = [(options.workers, options.sync)] if options.workers else candidates(options.threads)
        rates = {setting: train(options, Path(folder), *setting) for setting in settings}
    workers, sync = max(rates, key=rates.get)
    from importlib.metadata import version

    name = f"Marian's trainer, pymarian {version('pymarian')}, {workers} workers{', synchronous' if sync else ''}"
    report({"tokens_per_s": rates[workers, sync], "workers": workers, "sync": sync}, options.threads, name)


def candidates(threads):
    """Numbers of workers, and whether they wait for each other; which is fastest depends on the CPU."""
    return [(1, 0), *([(threads, 0), (threads, 1)] if threads > 1 else [])]


def write_text(options, folder):
    """Writes the pairs of the batches as words, and the vocabulary."""
    from safetensors.numpy import load_file

    tensors = load_file(f"{options.prepared}/batches.safetensors")
    count = sum(name.endswith(".pairs") for name in tensors)
    for side, part in (("source", "source"), ("target", "labels")):
        lines = [" ".join(f"w{id}" for id in row if id not in (PAD, EOS))
                 for i in range(count) for row in tensors[f"{i}.{part}"]]
        (folder / side).write_text("".join(f"{line}\n" for line in lines))
    words = ["</s>", "<unk>", *(f"w{id}" for id in range(SPECIAL, options.vocabulary))]
    (folder / "vocabulary.yml").write_text("".join(f'"{word}": {i}\n' for i, word in enumerate(words)))


def train(options, folder, workers, sync):
    """Target tokens a second."""
    log = folder / f"log-{workers}-{sync}"
    updates = WARM_UP * workers + options.steps
    subprocess.run([
        sys.executable, "-c", "import sys, _pymarian; sys.exit(_pymarian.main(sys.argv[1:]))", "train",
        "--type", "transformer", "--enc-depth", str(options.layers), "--dec-depth", str(options.layers),
        "--dim-emb", str(options.width), "--transformer-dim-ffn", str(options.feed_forward),
        "--transformer-heads", str(options.heads), "--transformer-dropout", str(options.dropout),
        "--transformer-preprocess", "n", "--transformer-postprocess", "da", "--transformer-postprocess-top", "n",
        "--tied-embeddings-all", "--label-smoothing", "0.1", "--optimizer-params", "0.9", "0.998", "1e-09",
        "--clip-norm", "0", "--train-sets", str(folder / "source"), str(folder / "target"),
        "--vocabs", str(folder / "vocabulary.yml"), str(folder / "vocabulary.yml"), "--max-length", "200",
        "--model", str(folder / f"model-{workers}-{sync}.npz"), "--tempdir", str(folder), "--overwrite",
        "--mini-batch-words", str(BATCH_TOKENS), "--workspace", "1024", "--cpu-threads", str(workers),
        *(["--sync-sgd"] if sync else []), "--data-threads", "1", "--seed", "1", "--disp-freq", "1u",
        "--after-batches", str(updates), "--save-freq", "1000000u", "--quiet", "--log", str(log),
    ], check=True, stdout=subprocess.DEVNULL)
    return rate(log.read_text(), WARM_UP * workers)


def rate(log, warm_up):
    """Target tokens a second in a log with a line an update, the first updates left out."""
    updates = [(int(update), int(tokens.replace(",", "")), float(seconds)) for update, tokens, seconds in LINE.findall(log)]
    counted = [(tokens, seconds) for update, tokens, seconds in updates if update > warm_up]
    if not counted:
        raise ValueError(f"Expected more than {warm_up} updates in Marian's log, found {len(updates)}")
    return sum(tokens for tokens, _ in counted) / sum(seconds for _, seconds in counted)


if __name__ == "__main__":
    main()
