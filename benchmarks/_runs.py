"""What several benchmarks need: runs on noise, trained as any other, and what a device can do at most."""

import dataclasses
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

import methods
from methods import costs, recipes
from methods.recipes import Recipe
from training.data import Block, Data, Pixels
from training.device import place, prepare
from training.loop import Trainer
from training.sampler import positions

LAYOUT, SYSU = costs.DATASETS["SYSU-MM01"]
BASELINE = costs.BASELINE
GPU = torch.cuda.is_available()
STEPS = 100 if GPU else 10  # of a timed epoch
REPEATS = 3
EACH = 4  # images of an identity and modality


def written(run: str, *overrides: str) -> str:
    """A run as it is measured here: the paper's recipe in bfloat16 on a GPU, the demo's on a CPU."""
    method, plus, rest = run.partition("+")
    head = method if GPU else f"{method}@demo"
    own = ["precision=bfloat16"] if GPU and not any("precision=" in part for part in overrides) else []
    return "+".join([f"{head}{plus}{rest}", *own, *overrides])


def packed(recipe: Recipe, folder: Path) -> Path:
    """Noise in the recipe's size, EACH images of either modality for every identity of SYSU-MM01."""
    height, width = recipe["image.height"], recipe["image.width"]
    path = folder / f"noise_{height}x{width}.npy"
    if not path.exists():
        generator = np.random.default_rng(0)
        np.save(path, generator.integers(0, 256, (2 * SYSU.identities * EACH, 3, height, width), dtype=np.uint8))
    return path


def trainer(run: str, folder: Path, steps: int = STEPS, resident: bool = True) -> Trainer:
    """A trainer on noise with the identities of SYSU-MM01, ready for epochs of so many steps."""
    recipe = costs.paper_recipe(run, LAYOUT)
    device = prepare(recipe, 0)
    pixels = packed(recipe, folder)
    labels = np.repeat(np.arange(SYSU.identities), EACH)
    blocks = [
        Block(Pixels(pixels, first + np.arange(len(labels)), device, often=resident), labels,
              positions(labels, SYSU.identities))
        for first in (0, len(labels))
    ]  # fmt: skip
    described = dataclasses.replace(SYSU, steps_per_epoch=steps, epochs=recipe["schedule.epochs"])
    method = place(methods.build(recipe, described), device, recipe["compile"])
    return Trainer(method, recipe, Data(*blocks, described), 0, device)


def images_per_second(made: Trainer) -> float:
    """The fastest of a few epochs after a first one."""
    images = 2 * made.recipe["batch.identities"] * made.recipe["batch.images"] * made.data.described.steps_per_epoch
    return images / seconds(made.run_epoch, made.device, REPEATS)


def step_gflop(run: str) -> float:
    """GFLOP of a training step, counted by torch."""
    return costs.count(run, LAYOUT, SYSU)["gflop"]


def peak_gflops(recipe: Recipe) -> float:
    """GFLOP/s of a large matrix product in the recipe's precision, on as many threads: the most that can be had."""
    device = torch.device(recipe["device"])
    dtype = {"bfloat16": torch.bfloat16, "float16": torch.float16}.get(recipe["precision"], torch.float32)
    size = 8192 if device.type == "cuda" else 2048
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    return 2 * size**3 / seconds(lambda: a @ b, device) / 1e9


def seconds(action: Callable[[], object], device: torch.device, repeats: int = 5) -> float:
    """Seconds of the fastest of a few calls after a first one.

    On a CPU, where runs have one thread, these are CPU seconds: what else the machine does hardly changes them.
    """
    clock, times = time.perf_counter if device.type == "cuda" else time.process_time, []
    for _ in range(1 + repeats):
        began = clock()
        action()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(clock() - began)
    return min(times[1:])


def alone(function: Callable, *arguments):
    """The result of a function in a process of its own, whose memory, threads and settings are then its own too."""
    os.environ["TQDM_DISABLE"] = "1"
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as worker:
        return worker.submit(function, *arguments).result()


def every_method() -> dict[str, str]:
    """The plain baseline, then every method that has a recipe: label -> run."""
    return {"baseline": BASELINE} | {recipes.title(name): name for name in recipes.names()}
