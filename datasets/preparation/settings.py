"""Imbalance settings: which training images are kept (MAUM, CVPR 2022, section 4.4, tables 3 and 4).

`full` keeps all; `ir_per_id=N` keeps N infrared images of each identity (all, if it has fewer); `ir_ids=K` keeps the
infrared images of K identities; `vis_per_id=N` and `vis_ids=K` mirror them. Draws depend on the seed alone, never on
the method, and are nested: what a smaller number keeps, a larger one keeps too.
"""

import csv
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from datasets import DatasetError, nearest
from datasets.preparation.rows import Row
from files import write_whole

KINDS = {
    "ir_per_id": ("infrared", "images"),
    "ir_ids": ("infrared", "identities"),
    "vis_per_id": ("visible", "images"),
    "vis_ids": ("visible", "identities"),
}


@dataclass(frozen=True)
class Setting:
    """A parsed setting: `number` images per identity, or identities, kept of `modality`; None keeps all."""

    modality: str | None = None
    counts: str | None = None
    number: int = 0


def parse(text: str) -> Setting:
    """The setting that `text` names; `DatasetError` with the nearest valid form otherwise."""
    if text == "full":
        return Setting()
    kind, equals, number = text.partition("=")
    forms = "full, " + ", ".join(f"{name}=<number>" for name in KINDS)
    if kind not in KINDS or not equals:
        raise DatasetError(f"unknown setting {text!r}{nearest(kind, ['full', *KINDS])}; settings: {forms}")
    if not re.fullmatch(r"[1-9][0-9]{0,8}", number):
        raise DatasetError(
            f"setting {text!r}: found {number!r}, expected a whole number of at least 1, as in {kind}=10"
        )
    modality, counts = KINDS[kind]
    return Setting(modality, counts, int(number))


def keep(rows: list[Row], setting: Setting, split: int, seed: int) -> list[int]:
    """Positions in `rows` of the training images of `split` (from 1) that `setting` keeps under `seed`, ascending.

    Raises `DatasetError` if the split does not exist or `setting` asks for more identities than there are.
    """
    splits = len(rows[0].splits)
    if not 1 <= split <= splits:
        raise DatasetError(f"split {split}, expected 1 to {splits}")
    train = [i for i, row in enumerate(rows) if row.splits[split - 1] == "train"]
    if setting.modality is None:
        return train
    thinned = [i for i in train if rows[i].modality == setting.modality]
    kept = _keep_images if setting.counts == "images" else _keep_identities
    chosen = set(kept(rows, thinned, setting, seed))
    return [i for i in train if rows[i].modality != setting.modality or i in chosen]


def _order(seed: int, *words: object) -> bytes:
    """A rank in a random order that any version of any library draws alike: the hash of seed and name."""
    return hashlib.sha256("\n".join(map(str, (seed, *words))).encode()).digest()


def _keep_images(rows: list[Row], candidates: list[int], setting: Setting, seed: int) -> list[int]:
    per_identity: dict[int, list[int]] = {}
    for i in candidates:
        per_identity.setdefault(rows[i].identity, []).append(i)
    kept = []
    for images in per_identity.values():
        kept += sorted(images, key=lambda i: _order(seed, setting.modality, rows[i].path))[: setting.number]
    return kept


def _keep_identities(rows: list[Row], candidates: list[int], setting: Setting, seed: int) -> list[int]:
    identities = sorted({rows[i].identity for i in candidates})
    if setting.number > len(identities):
        raise DatasetError(
            f"the setting keeps {setting.modality} images of {setting.number} identities, but only {len(identities)} "
            f"have any; give at most {len(identities)}, or `full`"
        )
    chosen = set(sorted(identities, key=lambda identity: _order(seed, setting.modality, identity))[: setting.number])
    return [i for i in candidates if rows[i].identity in chosen]


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
