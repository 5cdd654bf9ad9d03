"""Images per second of rendering, indexing and packing, by number of processes, on people rendered for the purpose."""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from datasets.preparation.index import make_index
from datasets.preparation.pack import pack
from datasets.synthetic.knobs import Knobs
from datasets.synthetic.plan import Size
from datasets.synthetic.plan_sysu_mm01 import make_plan
from datasets.synthetic.write import write_dataset

# Crops of SYSU-MM01 vary around this height and width.
RENDERED = Knobs(seed=0, height=256, width=112)
INPUT = (288, 144)


def main(arguments: list[str]) -> int:
    """Print one Markdown row per number of processes; every number is the best of `--repeats`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks packing", description=__doc__)
    parser.add_argument("--identities", type=int, default=20, help="about 28 images each")
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args(arguments)
    plan = make_plan(Size(options.identities - 4, 4, 6), seed=0)
    print(
        f"{len(plan.shots)} images of {RENDERED.height}x{RENDERED.width}, packed to {INPUT[0]}x{INPUT[1]} (Lanczos)\n"
    )
    print("| processes | rendered / s | indexed / s | packed / s |\n|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        root, array = Path(folder) / "raw", Path(folder) / "images.npy"
        for jobs in options.jobs:
            render = _best(options.repeats, lambda jobs=jobs: write_dataset(plan, RENDERED, {}, root, jobs))
            index = _best(options.repeats, lambda jobs=jobs: make_index("sysu_mm01", root, "test", None, jobs))
            rows = make_index("sysu_mm01", root, "test", None, jobs)
            packed = _best(
                options.repeats, lambda rows=rows, jobs=jobs: pack(rows, root, INPUT, "lanczos", array, jobs)
            )
            rates = " | ".join(f"{len(rows) / seconds:,.0f}" for seconds in (render, index, packed))
            print(f"| {jobs} | {rates} |", flush=True)
    return 0


def _best(repeats: int, action: Callable[[], object]) -> float:
    """Seconds of the fastest of `repeats` calls."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)
