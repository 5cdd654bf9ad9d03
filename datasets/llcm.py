"""LLCM (Zhang and Wang, CVPR 2023): nine cameras in low light, visible and near-infrared.

On disk: `idx/train_vis.txt` and `idx/train_nir.txt` with lines `<path> <label>` where a path is
`{vis,nir}/<identity>/<identity>_c<camera>_*.jpg`; `idx/test_id.txt`, one comma-separated line; test images in
`test_vis/cam1..9/<identity, 4 digits>/*.jpg` and `test_nir/cam1..9/` (without camera 3).
"""

import re
from pathlib import Path

from datasets import DatasetError

PROTOCOLS = ("llcm-infrared-to-visible", "llcm-visible-to-infrared")
SPLITS = 1
HOLDOUTS = ("test",)
FOLDERS = {"visible": "vis", "infrared": "nir"}
CAMERAS = {"visible": (1, 2, 3, 4, 5, 6, 7, 8, 9), "infrared": (1, 2, 4, 5, 6, 7, 8, 9)}
HELP = (
    "LLCM is sent on a signed agreement (github.com/ZYK100/LLCM); the folder must hold vis/, nir/, test_vis/, "
    "test_nir/ and idx/train_vis.txt, idx/train_nir.txt, idx/test_id.txt"
)


def read(root: str | Path, holdout: str) -> list:
    """The training and test images of the folder `root` as rows sorted by path, with one split.

    Raises `DatasetError` for a missing folder or list, a line without its image, an identity in both halves, labels
    that do not agree between the modalities, and a stray file among the test images.
    """
    from datasets.preparation.listing import read_identities, require_folder

    root = require_folder(Path(root), HELP)
    test = read_identities(root / "idx" / "test_id.txt", HELP)
    rows = [row for modality in FOLDERS for identity in test for row in _test(root, modality, identity)]
    present = {row.identity for row in rows}
    for identity in test:
        if identity not in present:
            raise DatasetError(
                f"{root}: identity {identity} of idx/test_id.txt has no image in test_vis/, test_nir/. {HELP}"
            )
    label_of: dict[int, int] = {}
    for modality in FOLDERS:
        rows += _train(root, modality, label_of)
    if both := sorted(label_of.keys() & set(test)):
        raise DatasetError(
            f"{root}/idx: identity {both[0]} is in both the training files and test_id.txt "
            f"({len(both)} such identities), expected none. {HELP}"
        )
    return sorted(rows, key=lambda row: row.path)


def _train(root: Path, modality: str, label_of: dict[int, int]) -> list:
    """The rows of one training file; `label_of` collects identity -> label over both files."""
    from datasets.preparation.listing import read_idx
    from datasets.preparation.rows import Row

    folder = FOLDERS[modality]
    file = root / "idx" / f"train_{folder}.txt"
    rows: dict[str, Row] = {}
    for number, (path, label) in enumerate(read_idx(file, HELP), start=1):
        where = f"{file}: line {number}"
        form = re.fullmatch(rf"{folder}/([0-9]{{1,6}})/[^/]*_c([0-9]{{2}})_[^/]*\.jpg", path)
        if form is None:
            raise DatasetError(
                f"{where}: found {path[:80]!r}, expected {folder}/<identity>/<identity>_c<2 digits>_*.jpg. {HELP}"
            )
        if not (root / path).is_file():
            raise DatasetError(f"{where}: there is no file {root / path}. {HELP}")
        identity, camera = int(form[1]), int(form[2])
        if label_of.setdefault(identity, label) != label:
            raise DatasetError(
                f"{where}: identity {identity} has label {label} here, {label_of[identity]} before. {HELP}"
            )
        if path in rows:
            raise DatasetError(f"{where}: {path} is listed twice. {HELP}")
        rows[path] = Row(path, identity, camera, modality, ("train",))
    return list(rows.values())


def _test(root: Path, modality: str, identity: int) -> list:
    """The test images of one identity in one modality, over the cameras it appears under."""
    from datasets.preparation.listing import JUNK, list_folder, require_folder
    from datasets.preparation.rows import Row

    top = f"test_{FOLDERS[modality]}"
    require_folder(root / top, HELP)
    rows = []
    for camera in CAMERAS[modality]:
        folder = root / top / f"cam{camera}" / f"{identity:04d}"
        for file in list_folder(folder) if folder.is_dir() else []:
            if file.suffix != ".jpg":
                raise DatasetError(f"{file}: stray file, expected only .jpg: it would change the gallery draw; {JUNK}")
            rows.append(Row(file.relative_to(root).as_posix(), identity, camera, modality, ("test",)))
    return rows
