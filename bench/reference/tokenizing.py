"""From a file of real pairs to packed ids by the Rust library called from Python; the other side of bench/measures/tokenizing.ts."""
import os
import time

from figures import flags, report


def main():
    options = flags(__doc__, {}, ["prepared"])
    os.environ["RAYON_NUM_THREADS"] = str(options.threads)
    import numpy
    import tokenizers

    tokenizer = tokenizers.Tokenizer.from_file(f"{options.prepared}/tokenizer.json")
    started = time.perf_counter()
    with open(f"{options.prepared}/train.tsv", encoding="utf-8") as file:
        pairs = [line.rstrip("\n").split("\t") for line in file]
    for side in zip(*pairs):
        encodings = tokenizer.encode_batch_fast(list(side), add_special_tokens=False)
        ids = [encoding.ids for encoding in encodings]
        offsets = numpy.zeros(len(ids) + 1, dtype=numpy.int32)
        numpy.cumsum([len(each) for each in ids], out=offsets[1:])
        packed = numpy.fromiter((i for each in ids for i in each), dtype=numpy.int32, count=int(offsets[-1]))
    seconds = time.perf_counter() - started
    assert len(packed) == offsets[-1]
    report({"pairs_per_s": len(pairs) / seconds}, options.threads, f"tokenizers {tokenizers.__version__} from Python")


main()
