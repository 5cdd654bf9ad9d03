"""The configuration's datasets: config/datasets.yaml, whose keys the workflow's schema describes."""

from pathlib import Path
from typing import Any

import yaml

from datasets import DatasetError, nearest

REQUIRED = ("layout", "root", "holdout", "expect")


def read_entry(file: str | Path, name: str) -> dict[str, Any]:
    """The entry of the dataset `name` under `datasets` of a YAML file, with at least layout, root, holdout, expect."""
    try:
        content = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DatasetError(
            f"{file}: no such file; run this in the project's folder, or name a file with --config"
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DatasetError(f"{file}: cannot be read as YAML ({error})") from error
    entries = content.get("datasets") if isinstance(content, dict) else None
    if not isinstance(entries, dict):
        raise DatasetError(f"{file}: found no mapping `datasets:`, expected one entry per dataset")
    if name not in entries:
        known = ", ".join(map(str, entries))
        raise DatasetError(f"{file}: no dataset {name!r}{nearest(name, list(entries))}; datasets: {known}")
    entry = entries[name]
    for key in REQUIRED:
        if not isinstance(entry, dict) or key not in entry:
            raise DatasetError(f"{file}: datasets.{name}: key {key!r} is missing, found {entry!r}")
    return entry
