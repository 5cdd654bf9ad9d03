"""The demo's training step against the same step written plainly, on as many threads, in turn.

Plain: torchvision's transforms of each image in a DataLoader (in the same process, so that it has no core more),
contiguous tensors, torch's default optimiser, every loss read by `.item()`; the same weights, images and batches.
CPU seconds of the process, which other work on the machine disturbs least, and wall time.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

import methods
from benchmarks import _runs
from methods import costs
from methods.contract import Batch
from training import augment
from training.loop import Trainer
from training.sampler import draw_epoch, epoch_generator, positions

RUN = "maum@demo+um=off"
STEPS = 20
ROUNDS = 3


class Images(Dataset):
    """Pairs of a visible and an infrared image, each transformed on its own, as the field's codes do."""

    def __init__(self, packed: np.ndarray, pairs: np.ndarray, pad: int):
        self.images, self.pairs = np.ascontiguousarray(packed.transpose(0, 2, 3, 1)), pairs
        height, width = packed.shape[2:]
        self.transform = transforms.Compose([
            transforms.ToPILImage(), transforms.Pad(pad), transforms.RandomCrop((height, width)),
            transforms.RandomHorizontalFlip(), transforms.ToTensor(), transforms.Normalize(augment.MEAN, augment.STD),
        ])  # fmt: skip

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, torch.Tensor]:
        visible, infrared = (self.transform(self.images[row]) for row in self.pairs[i])
        return visible, infrared


def ours(folder: Path) -> tuple[float, float]:
    """CPU and wall seconds of a step as the harness takes it."""
    made: Trainer = _runs.trainer(RUN, folder, STEPS)
    return _per_step(made.run_epoch)


def plain(folder: Path) -> tuple[float, float]:
    """CPU and wall seconds of the same step written plainly."""
    recipe = costs.paper_recipe(RUN, _runs.LAYOUT)
    torch.set_num_threads(recipe["threads"])
    torch.manual_seed(0)
    labels = np.repeat(np.arange(_runs.SYSU.identities), _runs.EACH)
    identities, images = recipe["batch.identities"], recipe["batch.images"]
    method = methods.build(recipe, _runs.SYSU).train()
    optimizer = torch.optim.Adam([g | {"lr": 1e-3} for g in method.parameter_groups()], weight_decay=5e-4)
    by_label = positions(labels, _runs.SYSU.identities)
    draw = draw_epoch(by_label, by_label, identities, images, STEPS, "paired", epoch_generator(0, 0))
    visible, infrared = (chosen.reshape(-1) for chosen in draw[:2])
    pairs = np.stack([visible, infrared + len(labels)], 1)
    dataset = Images(np.load(_runs.packed(recipe, folder)), pairs, recipe["augment.pad"])
    loader = DataLoader(dataset, batch_size=identities * images)

    def epoch() -> None:
        for step, views in enumerate(loader):
            chosen = torch.from_numpy(labels[draw[0][step]])
            batch = Batch(*views, chosen, chosen, identities, images, True, step, 0)
            losses = method.losses(batch)
            total = method.total(losses)
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
            method.after_step(step)
            for loss in losses.values():
                loss.item()

    return _per_step(epoch)


def _per_step(epoch) -> tuple[float, float]:
    epoch()
    cpu, wall = time.process_time(), time.perf_counter()
    epoch()
    return (time.process_time() - cpu) / STEPS, (time.perf_counter() - wall) / STEPS


def main(arguments: list[str]) -> int:
    """Print a Markdown row for each way and the ratio between them."""
    argparse.ArgumentParser(prog="python -m benchmarks plain", description=__doc__).parse_args(arguments)
    found: dict[str, list[tuple[float, float]]] = {"plain": [], "ours": []}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            for name, function in (("plain", plain), ("ours", ours)):
                found[name].append(_runs.alone(function, Path(folder)))
    print("| step | CPU ms | wall ms |\n|---|---:|---:|")
    best = {name: [min(column) for column in zip(*rows, strict=True)] for name, rows in found.items()}
    for name, (cpu, wall) in best.items():
        print(f"| {name} | {1000 * cpu:.1f} | {1000 * wall:.1f} |")
    print(f"| plain / ours | {best['plain'][0] / best['ours'][0]:.2f} | {best['plain'][1] / best['ours'][1]:.2f} |")
    return 0
