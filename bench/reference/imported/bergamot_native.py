"""Greedy translation of an 8-bit Bergamot model by Bergamot itself, on one core; prints one JSON line.

Needs the wheel of `bergamot` 0.4.5 and the Python that it is for (3.10 at most). Its own module is loaded alone: the
package's opens the network. Only translation is timed, in seconds of the CPU.
"""
import argparse
import importlib.util
import json
import time
from importlib.metadata import version
from pathlib import Path


def engine():
    folder = Path(importlib.util.find_spec("bergamot").submodule_search_locations[0])
    spec = importlib.util.spec_from_file_location("_bergamot", next(folder.glob("_bergamot*.so")))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help=".bin")
    parser.add_argument("--vocabulary", required=True, help=".spm")
    parser.add_argument("--shortlist", help="lex*.bin")
    parser.add_argument("--source", required=True)
    parser.add_argument("--out", required=True, help="where the translations are written")
    given = parser.parse_args()
    lines = Path(given.source).read_text().split("\n")[:-1]
    bergamot = engine()
    service = bergamot.Service(bergamot.ServiceConfig(numWorkers=1, logLevel="off"))
    shortlist = f"shortlist: [{given.shortlist}, false]" if given.shortlist else ""
    model = service.modelFromConfig(f"""
models: [{given.model}]
vocabs: [{given.vocabulary}, {given.vocabulary}]
{shortlist}
beam-size: 1
normalize: 1.0
word-penalty: 0
mini-batch-words: 1024
max-length-break: 128
max-length-factor: 2.5
skip-cost: true
cpu-threads: 0
quiet: true
quiet-translation: true
gemm-precision: int8shiftAlphaAll
alignment: soft
workspace: 128
ssplit-mode: sentence
""")
    options = bergamot.ResponseOptions()
    translate = lambda lines: service.translate(model, bergamot.VectorString(lines), options)
    translate(lines[:50])
    before = time.process_time()
    found = translate(lines)
    seconds = time.process_time() - before
    Path(given.out).write_text("".join(f"{response.target.text.strip()}\n" for response in found))
    print(json.dumps({"seconds": seconds, "version": f"bergamot {version('bergamot')}"}))


if __name__ == "__main__":
    main()
