"""A dataset's folder -> its index: one row an image, with checksum, every image opened once."""

from functools import partial
from pathlib import Path
from typing import Any

from datasets import DatasetError, layout, nearest
from datasets.preparation.expect import check
from datasets.preparation.images import decode, read_bytes, sha256_of
from datasets.preparation.parallel import batches, each
from datasets.preparation.rows import Row

BATCH = 64


def make_index(name: str, root: str | Path, holdout: str, expect: dict[str, Any] | None, jobs: int) -> list[Row]:
    """Rows of the dataset in `root` with the layout `name`, sorted by path, checked and with checksums.

    `expect` are the counts that the configuration states (None: none are checked). Raises `DatasetError` for a
    structure, a count or an image that is not as it should be, naming up to five bad images.
    """
    module = layout(name)
    if holdout not in module.HOLDOUTS:
        raise DatasetError(
            f"holdout {holdout!r} is not available for the layout {name}{nearest(holdout, module.HOLDOUTS)}; "
            f"choose from: {', '.join(module.HOLDOUTS)}"
        )
    rows = module.read(root, holdout)
    if not rows:
        raise DatasetError(f"{root}: no image found. {module.HELP}")
    if expect is not None:
        check(rows, expect, holdout, root, module.HELP)
    return _inspect(rows, Path(root), jobs)


def _inspect(rows: list[Row], root: Path, jobs: int) -> list[Row]:
    groups = batches(rows, BATCH)
    done, faults = [], []
    for group, bad in each(partial(_inspect_batch, root), groups, jobs, "checking images"):
        done += group
        faults += bad
    if faults:
        more = f"\n({len(faults)} unusable images in all)" if len(faults) > 5 else ""
        raise DatasetError("\n".join(faults[:5]) + more)
    return done


def _inspect_batch(root: Path, rows: list[Row]) -> tuple[list[Row], list[str]]:
    """The rows with checksum and greyscale flag, and one message for each image that cannot be used."""
    faults = []
    for row in rows:
        try:
            data = read_bytes(root / row.path)
            _, row.greyscale = decode(data, root / row.path, quick=True)
            row.sha256 = sha256_of(data)
        except DatasetError as error:
            faults.append(str(error))
    return rows, faults
