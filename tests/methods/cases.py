"""Every network that a recipe names, at the demo budget, for the tests that hold for all of them."""

import copy
import functools

import torch

import methods
from methods import recipes
from methods.contract import Batch, Method, TrainingSet
from methods.recipes import RecipeError, resolve

IDENTITIES = 6
LAYOUT = "sysu_mm01"
RUNS = [variant["run"] for name in recipes.names() for variant in recipes.variants(name).values()]


def demo(run: str, *overrides: str) -> str:
    """A run at the demo budget, with more overrides."""
    head, plus, rest = run.partition("+")
    return "+".join([f"{head}@demo{plus}{rest}", *overrides])


def build(run: str, seed: int = 0, device: str = "cpu") -> Method:
    """A fresh method for six identities and epochs of a single step, so that what starts after epochs starts soon."""
    torch.manual_seed(seed)
    training_set = TrainingSet((10,) * IDENTITIES, (5,) * IDENTITIES, steps_per_epoch=1, epochs=10)
    return methods.build(resolve(run, LAYOUT), training_set).to(device)


def batch_of(
    step: int, seed: int | None = None, device: str = "cpu", size=(96, 48), identities: int = 4, images: int = 2
):
    """A paired batch of seeded noise in the six identities' labels."""
    generator = torch.Generator().manual_seed(step if seed is None else seed)
    n = identities * images
    visible, infrared = (torch.randn(n, 3, *size, generator=generator).to(device) for _ in range(2))
    labels = torch.randperm(IDENTITIES, generator=generator)[:identities].repeat_interleave(images).to(device)
    return Batch(visible, infrared, labels, labels.clone(), identities, images, True, step, step)


@torch.enable_grad()
def train(method: Method, start: int, steps: int, rate: float = 1e-3) -> list[float]:
    """Train some steps with a plain Adam; the total of each."""
    optimizer = torch.optim.Adam([p for group in method.parameter_groups() for p in group["params"]], rate)
    totals = []
    for step in range(start, start + steps):
        total = method.total(method.losses(batch_of(step)))
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        method.after_step(step)
        totals.append(total.item())
    return totals


WARM = 4  # steps of a warm method: past the demo's starts of memories and schedules


@functools.cache
def _warm(run: str) -> Method:
    method = build(run)
    train(method, 0, WARM)
    return method


def warm(run: str) -> Method:
    """A copy of a method after a few steps, so that no statistic or memory is at its start."""
    return copy.deepcopy(_warm(run))


def losses_of(run: str) -> list[str]:
    """The loss keys that have a weight in a run and that may be set to 0."""
    found = []
    for key, value in resolve(demo(run), LAYOUT).items():
        if key.startswith("loss.") and key != "loss.smoothing" and value != 0:
            try:
                resolve(demo(run, f"{key}=0"), LAYOUT)
            except RecipeError:  # a refused combination: nothing would be learned, or the key has no effect
                continue
            found.append(key)
    return found
