"""SYSU-MM01 (Wu et al., ICCV 2017): six cameras, infrared queries against a visible gallery.

On disk: `cam1` .. `cam6`, each `<identity, 4 digits>/<image, 4 digits>.jpg`, and one-line lists `exp/train_id.txt`,
`exp/val_id.txt`, `exp/test_id.txt`. Cameras 3 and 6 are infrared. The field trains on the union of the training and
validation lists; `holdout: validation` keeps the official 296/99 division and leaves the test identities alone, and
`holdout: both` keeps the validation identities apart from the training and the test ones.
"""

import re
from pathlib import Path

from datasets import DatasetError

PROTOCOLS = (
    "sysu-mm01-all-single",
    "sysu-mm01-all-multi",
    "sysu-mm01-indoor-single",
    "sysu-mm01-indoor-multi",
)
SPLITS = 1
HOLDOUTS = ("test", "validation", "both")
CAMERAS = {1: "visible", 2: "visible", 3: "infrared", 4: "visible", 5: "visible", 6: "infrared"}
HELP = (
    "SYSU-MM01 is sent by its authors on request (github.com/wuancong/SYSU-MM01); the folder must hold "
    "cam1 .. cam6/<identity, 4 digits>/<image, 4 digits>.jpg and exp/train_id.txt, exp/val_id.txt, exp/test_id.txt"
)


def read(root: str | Path, holdout: str) -> list:
    """The used images of the folder `root` as rows sorted by path, with one split.

    Raises `DatasetError` for a missing folder or list, an identity in two lists or without images, and a stray file.
    """
    from datasets.preparation.listing import require_folder

    root = require_folder(Path(root), HELP)
    for camera in CAMERAS:
        require_folder(root / f"cam{camera}", HELP)
    rows = []
    for identity, side in sorted(_sides(root, holdout).items()):
        found = [row for camera in CAMERAS for row in _cell(root, camera, identity, side)]
        if not found:
            raise DatasetError(
                f"{root}: identity {identity} is listed in exp/ but has no image in any camera "
                f"(cam1/{identity:04d} .. cam6/{identity:04d}). {HELP}"
            )
        rows += found
    return sorted(rows, key=lambda row: row.path)


def _sides(root: Path, holdout: str) -> dict[int, str]:
    """`train`, `validation` or `test` for each identity in use."""
    from datasets.preparation.listing import read_identities

    lists = {name: read_identities(root / "exp" / f"{name}_id.txt", HELP) for name in ("train", "val", "test")}
    owner: dict[int, str] = {}
    for name, identities in lists.items():
        for identity in identities:
            if identity in owner:
                raise DatasetError(
                    f"{root}: identity {identity} is in both exp/{owner[identity]}_id.txt and exp/{name}_id.txt, "
                    f"expected in one: the model would be tested on people it was trained on. {HELP}"
                )
            owner[identity] = name
    sides = {"train": "train", "val": "train", "test": "test"}
    if holdout == "validation":
        sides = {"train": "train", "val": "test"}
    if holdout == "both":
        sides = {"train": "train", "val": "validation", "test": "test"}
    return {identity: sides[name] for identity, name in owner.items() if name in sides}


def _cell(root: Path, camera: int, identity: int, side: str) -> list:
    """The images of one identity under one camera; an identity need not appear under each."""
    from datasets.preparation.listing import JUNK, list_folder
    from datasets.preparation.rows import Row

    folder = root / f"cam{camera}" / f"{identity:04d}"
    rows = []
    for file in list_folder(folder) if folder.is_dir() else []:
        if not re.fullmatch(r"[0-9]{4}\.jpg", file.name):
            raise DatasetError(
                f"{file}: stray file, expected only <4 digits>.jpg: it would change the gallery draw; {JUNK}"
            )
        path = f"cam{camera}/{identity:04d}/{file.name}"
        rows.append(Row(path, identity, camera, CAMERAS[camera], (side,)))
    return rows
