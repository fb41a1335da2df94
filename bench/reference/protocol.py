"""Every training of the paper's protocol in PyTorch, teacher inside of the step; the other side of bench/measures/protocol.ts."""
import json
import time
from pathlib import Path

from figures import flags, read_batches, report, torch_with
from teacher_targets import stepper
from transformer import adam, cross_entropy, load

WARM_UP, PASSES = 1, 10
# Layer maps of the students with combined layers; see bench/measures/protocol.ts.
MAPS = [[[1, 2, 3], [4, 5, 6]], [[1, 2, 3, 4], [3, 4, 5, 6]], [[1, 2], [5, 6]], [[1, 3], [4, 6]]]


def main():
    options = flags(__doc__, {"steps": 4}, ["prepared"])
    whole = PASSES * json.loads(Path(options.prepared, "epoch.json").read_text())["batches"]
    torch = torch_with(options.threads)
    batches = read_batches(options.prepared, WARM_UP + options.steps)
    teacher = load(f"{options.prepared}/teacher.safetensors")

    def seconds(step):
        """Seconds that the whole training would take, from those of some of its steps."""
        for batch in batches[:WARM_UP]:
            step(batch)
        started = time.perf_counter()
        for batch in batches[WARM_UP:]:
            step(batch)
        return (time.perf_counter() - started) / options.steps * whole

    optimiser = adam(teacher.parameters())

    def teacher_step(batch):
        loss = cross_entropy(teacher, batch)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        loss.item()

    figures = {"teacher_s": seconds(teacher_step)}
    teacher.eval().requires_grad_(False)
    figures["no_kd_s"] = seconds(stepper(teacher, [], 0, 0))
    figures["rkd_s"] = seconds(stepper(teacher, [], 0.7, 0))
    for i, layers in enumerate(MAPS):
        figures[f"ckd_{i}_s"] = seconds(stepper(teacher, layers, 0.6, 0.2))
    figures["minutes"] = sum(figures.values()) / 60
    report(figures, options.threads, f"PyTorch {torch.__version__}, teacher inside")


main()
