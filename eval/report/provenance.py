"""What is known about how a run was made: run.json, flattened to columns.

FIXED columns are equal for equal work on one machine and stand in results.csv beside each score; TIMED ones differ
from one execution to the next and stand in runs.csv only.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd

# column -> key in run.json, dots descend
FIXED_KEYS = {"commit": "commit", "clean": "clean", "index_sha256": "index_sha256", "device": "device"}
TIMED_KEYS = {
    "train_seconds": "train_seconds",
    "embed_seconds": "embed_seconds",
    "host_memory_mb": "peak_memory_mb.host",
    "device_memory_mb": "peak_memory_mb.device",
    "test_images_per_second": "test_images_per_second",
    "parameters": "parameters",
    "feature_dimension": "feature_dimension",
    "resumed_after_epoch": "resumed_after_epoch",
    "threads": "threads",
    "host": "host",
    "started": "started",
    "command": "command",
}
FIXED = [*FIXED_KEYS, "configuration", "packages"]
COLUMNS = [*FIXED, *TIMED_KEYS]


DIFFERING = {
    "commit": "commits",
    "device": "devices",
    "packages": "sets of package versions",
    "threads": "thread counts",
}


def read(folder: Path) -> dict:
    """The columns of a run folder; all None where it has no run.json (a reference made without training)."""
    path = folder / "run.json"
    if not path.is_file():
        return dict.fromkeys(COLUMNS)
    record = _load(path)
    flat = {column: _get(record, key) for column, key in {**FIXED_KEYS, **TIMED_KEYS}.items()}
    flat |= {"configuration": fingerprint(record.get("recipe")), "packages": fingerprint(record.get("packages"))}
    return {column: flat[column] for column in COLUMNS}


def _load(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: cannot be read as JSON ({error}); train the run again") from error


def fingerprint(value: object) -> str | None:
    """Twelve hexadecimal digits that differ when a JSON value differs; None of None."""
    if value is None:
        return None
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _get(record: Any, key: str) -> object:
    for part in key.split("."):
        record = record.get(part) if isinstance(record, dict) else None
    return record


def remarks(runs: pd.DataFrame) -> list[str]:
    """Sentences on what a reader must know of the runs: unclean trees, several commits, resumed, other devices.

    `runs` is the table of `collect.read_runs`, all fields text.
    """
    trained = runs[runs.method != "chance"]
    known = trained[trained.commit != ""]
    found = []
    if not_recorded := len(trained) - len(known):
        found.append(f"{not_recorded} of {len(trained)} trainings carry no record of how they were made.")
    for column, what in DIFFERING.items():
        values = known[column].unique().tolist()
        if len(values) > 1:
            found.append(f"The runs come from {len(values)} different {what}: {', '.join(sorted(values))}.")
    if named := known.run[known.clean == "False"].tolist():
        found.append(f"{_some(named)} ran with changes that are in no commit.")
    if named := known.run[known.resumed_after_epoch != ""].tolist():
        found.append(f"{_some(named)} stopped and resumed from a checkpoint.")
    return found


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{len(names)} runs ({shown}{rest})"


def describe(folder: str) -> dict:
    """run.json of a run as it stands; an empty dict where it has none."""
    path = Path(folder) / "run.json"
    return _load(path) if path.is_file() else {}


def facts(runs: pd.DataFrame, planned: int) -> list[tuple[str, str]]:
    """Pairs of name and value on the runs that have scores, of so many planned ones."""
    known = runs[runs.commit != ""]
    seconds = pd.to_numeric(known.train_seconds).sum()
    return [
        ("runs", f"{len(runs)} of {planned} scored"),
        ("commit", ", ".join(sorted(set(known.commit))) or "not recorded"),
        ("working tree", _tree(known)),
        ("devices", ", ".join(sorted(set(known.device) - {""})) or "not recorded"),
        ("training time", f"{seconds:.0f} s in all" if seconds < 3600 else f"{seconds / 3600:.1f} h in all"),
    ]


def _tree(known: pd.DataFrame) -> str:
    states = set(known.clean)
    if not states:
        return "not recorded"
    return "clean" if states == {"True"} else "with uncommitted changes in some runs"


def packages(runs: pd.DataFrame) -> dict[str, str]:
    """Versions as the runs recorded them; where runs differ, all of them."""
    found: dict[str, set] = {}
    for folder in runs.run[runs.packages != ""]:
        for name, version in describe(folder).get("packages", {}).items():
            found.setdefault(name, set()).add(str(version))
    return {name: ", ".join(sorted(versions)) for name, versions in sorted(found.items())}
