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
        ValueError: if a table lacks a column, or the packed images are no images, too few, or of another size than the
            recipe's; naming the file, what was found and what expected.
    """
    table = _read_table(subset, ("row", "path", "modality", "label"))
    identities = int(table["label"].max()) + 1
    _check_pixels(pixels, recipe, int(table["row"].max()) + 1)
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
    column = f"split{split}"
    table = _read_table(index, (column, "path", "identity", "camera", "modality"), {column: "string"})
    return table[table[column] == "test"]


def _read_table(path: Path, columns: tuple[str, ...], kinds: dict[str, str] | None = None) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype=kinds)
    except ValueError as error:  # pandas' parser errors are ValueErrors
        raise ValueError(f"{path}: cannot be read as CSV ({error}); delete it and make it again") from error
    if absent := [name for name in columns if name not in table]:
        raise ValueError(f"{path}: columns {absent} are absent, found {list(table)}; delete it and make it again")
    if table.empty:
        raise ValueError(f"{path}: no rows, expected one an image; delete it and make it again")
    return table


def _check_pixels(path: Path, recipe: Recipe, rows: int) -> None:
    """Hold a packed array to the recipe and to the number of images that are read from it."""
    try:
        packed = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path}: cannot be read as an array ({error}); delete it and make it again") from error
    if packed.dtype != np.uint8 or packed.ndim != 4 or len(packed) < rows:
        raise ValueError(
            f"{path}: found {packed.dtype} {list(packed.shape)}, expected uint8 with at least {rows} images; "
            "delete it and make it again"
        )
    height, width = packed.shape[2:]
    if (height, width) != (recipe["image.height"], recipe["image.width"]):
        raise ValueError(
            f"{path}: packed images are {height}x{width}, "
            f"but the recipe wants {recipe['image.height']}x{recipe['image.width']}"
        )
