"""What the measuring scripts share: their flags, the batches that the product wrote, the one JSON line that they print."""
import argparse
import json
import resource


def flags(description, numbers, texts=()):
    """Reads --threads and the flags of these names, given with their defaults; texts have to be given."""
    parser = argparse.ArgumentParser(description=description)
    for name, default in {"threads": 2, **numbers}.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    for name in texts:
        parser.add_argument(f"--{name}", required=True)
    return parser.parse_args()


def torch_with(threads):
    import torch

    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    return torch


def read_batches(folder, count):
    """The first batches of the file that bench/text/prepared.ts wrote, which are those of the product."""
    from safetensors.torch import load_file
    from transformer import prepared

    tensors = load_file(f"{folder}/batches.safetensors")
    return [prepared(*(tensors[f"{i}.{part}"] for part in ("source", "target", "labels"))) for i in range(count)]


def report(figures, threads, version):
    print(json.dumps({
        "figures": figures,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "version": version,
        "threads": threads,
    }))
