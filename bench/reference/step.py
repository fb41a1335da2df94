"""The training step of a 12-layer teacher in PyTorch on one synthetic batch without padding; the other side of bench/measures/step.ts."""
import contextlib
import statistics
import time

from figures import flags, report, torch_with
from transformer import Transformer, adam, cross_entropy, prepared

WARM_UP = 2


def main():
    options = flags(__doc__, {"width": 256, "feed-forward": 1024, "heads": 8, "layers": 6, "vocabulary": 8000, "rows": 32,
                              "length": 32, "dropout": 0.1, "steps": 10, "bf16": 0})
    torch = torch_with(options.threads)
    model = Transformer(options.vocabulary, options.layers, options.layers, options.width, options.feed_forward,
                        options.heads, options.dropout)
    optimiser = adam(model.parameters())
    batch = prepared(*torch.randint(3, options.vocabulary, (3, options.rows, options.length)).unbind(0))
    precision = torch.autocast("cpu", dtype=torch.bfloat16) if options.bf16 else contextlib.nullcontext()

    steps = []
    for step in range(options.steps + WARM_UP):
        before = time.perf_counter()
        with precision:
            loss = cross_entropy(model, batch)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        loss.item()
        if step >= WARM_UP:
            steps.append((time.perf_counter() - before) * 1000)
    name = f"PyTorch {torch.__version__}" + (", bf16 autocast" if options.bf16 else "")
    report({"step_ms": statistics.median(steps)}, options.threads, name)


main()
