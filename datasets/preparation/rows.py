"""The rows of an index: one row an image, and the CSV file that holds them."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from datasets import DatasetError
from files import write_whole

MODALITIES = ("visible", "infrared")
COLUMNS = ("path", "identity", "camera", "modality")
SIDES = ("train", "validation", "test")  # of a split; an image that it does not use has none


@dataclass(slots=True)
class Row:
    """One image: `path` relative to the root with forward slashes; `splits` holds a side per split."""

    path: str
    identity: int
    camera: int
    modality: str
    splits: tuple[str, ...]
    sha256: str = ""
    greyscale: bool = False


def write_index(rows: Iterable[Row], path: str | Path) -> None:
    """Write `rows` as the index CSV: path, identity, camera, modality, split1..splitS, sha256, greyscale (0 or 1)."""
    rows = list(rows)
    splits = len(rows[0].splits)
    with write_whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow([*COLUMNS, *(f"split{s + 1}" for s in range(splits)), "sha256", "greyscale"])
        for row in rows:
            fixed = (row.path, row.identity, row.camera, row.modality)
            table.writerow([*fixed, *row.splits, row.sha256, int(row.greyscale)])


def read_index(path: str | Path) -> list[Row]:
    """The rows of an index CSV in file order; raises `DatasetError` naming the file and the column or the line."""
    path = Path(path)
    if not path.is_file():
        raise DatasetError(f"{path}: no such index; make it with `python -m datasets index`")
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = _rows(csv.DictReader(file))
    except (ValueError, TypeError, csv.Error) as error:
        raise DatasetError(f"{path}: {error}; make the index again") from error
    if not rows:
        raise DatasetError(f"{path}: the index holds no image; make it again")
    return rows


def _rows(table: csv.DictReader) -> list[Row]:
    found = list(table.fieldnames or [])
    splits = [name for name in found if name.startswith("split")]
    for name in (*COLUMNS, "split1", "sha256", "greyscale"):
        if name not in found:
            raise ValueError(f"column {name!r} is missing, found {found}")
    rows = []
    for line in table:
        try:
            rows.append(_row(line, splits))
        except (ValueError, TypeError) as error:
            raise ValueError(f"line {table.line_num}: {error}") from error
    return rows


def _row(line: dict[str, str], splits: list[str]) -> Row:
    if line["modality"] not in MODALITIES:
        raise ValueError(f"modality {line['modality']!r}, expected one of {MODALITIES}")
    if line["path"].startswith("/") or ".." in PurePosixPath(line["path"]).parts:
        raise ValueError(f"{line['path'][:80]!r} leads out of the dataset's folder")
    where = tuple(line[name] for name in splits)
    if not set(where) <= {*SIDES, ""}:
        raise ValueError(f"splits {where}, expected {', '.join(SIDES)} or nothing in each")
    return Row(
        line["path"],
        int(line["identity"]),
        int(line["camera"]),
        line["modality"],
        where,
        line["sha256"],
        line["greyscale"] == "1",
    )
