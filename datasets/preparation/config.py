"""The configuration's datasets: config/datasets.yaml."""

from pathlib import Path
from typing import Any

import yaml

from datasets import DatasetError, nearest

REQUIRED = ("layout", "root", "holdout", "expect")
KEYS = (*REQUIRED, "render", "protocols")


def read_config(file: str | Path) -> dict[str, dict[str, Any]]:
    """The mapping under `datasets` of a YAML file: name -> layout, root, holdout, expect[, render, protocols]."""
    try:
        content = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DatasetError(f"{file}: cannot be read as YAML ({error})") from error
    entries = content.get("datasets") if isinstance(content, dict) else None
    if not isinstance(entries, dict):
        raise DatasetError(f"{file}: found no mapping `datasets:`, expected one entry per dataset")
    for name, entry in entries.items():
        for key in entry:
            if key not in KEYS:
                raise DatasetError(f"{file}: datasets.{name}: unknown key {key!r}{nearest(key, list(KEYS))}")
        for key in REQUIRED:
            if key not in entry:
                raise DatasetError(f"{file}: datasets.{name}: key {key!r} is missing, expected {', '.join(REQUIRED)}")
    return entries
