"""Random features with the layouts of test sets, for benchmarks."""

import json
from pathlib import Path

import numpy as np

from eval.features import FeatureSet

COUNTS = Path(__file__).parents[1] / "datasets" / "sysu_mm01_counts.json"


def sysu_features(dimensions: int) -> FeatureSet:
    """Clustered random features with the layout of the SYSU-MM01 test set."""
    facts = json.loads(COUNTS.read_text())
    names = np.array(
        [
            f"cam{camera}/{identity:04d}/{number:04d}.jpg"
            for identity in facts["test_identities"]
            for camera in range(1, 7)
            for number in range(1, facts["cells"][str(camera)].get(str(identity), 0) + 1)
        ]
    )
    cameras = np.array([int(name[3]) for name in names])
    identities = np.array([int(name[5:9]) for name in names])
    modalities = np.where(np.isin(cameras, (3, 6)), "infrared", "visible")
    return FeatureSet(_clustered(identities, dimensions), identities, cameras, modalities, names)


def paired_features(queries: int, gallery: int, identities: int, dimensions: int) -> FeatureSet:
    """RegDB's kind of layout: visible queries of camera 1, infrared gallery of camera 2."""
    labels = np.r_[np.arange(queries) % identities, np.arange(gallery) % identities]
    cameras = np.repeat([1, 2], [queries, gallery])
    names = np.array([f"{number:07d}" for number in range(queries + gallery)])
    modalities = np.where(cameras == 1, "visible", "infrared")
    return FeatureSet(_clustered(labels, dimensions), labels, cameras, modalities, names)


def _clustered(identities: np.ndarray, dimensions: int) -> np.ndarray:
    generator = np.random.default_rng(0)
    centres = 0.25 * generator.standard_normal((identities.max() + 1, dimensions), np.float32)
    features = generator.standard_normal((len(identities), dimensions), np.float32)
    for start in range(0, len(features), 4096):
        features[start : start + 4096] += centres[identities[start : start + 4096]]
    return features


def unit(data: FeatureSet, rows: np.ndarray) -> np.ndarray:
    """Rows of the features in float64, of unit length."""
    values = data.features[rows].astype(np.float64)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    return values
