"""Training of a 12-layer teacher in PyTorch on the product's batches of real sentences; the other side of bench/measures/training.ts."""
import contextlib
import time

from figures import flags, read_batches, report, torch_with
from transformer import Transformer, adam, cross_entropy

WARM_UP = 2


def main():
    options = flags(__doc__, {"width": 256, "feed-forward": 1024, "heads": 8, "layers": 6, "vocabulary": 8000,
                              "dropout": 0.1, "steps": 20, "bf16": 0}, ["prepared"])
    torch = torch_with(options.threads)
    model = Transformer(options.vocabulary, options.layers, options.layers, options.width, options.feed_forward,
                        options.heads, options.dropout)
    optimiser = adam(model.parameters())
    precision = torch.autocast("cpu", dtype=torch.bfloat16) if options.bf16 else contextlib.nullcontext()
    tokens = 0
    for step, batch in enumerate(read_batches(options.prepared, WARM_UP + options.steps)):
        if step == WARM_UP:
            started = time.perf_counter()
        with precision:
            loss = cross_entropy(model, batch)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        loss.item()
        tokens += len(batch.labels) if step >= WARM_UP else 0
    name = f"PyTorch {torch.__version__}" + (", bf16 autocast" if options.bf16 else "")
    report({"tokens_per_s": tokens / (time.perf_counter() - started)}, options.threads, name)


main()
