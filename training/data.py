"""Packed images and the tables that say what they show."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from methods.contract import MODALITIES, TrainingSet
from methods.recipes import Recipe
from training.sampler import positions, steps_per_epoch

AHEAD = 3  # batches gathered before they are asked for
UPLOAD = 1024  # images copied to a GPU at a time


class Pixels:
    """Some rows of a packed array (N, 3, H, W) uint8, given out in batches that are known beforehand.

    On a CPU a batch is gathered when it is asked for. On a CUDA device rows that are `often` used live in device memory
    if they fit into half of what is free; others are gathered ahead by a thread of their own into pinned memory, from
    where they are copied beside the computation.
    """

    def __init__(self, path: Path, rows: np.ndarray, device: torch.device, often: bool):
        self.packed = np.load(path, mmap_mode="r", allow_pickle=False)
        if rows.max(initial=0) >= len(self.packed):
            found = f"{len(self.packed)} images, expected at least {rows.max() + 1}"
            raise ValueError(f"{path}: found {found}; delete it and make it again")
        self.rows = rows
        self.device = device
        self.resident: Tensor | None = None
        if often and device.type == "cuda" and len(rows) * self.packed[0].nbytes < torch.cuda.mem_get_info()[0] / 2:
            self.resident = torch.empty((len(rows), *self.packed.shape[1:]), dtype=torch.uint8, device=device)
            for part, kept in zip(
                np.split(rows, range(UPLOAD, len(rows), UPLOAD)), self.resident.split(UPLOAD), strict=True
            ):
                kept.copy_(torch.from_numpy(self.packed[part]))

    def __len__(self) -> int:
        return len(self.rows)

    def batches(self, index: Sequence[np.ndarray]) -> Iterator[Tensor]:
        """Images at each array of positions among the rows, in turn, uint8 (len(index[i]), 3, H, W) on the device."""
        if self.resident is not None:
            on_device = torch.from_numpy(np.concatenate(index)).to(self.device)
            return (self.resident.index_select(0, part) for part in on_device.split([len(part) for part in index]))
        if self.device.type == "cuda":
            return self._copied(self._gathered_ahead(index))
        return map(self._gather, index)

    def _gather(self, index: np.ndarray) -> Tensor:
        """Images at these positions in host memory, which is pinned if they go on to a GPU."""
        shape = (len(index), *self.packed.shape[1:])
        images = torch.empty(shape, dtype=torch.uint8, pin_memory=self.device.type == "cuda")
        np.take(self.packed, self.rows[index], axis=0, out=images.numpy(), mode="clip")  # `raise` would copy once more
        return images

    def _gathered_ahead(self, index: Sequence[np.ndarray]) -> Iterator[Tensor]:
        """What `_gather` gives, made by a thread that is a few batches ahead. Torch gives pinned memory out again."""
        with ThreadPoolExecutor(1) as reader:
            pending = deque(reader.submit(self._gather, part) for part in index[:AHEAD])
            for i in range(len(index)):
                images = pending.popleft().result()
                if i + AHEAD < len(index):
                    pending.append(reader.submit(self._gather, index[i + AHEAD]))
                yield images

    def _copied(self, batches: Iterator[Tensor]) -> Iterator[Tensor]:
        """Pinned batches on the device, each copied on a stream of its own while the one before it is computed on."""
        side = torch.cuda.Stream(self.device)
        previous: Tensor | None = None
        for pinned in batches:
            with torch.cuda.stream(side):
                images = pinned.to(self.device, non_blocking=True)
            if previous is not None:
                yield previous
            torch.cuda.current_stream(self.device).wait_stream(side)
            images.record_stream(torch.cuda.current_stream(self.device))
            previous = images
        if previous is not None:
            yield previous


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
    table = _read_subset(subset)
    described = _described(table, recipe)
    _check_pixels(pixels, recipe, int(table["row"].max()) + 1)
    blocks = []
    for modality in MODALITIES:
        rows = table[table["modality"] == modality].sort_values(["label", "path"])
        labels = rows["label"].to_numpy(np.int64)
        store = Pixels(pixels, rows["row"].to_numpy(), device, often=True)
        blocks.append(Block(store, labels, positions(labels, described.identities)))
    visible, infrared = blocks
    return Data(visible, infrared, described)


def describe(subset: Path, recipe: Recipe) -> TrainingSet:
    """What a method may know of the training rows that an imbalance setting kept, without their pixels.

    Raises:
        ValueError: if the table lacks a column.
    """
    return _described(_read_subset(subset), recipe)


def _described(table: pd.DataFrame, recipe: Recipe) -> TrainingSet:
    labels, identities = table["label"].to_numpy(np.int64), int(table["label"].max()) + 1
    visible, infrared = (
        tuple(np.bincount(labels[table["modality"] == modality], minlength=identities).tolist())
        for modality in MODALITIES
    )
    steps = recipe["schedule.steps"] or steps_per_epoch(
        sum(visible), sum(infrared), recipe["batch.identities"], recipe["batch.images"]
    )
    return TrainingSet(visible, infrared, steps, recipe["schedule.epochs"])


def load_side(index: Path, split: int, side: str) -> pd.DataFrame:
    """Rows of images.csv on a split's side `test` or `validation`, in file order, numbered as in the packed array.

    Raises:
        ValueError: if there is none.
    """
    column = f"split{split}"
    table = _read_table(index, (column, "path", "identity", "camera", "modality"), {column: "string"})
    rows = table[table[column] == side]
    if rows.empty:
        remedy = "make the index again" if side == "test" else "give the dataset `holdout: both` (config/datasets.yaml)"
        raise ValueError(f"{index}: no image is on the side {side!r} of {column}; {remedy}")
    return rows


def _read_subset(path: Path) -> pd.DataFrame:
    return _read_table(path, ("row", "path", "modality", "label"))


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
