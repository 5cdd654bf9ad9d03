"""The counts a dataset should have, stated in its configuration, against the counts found."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from datasets import DatasetError, nearest
from datasets.preparation.images import folder_sha256
from datasets.preparation.rows import MODALITIES, SIDES, Row

COUNTS = ("identities", "visible", "infrared", "images")
KEYS = ("test", "validation", "both", "cells", "sha256")


def load_expectation(text: str | None) -> dict[str, Any] | None:
    """An expectation from JSON text (a mapping, a string naming a JSON file, or `null`) or from a file's name.

    A file may hold the mapping itself or, as the renderer's description does, hold it under `counts`.
    """
    if text is None:
        return None
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = text
    if isinstance(value, str):
        value = read_json(Path(value))
        value = value.get("counts", value) if isinstance(value, dict) else value
    return None if value is None else _shaped(value)


def _shaped(value: Any) -> dict[str, Any]:
    """`value` if it is holdout -> side -> count -> number, with `cells` a mapping or a file's name, `sha256` a text."""
    expectation = _mapping(value, "expect", KEYS)
    for holdout in expectation.keys() - {"cells", "sha256"}:
        for side, counts in _mapping(expectation[holdout], f"expect.{holdout}", SIDES).items():
            for name, number in _mapping(counts, f"expect.{holdout}.{side}", COUNTS).items():
                if type(number) is not int:
                    raise DatasetError(f"expect.{holdout}.{side}.{name}: found {number!r}, expected a whole number")
    return expectation


def _mapping(value: Any, key: str, valid: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DatasetError(f"{key}: found {str(value)[:80]!r}, expected a mapping with keys among {', '.join(valid)}")
    for name in value:
        if name not in valid:
            raise DatasetError(f"{key}: unknown key {name!r}{nearest(name, list(valid))}; keys: {', '.join(valid)}")
    return value


def read_json(file: Path) -> Any:
    """The value in a JSON file; `DatasetError` if the file is missing or no JSON."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DatasetError(f"{file}: no such file, named as the expected counts; correct `expect`") from error
    except (OSError, ValueError) as error:
        raise DatasetError(f"{file}: cannot be read as JSON ({error}); correct `expect`") from error


def count(rows: list[Row]) -> list[dict[str, dict[str, int]]]:
    """Per split and side: how many identities, visible, infrared and all images."""
    tables = []
    for split in range(len(rows[0].splits)):
        sides = {}
        for side in SIDES:
            used = [row for row in rows if row.splits[split] == side]
            per = Counter(row.modality for row in used)
            sides[side] = {"identities": len({row.identity for row in used}), "images": len(used)}
            sides[side] |= {modality: per[modality] for modality in MODALITIES}
        tables.append(sides)
    return tables


def check(rows: list[Row], expect: dict[str, Any], holdout: str, root: str | Path, remedy: str) -> None:
    """Raise `DatasetError` at the first count of `rows` that differs from `expect[holdout][side]`, in any split.

    `expect["cells"]`, if given, holds images per camera and identity (or names a JSON file with them under `cells`);
    `expect["sha256"]` is what `folder_sha256` must give for the whole folder.
    """
    for split, found in enumerate(count(rows), start=1):
        for side, wanted in expect.get(holdout, {}).items():
            _check_side(found[side], wanted, f"{root}: split {split} {side}", remedy)
    if "cells" in expect:
        _check_cells(rows, expect["cells"], root, remedy)
    if "sha256" in expect and (checksum := folder_sha256(root)) != expect["sha256"]:
        raise DatasetError(
            f"{root}: a file was changed, added or removed (checksum of all files {checksum[:12]}, "
            f"expected {str(expect['sha256'])[:12]}); copy the dataset anew, or delete {root}.json and render it anew"
        )


def _check_side(found: dict[str, int], wanted: dict[str, int], where: str, remedy: str) -> None:
    for name, number in wanted.items():
        if found[name] != number:
            what = name if name in ("identities", "images") else f"{name} images"
            raise DatasetError(f"{where}: found {found[name]} {what}, expected {number}. {remedy}")


def _check_cells(rows: list[Row], source: dict | str, root: str | Path, remedy: str) -> None:
    """Each camera and identity in use must have exactly the stated number of images."""
    try:
        table = read_json(Path(source))["cells"] if isinstance(source, str) else source
        stated = {(int(c), int(i)): int(n) for c, cell in table.items() for i, n in cell.items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DatasetError(
            f"expect.cells: {str(source)[:80]} holds no camera -> identity -> number ({error!r})"
        ) from error
    found = Counter((row.camera, row.identity) for row in rows)
    used = {row.identity for row in rows}
    wanted = {cell: number for cell, number in stated.items() if cell[1] in used}
    for camera, identity in sorted(found.keys() | wanted.keys()):
        here, there = found[camera, identity], wanted.get((camera, identity), 0)
        if here != there:
            raise DatasetError(
                f"{root}: found {here} images of identity {identity} under camera {camera}, expected {there}. {remedy}"
            )
