"""What each kind of figure shows and reads, known without drawing anything."""

from functools import cache
from pathlib import Path

import yaml


@cache
def _all() -> dict[str, dict]:
    return yaml.safe_load((Path(__file__).parent / "kinds.yaml").read_text(encoding="utf-8"))


def describe(kind: str) -> dict:
    """`title`, `caption` and, where it reads run files, `reads` of a kind; ValueError names the known kinds."""
    if kind not in _all():
        raise ValueError(f"figure kind {kind!r} is unknown; known: {sorted(_all())}")
    return _all()[kind]


def reads(kind: str) -> list[str]:
    """The files of each run that a kind reads beside results.csv; `arrays` stands for the dataset's packed pictures."""
    return describe(kind).get("reads", [])


def first_training_only(kind: str) -> bool:
    """Whether a kind reads those files of the first training of each row alone."""
    return describe(kind).get("trainings") == "first"
