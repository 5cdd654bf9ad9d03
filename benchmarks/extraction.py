"""Feature extraction, images per second from packed array to feature table, beside what the arithmetic allows.

Floor: the forward pass's arithmetic, counted by torch, at the rate of a large matrix product in the same process.
"""

import argparse
import tempfile
from pathlib import Path

import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

import methods
from benchmarks import _runs
from methods import costs
from training.embed import embed
from training.provenance import peak_memory_mb

IMAGES = 6_000 if _runs.GPU else 2_000  # SYSU-MM01 has 10,578 test images


def measure(run: str, folder: Path) -> tuple[float, float, dict[str, float]]:
    """Images per second, those of the floor, and the greatest memory."""
    made = _runs.trainer(run, folder, steps=1)
    half = min(IMAGES // 2, _runs.SYSU.identities * _runs.EACH)
    rows = pd.DataFrame({"modality": ["visible"] * half + ["infrared"] * half})
    pixels = _runs.packed(made.recipe, folder)
    taken = _runs.seconds(
        lambda: embed(made.method, made.recipe, pixels, rows, made.device), made.device, _runs.REPEATS
    )
    memory = peak_memory_mb(made.device)
    passes = 2 if made.recipe["feature.flip"] else 1
    floor = _runs.peak_gflops(made.recipe) / (passes * _forward_gflop(run))
    return len(rows) / taken, floor, memory


def _forward_gflop(run: str) -> float:
    recipe = costs.paper_recipe(run, _runs.LAYOUT)
    with torch.device("meta"):
        method = methods.build(recipe, _runs.SYSU).eval()
    image = torch.zeros(1, 3, recipe["image.height"], recipe["image.width"], device="meta")
    with FlopCounterMode(display=False) as flops:
        method.embed(image, "visible")
    return flops.get_total_flops() / 1e9


def main(arguments: list[str]) -> int:
    """Print a Markdown row without and with the mirror image."""
    argparse.ArgumentParser(prog="python -m benchmarks extraction", description=__doc__).parse_args(arguments)
    print("| feature.flip | images / s | floor, images / s | of the floor's rate | host, MB | device, MB |")
    print("|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for flip in ("off", "on"):
            run = _runs.written(_runs.BASELINE, f"feature.flip={flip}")
            speed, floor, memory = _runs.alone(measure, run, Path(folder))
            device = f"{memory['device']:,.0f}" if "device" in memory else "–"
            print(f"| {flip} | {speed:,.0f} | {floor:,.0f} | {speed / floor:.0%} | {memory['host']:,.0f} | {device} |")
    return 0
