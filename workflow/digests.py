"""Digests of the code of trainings: a change of it is the reason to train again."""

import functools
import hashlib
import json
from pathlib import Path

from files import sha256

ROOT = Path(__file__).parent.parent
# Code that every training executes, besides its method's and its host's files.
SHARED = (
    "files.py",
    "methods/__init__.py",
    "methods/contract.py",
    "methods/recipes.py",
    "methods/blocks",
    "training",
)


def code(name: str) -> list[Path]:
    """A file of the project, or the Python files of a folder."""
    path = ROOT / name
    return sorted(path.glob("*.py")) if path.is_dir() else [path]


@functools.cache
def digest(name: str) -> str:
    """`<file or folder> <digest>`: what changes when its code does, and with nothing else."""
    sums = {path.name: sha256(path) for path in code(name)}
    return f"{name} {hashlib.sha256(json.dumps(sums).encode()).hexdigest()[:16]}"
