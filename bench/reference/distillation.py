"""The distillation step in PyTorch on the product's batches of real sentences; the other side of bench/measures/distillation.ts."""
import time

from figures import flags, read_batches, report, torch_with
from teacher_targets import stepper
from transformer import load

WARM_UP = 2


def main():
    options = flags(__doc__, {"steps": 10}, ["prepared"])
    torch = torch_with(options.threads)
    teacher = load(f"{options.prepared}/teacher.safetensors").eval()
    step = stepper(teacher, [[1, 2, 3], [4, 5, 6]], alpha=0.6, beta=0.2)
    batches = read_batches(options.prepared, WARM_UP + options.steps)
    for batch in batches[:WARM_UP]:
        step(batch)
    started = time.perf_counter()
    for batch in batches[WARM_UP:]:
        step(batch)
    seconds = time.perf_counter() - started
    report({"step_ms": seconds / options.steps * 1000}, options.threads, f"PyTorch {torch.__version__}")


main()
