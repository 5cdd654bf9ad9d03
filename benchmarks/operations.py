"""Where the time of a baseline step goes: torch's profile, operation by operation."""

import argparse
import tempfile
from pathlib import Path

from torch.profiler import ProfilerActivity, profile

from benchmarks import _runs

STEPS = 10
SHOWN = 20


def measure(run: str, folder: Path) -> tuple[list[tuple[str, int, float]], float]:
    """(operation, calls, own milliseconds) per step, longest first, and the milliseconds of a step."""
    made = _runs.trainer(run, folder, steps=STEPS)
    made.run_epoch()
    activities = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * _runs.GPU
    with profile(activities=activities) as profiler:
        made.run_epoch()
    kind = "self_device_time_total" if _runs.GPU else "self_cpu_time_total"
    found = [(event.key, event.count, getattr(event, kind) / 1000 / STEPS) for event in profiler.key_averages()]
    images = made.recipe["batch.identities"] * made.recipe["batch.images"] * 2
    return sorted(found, key=lambda row: -row[2]), 1000 * images / made.history[0]["images_per_second"]


def main(arguments: list[str]) -> int:
    """Print the longest operations as Markdown rows."""
    argparse.ArgumentParser(prog="python -m benchmarks operations", description=__doc__).parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        rows, step = _runs.alone(measure, _runs.written(_runs.BASELINE), Path(folder))
    total = sum(time for _, _, time in rows)
    print("| operation | calls a step | ms a step | of all operations |\n|---|---:|---:|---:|")
    for name, calls, time in rows[:SHOWN]:
        print(f"| {name[:80].replace('|', '/')} | {calls / STEPS:.1f} | {time:.3f} | {time / total:.0%} |")
    print(f"\nAll operations {total:.1f} ms, a step without the profiler {step:.1f} ms.")
    return 0
