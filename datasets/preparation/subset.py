"""The table of the training rows that a setting kept."""

import csv
from pathlib import Path

from datasets.preparation.rows import Row
from files import write_whole


def write_subset(rows: list[Row], kept: list[int], split: int, out: str | Path) -> None:
    """Write the kept training rows as CSV: row, path, identity, camera, modality, label.

    `row` is the position in the index; `label` the rank of the identity among all training identities of the split,
    so that a label means the same person in every setting.
    """
    identities = sorted({row.identity for row in rows if row.splits[split - 1] == "train"})
    label = {identity: rank for rank, identity in enumerate(identities)}
    with write_whole(out) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["row", "path", "identity", "camera", "modality", "label"])
        for i in kept:
            row = rows[i]
            table.writerow([i, row.path, row.identity, row.camera, row.modality, label[row.identity]])
