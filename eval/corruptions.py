"""Corrupted galleries (SYSU-MM01-C, RegDB-C): a packed array whose images of one modality are corrupted.

`python -m eval.corruptions --index images.csv --images images.npy --modality visible --seed 0 --repeat 0 --out c.npy`

Each image gets one of twenty kinds at one of five severities, drawn from (seed, repeat, image name) alone, so a draw
depends on neither the order nor the number of the images. The features of the result are scored as any others.
"""

import argparse
import csv
import hashlib
import sys
from pathlib import Path

import numpy as np

from eval.corruption_kinds import KINDS, Kind
from eval.features import MODALITIES
from files import reserve, write_whole

SEVERITIES = (1, 2, 3, 4, 5)


def draw(name: str, seed: int, repeat: int) -> tuple[Kind, int, np.random.Generator]:
    """Kind, severity and the generator for the corruption itself, for one image."""
    digest = hashlib.sha256(name.encode()).digest()
    generator = np.random.default_rng([seed, repeat, int.from_bytes(digest[:16], "big")])
    return KINDS[generator.integers(len(KINDS))], SEVERITIES[generator.integers(len(SEVERITIES))], generator


def apply(image: np.ndarray, kind: Kind, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Corrupt one image, uint8 (3, H, W) in and out."""
    found = kind(image.transpose(1, 2, 0) / 255, severity, generator)
    return np.round(np.clip(found, 0, 1) * 255).astype(np.uint8).transpose(2, 0, 1)


def corrupt(image: np.ndarray, name: str, seed: int, repeat: int) -> np.ndarray:
    """Corrupt one image, uint8 (3, H, W), as drawn for its name."""
    return apply(image, *draw(name, seed, repeat))


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns 0, or 2 after one message."""
    parser = argparse.ArgumentParser(prog="python -m eval.corruptions", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--index", type=Path, required=True, help="images.csv with the columns path and modality")
    parser.add_argument("--images", type=Path, required=True, help="the packed array, uint8 (N, 3, H, W)")
    parser.add_argument("--modality", choices=MODALITIES, required=True, help="the gallery's modality")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--repeat", type=int, required=True, help="number of the corrupted gallery, from 0")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        _write(options)
    except (ValueError, OSError, KeyError) as error:
        print(f"eval.corruptions: {error}", file=sys.stderr)
        return 2
    return 0


def _write(options: argparse.Namespace) -> None:
    with options.index.open(newline="") as file:
        rows = list(csv.DictReader(file))
    try:
        images = np.load(options.images, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"{options.images}: cannot be read as an array ({error}); pack the images again") from error
    if len(rows) != len(images) or images.ndim != 4 or images.dtype != np.uint8 or images.shape[1] != 3:
        raise ValueError(
            f"{options.images} is {images.dtype} {images.shape}, {options.index} has {len(rows)} rows; expected uint8 "
            "(rows, 3, height, width) packed from this index"
        )
    with write_whole(options.out) as temporary:
        out = np.lib.format.open_memmap(temporary, "w+", np.uint8, images.shape)
        reserve(temporary)
        for number, row in enumerate(rows):
            image = images[number]
            chosen = row["modality"] == options.modality
            out[number] = corrupt(image, row["path"], options.seed, options.repeat) if chosen else image
        out.flush()


if __name__ == "__main__":
    sys.exit(main())
