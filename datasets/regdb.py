"""RegDB (Nguyen et al., Sensors 2017): 412 identities, ten visible and ten thermal images each, ten random splits.

On disk: `Visible/<identity>/<name>.bmp`, `Thermal/<identity>/<name>.bmp` and forty files
`idx/{train,test}_{visible,thermal}_{1..10}.txt` with lines `<path> <label>`. The splits come with the copy of the
data; they are checked here and never made anew. Camera 1 is the visible one, camera 2 the thermal one.
"""

from pathlib import Path

from datasets import DatasetError

PROTOCOLS = ("regdb-visible-to-infrared", "regdb-infrared-to-visible")
SPLITS = 10
HOLDOUTS = ("test",)
FOLDERS = {"visible": "Visible", "infrared": "Thermal"}
HELP = (
    "RegDB with its index files is sent on request (see github.com/mangye16/Cross-Modal-Re-ID-baseline); the folder "
    "must hold Visible/<identity>/*.bmp, Thermal/<identity>/*.bmp and idx/{train,test}_{visible,thermal}_{1..10}.txt"
)


def read(root: str | Path, holdout: str) -> list:
    """All listed images of the folder `root` as rows sorted by path, with ten splits.

    Raises `DatasetError` for a missing folder or index file, a line without its image, labels that do not agree
    between the modalities, an identity in both halves of a split, and a stray file.
    """
    from datasets.preparation.listing import require_folder
    from datasets.preparation.rows import Row

    root = require_folder(Path(root), HELP)
    for name in (*FOLDERS.values(), "idx"):
        require_folder(root / name, HELP)
    rows: dict[str, Row] = {}
    on_disk = _on_disk(root)
    for split in range(SPLITS):
        owners = {}
        for side in ("train", "test"):
            folders = {modality: _half(root, side, modality, split, rows, on_disk) for modality in FOLDERS}
            owners[side] = _agree(root, side, split, folders)
        if both := sorted(owners["train"] & owners["test"]):
            raise DatasetError(
                f"{root}/idx: identity {both[0]} is in both the training and the test files of split {split + 1} "
                f"({len(both)} such identities), expected none. {HELP}"
            )
    _refuse_strays(root, on_disk, rows)
    return sorted(rows.values(), key=lambda row: row.path)


def _on_disk(root: Path) -> set[str]:
    """Paths of everything in the identity folders, relative to the root."""
    from datasets.preparation.listing import list_folder

    folders = [folder for name in FOLDERS.values() for folder in list_folder(root / name)]
    files = [file for folder in folders for file in (list_folder(folder) if folder.is_dir() else [folder])]
    return {file.relative_to(root).as_posix() for file in files}


def _half(root: Path, side: str, modality: str, split: int, rows: dict, on_disk: set[str]) -> dict[int, int]:
    """Enter one index file into `rows`; returns its label -> identity map."""
    from datasets.preparation.listing import read_idx
    from datasets.preparation.rows import Row

    folder = FOLDERS[modality]
    file = root / "idx" / f"{side}_{folder.lower()}_{split + 1}.txt"
    identity_of: dict[int, int] = {}
    for number, (path, label) in enumerate(read_idx(file, HELP), start=1):
        where = f"{file}: line {number}"
        parts = path.split("/")
        if len(parts) != 3 or parts[0] != folder or not (parts[1].isascii() and parts[1].isdigit()):
            raise DatasetError(f"{where}: found {path[:80]!r}, expected {folder}/<identity>/<name>.bmp. {HELP}")
        if path not in on_disk:
            raise DatasetError(f"{where}: there is no file {root / path}. {HELP}")
        identity = int(parts[1])
        if identity_of.setdefault(label, identity) != identity:
            raise DatasetError(
                f"{where}: label {label} stands for identity {identity} here and {identity_of[label]} above. {HELP}"
            )
        camera = 1 if modality == "visible" else 2
        row = rows.setdefault(path, Row(path, identity, camera, modality, ("",) * SPLITS))
        if row.splits[split]:
            raise DatasetError(f"{where}: {path} is already in split {split + 1} ({row.splits[split]}). {HELP}")
        row.splits = (*row.splits[:split], side, *row.splits[split + 1 :])
    return identity_of


def _agree(root: Path, side: str, split: int, folders: dict[str, dict[int, int]]) -> set[int]:
    """The identities of one half of a split, once both modalities name the same ones by the same labels."""
    visible, infrared = folders["visible"], folders["infrared"]
    for label in sorted(visible.keys() | infrared.keys()):
        if visible.get(label) != infrared.get(label):
            raise DatasetError(
                f"{root}/idx: label {label} of {side} split {split + 1} is identity {visible.get(label)} in "
                f"{side}_visible_{split + 1}.txt and {infrared.get(label)} in {side}_thermal_{split + 1}.txt. {HELP}"
            )
    identities = set(visible.values())
    if len(identities) != len(visible):
        raise DatasetError(
            f"{root}/idx: {side} split {split + 1} has {len(visible)} labels for {len(identities)} identities, "
            f"expected one label an identity. {HELP}"
        )
    return identities


def _refuse_strays(root: Path, on_disk: set[str], rows: dict) -> None:
    from datasets.preparation.listing import JUNK

    if strays := sorted(on_disk - rows.keys()):
        raise DatasetError(
            f"{root / strays[0]}: stray file, in no idx/ file ({len(strays)} such files, expected none); {JUNK}"
        )
