"""Training images per second of every method, data path and optimiser included, beside what the arithmetic allows.

The recipe is the paper's in bfloat16 on a GPU, the demo's on a CPU; the images are noise. Floor: the step's arithmetic,
counted by torch, at the rate that a large matrix product in the same precision reached in the same process. Memory is
the greatest of the process, and what torch allocated on the device.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks import _runs
from training.provenance import peak_memory_mb

HEADS = ("method", "images a step", "images / s", "ms a step", "floor, ms", "of the floor's rate", "time / baseline",
         "GFLOP / baseline", "host, MB", "device, MB")  # fmt: skip


def measure(run: str, folder: Path) -> dict[str, float]:
    """Images per second, GFLOP and images of a step, and memory of one run."""
    made = _runs.trainer(run, folder)
    speed = _runs.images_per_second(made)
    memory = peak_memory_mb(made.device)
    images = 2 * made.recipe["batch.identities"] * made.recipe["batch.images"]
    peak = _runs.peak_gflops(made.recipe)
    return {"speed": speed, "images": images, "gflop": _runs.step_gflop(run), "peak": peak} | memory


def main(arguments: list[str]) -> int:
    """Print a Markdown row per method, and what a whole training on SYSU-MM01 would take."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks training", description=__doc__)
    parser.add_argument("--only", nargs="+", help="methods, by what they are called in the table")
    parser.add_argument("--compile", default="none", help="the recipe's `compile`")
    options = parser.parse_args(arguments)
    runs = {label: run for label, run in _runs.every_method().items() if not options.only or label in options.only}
    print(f"| {' | '.join(HEADS)} |\n|---|{'---:|' * (len(HEADS) - 1)}")
    base: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for label, run in runs.items():
            overrides = [f"compile={options.compile}"] if options.compile != "none" else []
            found = _runs.alone(measure, _runs.written(run, *overrides), Path(folder))
            base = base or found
            print(row(label, found, base), flush=True)
    if _runs.GPU:
        steps = _runs.SYSU.steps_per_epoch * _runs.SYSU.epochs
        label, minutes = next(iter(runs)), steps * base["images"] / base["speed"] / 60
        print(f"\nA whole training on SYSU-MM01 ({label}), {steps:,} steps at this rate: {minutes:.1f} minutes.")
    return 0


def row(label: str, found: dict[str, float], base: dict[str, float]) -> str:
    """A method's line; time and arithmetic are compared per image."""
    step = found["images"] / found["speed"]
    floor = found["gflop"] / found["peak"]
    own, plain = (x["gflop"] / x["images"] for x in (found, base))
    cells = (label, f"{found['images']:.0f}", f"{found['speed']:,.0f}", f"{1000 * step:.1f}", f"{1000 * floor:.1f}",
             f"{floor / step:.0%}", f"{base['speed'] / found['speed']:.2f}", f"{own / plain:.2f}",
             f"{found['host']:,.0f}", f"{found['device']:,.0f}" if "device" in found else "–")  # fmt: skip
    return f"| {' | '.join(cells)} |"
