"""Packed images and the tables that say what they show."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from methods.contract import TrainingSet
from methods.recipes import Recipe
from training.sampler import positions, steps_per_epoch


class Pixels:
    """Some rows of a packed array (N, 3, H, W) uint8, ready to be picked from.

    On a CUDA device the rows live in device memory if they fit into half of what is free; otherwise, and on the CPU,
    they are gathered from the memory map batch by batch.
    """

    def __init__(self, path: Path, rows: np.ndarray, device: torch.device):
        self.packed = np.load(path, mmap_mode="r", allow_pickle=False)
        self.rows = rows
        self.device = device
        self.resident = None
        if device.type == "cuda" and len(rows) * self.packed[0].nbytes < torch.cuda.mem_get_info()[0] / 2:
            self.resident = torch.from_numpy(self.packed[rows]).to(device)

    def __len__(self) -> int:
        return len(self.rows)

    def pick(self, index: np.ndarray) -> Tensor:
        """Images at these positions among the rows, uint8 (len(index), 3, H, W) on the device."""
        if self.resident is not None:
            return self.resident[torch.from_numpy(index).to(self.device)]
        images = torch.from_numpy(self.packed[self.rows[index]])
        return images.pin_memory().to(self.device, non_blocking=True) if self.device.type == "cuda" else images


@dataclass(frozen=True)
class Block:
    """One modality of a training set."""

    pixels: Pixels
    labels: np.ndarray  # (N,) int64, label of each position
    by_label: list[np.ndarray]  # positions by label


@dataclass(frozen=True)
class Data:
    """Both modalities of a training set and what a method may know of them."""

    visible: Block
    infrared: Block
    described: TrainingSet


def load_training(subset: Path, pixels: Path, recipe: Recipe, device: torch.device) -> Data:
    """The training rows that an imbalance setting kept.

    Raises:
        ValueError: if the packed images have another size than the recipe, naming both.
    """
    table = pd.read_csv(subset)
    identities = int(table["label"].max()) + 1
    size = np.load(pixels, mmap_mode="r", allow_pickle=False).shape[2:]
    if size != (recipe["image.height"], recipe["image.width"]):
        raise ValueError(
            f"{pixels}: packed images are {size[0]}x{size[1]}, "
            f"but the recipe wants {recipe['image.height']}x{recipe['image.width']}"
        )
    blocks = []
    for modality in ("visible", "infrared"):
        rows = table[table["modality"] == modality].sort_values(["label", "path"])
        labels = rows["label"].to_numpy(np.int64)
        blocks.append(Block(Pixels(pixels, rows["row"].to_numpy(), device), labels, positions(labels, identities)))
    visible, infrared = blocks
    steps = recipe["schedule.steps"] or steps_per_epoch(
        len(visible.labels), len(infrared.labels), recipe["batch.identities"], recipe["batch.images"]
    )
    counts = [tuple(len(p) for p in block.by_label) for block in blocks]
    return Data(visible, infrared, TrainingSet(counts[0], counts[1], steps, recipe["schedule.epochs"]))


def load_test(index: Path, split: int) -> pd.DataFrame:
    """Rows of images.csv that are tested in this split, in file order; the index is the row of the packed array."""
    table = pd.read_csv(index, dtype={f"split{split}": "string"})
    return table[table[f"split{split}"] == "test"]
