"""Greedy translation of a Marian model by Marian itself (pymarian), on one core; prints one JSON line.

An 8-bit .bin of Bergamot's becomes floats first, which is what Marian's own kernels read. Only translation is timed, in
seconds of the CPU.
"""
import argparse
import json
import struct
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
from pymarian import Translator

FLOAT32, INT8, INTGEMM8 = 0x404, 0x101, 0x4101


def read_bin(path):
    data = Path(path).read_bytes()
    _, count = struct.unpack_from("<QQ", data)
    headers = [struct.unpack_from("<QQQQ", data, 16 + 32 * i) for i in range(count)]
    at = 16 + 32 * count
    names, shapes, arrays = [], [], {}
    for length, _, _, _ in headers:
        names.append(data[at:at + length - 1].decode())
        at += length
    for _, _, dimensions, _ in headers:
        shapes.append(struct.unpack_from(f"<{dimensions}i", data, at))
        at += 4 * dimensions
    at += 8 + struct.unpack_from("<Q", data, at)[0]
    for (_, kind, _, size), name, shape in zip(headers, names, shapes):
        values, at = data[at:at + size], at + size
        elements = int(np.prod(shape))
        if kind == INTGEMM8:
            scaled = np.frombuffer(values, np.int8, elements) / np.frombuffer(values, np.float32, 1, elements)
            matrix = scaled.astype(np.float32)
            arrays[name] = matrix.reshape(shape) if name.endswith("Wemb") else matrix.reshape(shape[::-1]).T.copy()
        else:
            arrays[name] = np.frombuffer(values, {FLOAT32: np.float32, INT8: np.int8}[kind], elements).reshape(shape)
    return {name: array for name, array in arrays.items() if not name.endswith("QuantMultA")}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help=".npz or .bin")
    parser.add_argument("--vocabulary", required=True, help=".spm")
    parser.add_argument("--source", required=True)
    parser.add_argument("--out", required=True, help="where the translations are written")
    given = parser.parse_args()
    lines = Path(given.source).read_text().split("\n")[:-1]
    with tempfile.TemporaryDirectory() as folder:
        model = given.model
        if not model.endswith(".npz"):
            model = f"{folder}/model.npz"
            np.savez(model, **read_bin(given.model))
        translator = Translator(
            f"--models {model} --vocabs {given.vocabulary} {given.vocabulary} --beam-size 1 --normalize 1 "
            "--cpu-threads 1 --mini-batch 32 --maxi-batch 100 --maxi-batch-sort src --quiet --max-length-factor 2.5")
        translator.translate(lines[:50])
        before = time.process_time()
        found = translator.translate(lines)
        seconds = time.process_time() - before
    Path(given.out).write_text("".join(f"{line}\n" for line in found))
    print(json.dumps({"seconds": seconds, "version": f"pymarian {version('pymarian')}"}))


if __name__ == "__main__":
    main()
