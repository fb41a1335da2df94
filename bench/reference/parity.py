"""Trains in PyTorch what the product trains, to see that both learn the same; `curves` for bench/parity.ts, `train` to the end.

    python parity.py curves --folder FOLDER
    python parity.py train --tokens TRAIN.safetensors --validation VALIDATION.safetensors --config CONFIG.json
                           --out MODEL.safetensors --work FOLDER
"""
import argparse
import json
import sys
from pathlib import Path

from figures import torch_with

sys.path.append(str(Path(__file__).parent / "training_runs"))

TRAIN = """Trains to the end on the product's token files: the same initial values, batches, schedule and average of the best
checkpoints, other dropout masks. CONFIG has `model`, `training` and `vocabulary` (its size) as the product's manifest has
them in the preimage of a teacher, and `seed` (default 1). MODEL is for the product: translate with it. A training that
stopped goes on from what it finds in the work folder."""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("curves").add_argument("--folder", required=True)
    train = commands.add_parser("train", description=TRAIN)
    for name in ("tokens", "validation", "config", "out", "work"):
        train.add_argument(f"--{name}", required=True)
    for command in commands.choices.values():
        command.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch = torch_with(options.threads)
    try:
        if options.command == "curves":
            from curves import curves

            print(json.dumps({**curves(options.folder), "version": f"PyTorch {torch.__version__}"}))
        else:
            from fit import fit

            fit(options)
    except (ValueError, OSError) as error:
        print(f"Cannot {options.command}: {error}.", file=sys.stderr)
        sys.exit(2)


main()
