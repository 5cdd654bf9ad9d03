"""What the recipe keys `precision`, `deterministic` and `compile` cost or bring: the baseline's images per second."""

import argparse
import tempfile
from pathlib import Path

from benchmarks import _runs

PRECISIONS = ("float32", "tf32", "bfloat16", "float16") if _runs.GPU else ("float32", "bfloat16")
COMPILERS = ("none", "kernels", "graphs") if _runs.GPU else ("none",)


def measure(run: str, folder: Path) -> float:
    """Images per second of a run."""
    return _runs.images_per_second(_runs.trainer(run, folder))


def main(arguments: list[str]) -> int:
    """Print a Markdown row per combination."""
    argparse.ArgumentParser(prog="python -m benchmarks options", description=__doc__).parse_args(arguments)
    print("| precision | deterministic | compile | images / s | speed / default |\n|---|---|---|---:|---:|")
    default = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for precision in PRECISIONS:
            for deterministic in ("on", "off"):
                for compiler in COMPILERS if precision == "bfloat16" else ("none",):
                    keys = (f"precision={precision}", f"deterministic={deterministic}", f"compile={compiler}")
                    speed = _runs.alone(measure, _runs.written(_runs.BASELINE, *keys), Path(folder))
                    default = default or speed
                    cells = (precision, deterministic, compiler, f"{speed:,.0f}", f"{speed / default:.2f}")
                    print(f"| {' | '.join(cells)} |", flush=True)
    return 0
