"""Feature sets with the layout of the datasets, and tiny ones with made-up layouts."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from eval import counting
from eval.features import FeatureSet

COUNTS = Path(__file__).parents[2] / "datasets" / "sysu_mm01_counts.json"


def sysu_names() -> list[str]:
    """All test image names of SYSU-MM01, from the published number of images per camera and identity."""
    facts = json.loads(COUNTS.read_text())
    cells = facts["cells"]
    return [
        f"cam{camera}/{identity:04d}/{number:04d}.jpg"
        for identity in facts["test_identities"]
        for camera in range(1, 7)
        for number in range(1, cells[str(camera)].get(str(identity), 0) + 1)
    ]


def sysu_features(dimensions: int, seed: int, spread: float = 2.0) -> FeatureSet:
    """Clustered random features with the layout of the SYSU-MM01 test set, in shuffled order."""
    names = np.array(sysu_names())
    cameras = np.array([int(name[3]) for name in names])
    identities = np.array([int(name[5:9]) for name in names])
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(identities.max() + 1, dimensions))
    features = centres[identities] + spread * generator.normal(size=(len(names), dimensions))
    shuffled = generator.permutation(len(names))
    return FeatureSet(
        features[shuffled].astype(np.float32),
        identities[shuffled],
        cameras[shuffled],
        np.where(np.isin(cameras, (3, 6)), "infrared", "visible")[shuffled],
        names[shuffled],
    )


@pytest.fixture(scope="session")
def sysu() -> FeatureSet:
    return sysu_features(dimensions=16, seed=0)


def small_features(generator, identities: int, per_cell: int, dimensions: int = 4, values=None) -> FeatureSet:
    """A small set with SYSU-MM01 cameras; some cells are empty; `values`: entries to draw from, which gives ties."""
    rows = []
    for identity in range(1, identities + 1):
        for camera in range(1, 7):
            for number in range(1, int(generator.integers(0, per_cell + 1)) + 1):
                rows.append((identity, camera, f"cam{camera}/{identity:04d}/{number:04d}.jpg"))
    rows += [(1, 1, "cam1/0001/0099.jpg"), (1, 6, "cam6/0001/0099.jpg")]
    labels, cameras, names = (np.array(column) for column in zip(*rows, strict=True))
    if values is None:
        features = generator.normal(size=(len(rows), dimensions))
    else:
        features = generator.choice(values, size=(len(rows), dimensions))
        features[~features.any(axis=1)] = 1
    modalities = np.where(np.isin(cameras, (3, 6)), "infrared", "visible")
    return FeatureSet(features, labels, cameras, modalities, names)


@contextmanager
def forced(way: str) -> Iterator[None]:
    """Galleries are scored by "counting" or by "placing", whatever their size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "_MOST_COMPARISONS", 10**9 if way == "counting" else -1)
        patch.setattr(counting, "_MOST_GROUPS", 10**9)
        yield
