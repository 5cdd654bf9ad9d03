"""What a run is asked for: its names, its inputs, its folder, and the digest that its checkpoints agree with."""

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from files import sha256
from methods.recipes import Recipe


@dataclass(frozen=True)
class Finished:
    """A run and its folder, and the tables that its network is built for and tested on."""

    run: str
    layout: str
    split: int
    index: Path
    subset: Path
    out: Path


@dataclass(frozen=True)
class Job(Finished):
    """A run to be trained: besides, what else determines it, and what it reads."""

    dataset: str
    setting: str
    seed: int
    pixels: Path
    weights: Path


def fingerprint(job: Job, recipe: Recipe) -> str:
    """A digest of all that a checkpoint must agree with: recipe, data, first weights, seed, code, version of torch."""
    root = Path(__file__).parent.parent
    code = [*sorted((root / "training").glob("*.py")), *sorted((root / "methods").rglob("*.py"))]
    read = [job.index, job.subset, job.pixels, *([job.weights] if recipe["backbone.init"] == "imagenet" else [])]
    facts = [recipe, job.split, job.seed, version("torch"), [sha256(path) for path in [*read, *code]]]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
