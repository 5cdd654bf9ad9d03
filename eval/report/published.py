"""The papers' printed numbers and the notes on those that are suspect (reports/published/)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from eval.report.experiment import Column, Row

FOLDER = Path(__file__).resolve().parents[2] / "reports" / "published"
KEYS = ["paper", "source", "row_method", "dataset", "protocol", "shot", "setting", "metric"]


@dataclass(frozen=True)
class Printed:
    """A printed number: `value` in percent, `text` as it stands in the paper, `notes` why it is suspect."""

    value: float
    text: str
    where: str
    notes: tuple[str, ...]


@cache
def printed_numbers() -> pd.DataFrame:
    """One line per printed number: `paper, source, row_method, venue, is_own, dataset, ..., metric, value` (str)."""
    return pd.read_csv(FOLDER / "results.csv", dtype=str, keep_default_na=False)


@cache
def suspect_notes() -> pd.DataFrame:
    """One line per note; an empty field stands for any value."""
    return pd.read_csv(FOLDER / "suspects.csv", dtype=str, keep_default_na=False)


def printed_protocol(protocol: str) -> tuple[str, str]:
    """(protocol, shot) in the papers' words of a protocol of ours; shot is empty where the dataset has none."""
    for name in ("visible-to-infrared", "infrared-to-visible"):
        if protocol.endswith(name):
            return name, ""
    *_, mode, shot = protocol.split("-")
    if mode not in ("all", "indoor") or shot not in ("single", "multi"):
        raise ValueError(
            f"protocol {protocol!r} has no counterpart among the printed numbers; expected a name that ends in "
            "{all,indoor}-{single,multi}, visible-to-infrared or infrared-to-visible"
        )
    return f"{mode}-search", shot


def printed_lines(row: Row, column: Column) -> list[dict]:
    """The lines of `printed_numbers` that a row has under a protocol, one a metric; empty where the paper has none.

    Papers that do not state the shot are taken as single-shot. `row.published` may carry `dataset` where the paper's
    name for it differs from the column's (corrupted copies); rows of other datasets have no printed number. Each line
    carries its place in the table as `number`.
    """
    if row.published is None:
        return []
    wanted = {"dataset": column.dataset, **row.published}
    found = [line for line in _records() if all(line[key] == value for key, value in wanted.items())]
    if not found:
        return []
    protocol, shot = printed_protocol(column.protocol)
    shots = {"": [line["shot"] for line in found], "single": ["single", ""], "multi": ["multi"]}[shot]
    found = [line for line in found if line["protocol"] in (protocol, "") and line["shot"] in shots]
    if len({line["metric"] for line in found}) < len(found):
        raise ValueError(
            f"several printed numbers of one metric fit {row.published} on {column.protocol}; expected one"
        )
    return found


@cache
def _records() -> list[dict]:
    table = printed_numbers()
    return table.assign(number=table.index).to_dict("records")


def find_printed(row: Row, column: Column, metric: str) -> Printed | None:
    """The number that the paper prints for a row under a protocol, or None where it prints none."""
    line = next((line for line in printed_lines(row, column) if line["metric"] == metric), None)
    if line is None:
        return None
    where = f"{line['paper']} {line['source']}, {line['row_method']}"
    return Printed(float(line["value"]), line["value"], where, tuple(notes_on(line)))


def notes_on(line: Mapping[str, str]) -> list[str]:
    """The notes that apply to a line of `printed_numbers`."""
    values = [line[key] for key in KEYS]
    return [note for pattern, note in _patterns() if all(map(_fits, pattern, values))]


@cache
def _patterns() -> list[tuple[list[str], str]]:
    notes = suspect_notes()
    return list(zip(notes[KEYS].values.tolist(), notes.note.tolist(), strict=True))


def _fits(wanted: str, found: str) -> bool:
    return wanted in ("", found)


def check_reference(row: Row) -> None:
    """Refuse a reference that fits no printed number at all: a misspelt name would silently show nothing.

    A figure whose digits the paper does not print has none, and is let pass.
    """
    if row.published is None:
        return
    table = printed_numbers()
    source = row.published.get("source", "")
    if source.startswith("Fig") and source not in set(table.source[table.paper == row.published.get("paper")]):
        return
    fits = pd.Series(True, index=table.index)
    for key, value in row.published.items():
        if key not in KEYS:
            raise KeyError(f"row {row.label!r}: published has the key {key!r}; known: {KEYS}")
        fits &= table[key] == value
    if not fits.any():
        raise ValueError(f"row {row.label!r}: no printed number fits {row.published}; see {FOLDER / 'results.csv'}")
