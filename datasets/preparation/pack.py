"""An index and its folder -> one uint8 array `[N, 3, H, W]` (RGB), row i the image of the index's row i."""

from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from datasets import DatasetError, nearest
from datasets.preparation.images import decode, read_verified
from datasets.preparation.parallel import batches, each
from datasets.preparation.rows import Row
from files import reserve, write_whole

# The field's base code resizes once with Lanczos (Pillow's former ANTIALIAS); others resize bilinearly while training.
FILTERS = {
    "lanczos": Image.Resampling.LANCZOS,
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
}
BATCH = 64


def pack(rows: list[Row], root: str | Path, size: tuple[int, int], resample: str, out: str | Path, jobs: int) -> None:
    """Resize each image to `size` (height, width) and write the array to `out`, complete or not at all.

    The bytes written do not depend on `jobs`. Raises `DatasetError` for an unknown filter, an image that cannot be
    read, or one whose checksum is not the index's.
    """
    if resample not in FILTERS:
        raise DatasetError(
            f"unknown filter {resample!r}{nearest(resample, list(FILTERS))}; filters: {', '.join(FILTERS)}"
        )
    if min(size) < 1:
        raise DatasetError(f"size {size[0]}x{size[1]}, expected a height and a width of at least 1")
    with write_whole(out) as temporary:
        array = np.lib.format.open_memmap(temporary, "w+", np.uint8, (len(rows), 3, *size))
        array.flush()
        del array
        reserve(temporary)
        job = partial(_pack_batch, temporary, Path(root), size, resample)
        for _ in each(job, batches(enumerate(rows), BATCH), jobs, "packing"):
            pass


def _pack_batch(
    array_file: Path, root: Path, size: tuple[int, int], resample: str, rows: list[tuple[int, Row]]
) -> None:
    """Write neighbouring rows as one block, so that each process touches a stretch of its own."""
    block = np.stack([load(row, root, size, resample) for _, row in rows])  # (B, 3, H, W)
    array = np.lib.format.open_memmap(array_file, "r+")
    first = rows[0][0]
    array[first : first + len(rows)] = block
    array.flush()


def load(row: Row, root: Path, size: tuple[int, int], resample: str) -> np.ndarray:
    """One image of the index, verified and resized: uint8 `(3, H, W)`."""
    data = read_verified(root, row.path, row.sha256)
    image, _ = decode(data, root / row.path)
    height, width = size
    return np.asarray(image.resize((width, height), FILTERS[resample])).transpose(2, 0, 1)
