"""What the figures on features and rankings need: one run's features, its ranking under a protocol, its pictures."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from eval import galleries
from eval.features import FeatureSet, load
from eval.protocols import protocol
from eval.report.experiment import Experiment, Row, Run


def row_of(experiment: Experiment, label: str, dataset: str, setting: str) -> Row:
    """The row of that label and setting; ValueError names the ones there are."""
    row = experiment.row((label, setting), dataset)
    if row is None:
        raise ValueError(f"no row {label!r} under {setting!r} on {dataset}; lines: {experiment.lines}")
    return row


def run_of(experiment: Experiment, label: str, dataset: str, setting: str) -> Run:
    """The first training of a row on a dataset: which one is no choice made after looking."""
    return next(run for run in row_of(experiment, label, dataset, setting).runs if run.dataset == dataset)


def features_of(run: Run) -> FeatureSet:
    """The test features of a run."""
    return load(Path(run.folder) / "features.npz")


def unit(features: np.ndarray) -> np.ndarray:
    """Rows divided by their length, float64 (N, D)."""
    features = features.astype(np.float64)
    return features / np.linalg.norm(features, axis=1, keepdims=True)


def plane(vectors: np.ndarray, seed: int) -> np.ndarray:
    """Rows (N, D) laid out by t-SNE of their cosines, (N, 2)."""
    from sklearn.manifold import TSNE

    perplexity = min(30, max(5, (len(vectors) - 1) / 4))
    return TSNE(perplexity=perplexity, random_state=seed, init="pca").fit_transform(unit(vectors))


class Pictures:
    """The packed pictures of a dataset by the names that features carry, or grey tiles."""

    def __init__(self, dataset: dict, *, shown: bool):
        self.shown = shown
        if shown:
            index = pd.read_csv(dataset["index"], usecols=["path"])
            self.rows = {path: row for row, path in enumerate(index.path)}
            self.pixels = np.load(Path(dataset["arrays"]), mmap_mode="r", allow_pickle=False)

    def of(self, name: str) -> np.ndarray:
        """(H, W, 3) uint8; KeyError for a name that the dataset does not have."""
        return np.moveaxis(self.pixels[self.rows[name]], 0, -1)


@dataclass(frozen=True)
class Ranked:
    """A ranking under the first gallery draw: rows of the features, and for each query the gallery places by rank.

    order: (Q, G) places in `gallery`, nearest first; ignored gallery images of a query stand last and are no match.
    matches: (Q, G) bool in the order of `order`.
    """

    queries: np.ndarray
    gallery: np.ndarray
    order: np.ndarray
    matches: np.ndarray
    considered: np.ndarray

    def average_precision(self) -> np.ndarray:
        """(Q,) in percent; NaN for a query without a match."""
        hits = np.cumsum(self.matches, axis=1)
        precision = hits / np.arange(1, self.matches.shape[1] + 1)
        total = self.matches.sum(axis=1)
        with np.errstate(invalid="ignore"):
            return 100 * (precision * self.matches).sum(axis=1) / np.where(total, total, np.nan)


def rank(features: FeatureSet, name: str) -> Ranked:
    """Rank the first seeded gallery draw of a protocol by cosine similarity; ties by the gallery's order."""
    return rank_all(features, name, *galleries.draws(protocol(name), features, "seeded", 1, None)[0])


def rank_all(features: FeatureSet, name: str, queries: np.ndarray, gallery: np.ndarray) -> Ranked:
    """Rank these gallery rows for these query rows; a camera pair that the protocol skips is skipped in both orders."""
    rules = protocol(name)
    if len(queries) and features.modalities[queries[0]] != rules.query_modality:
        rules = replace(rules, skip_pairs=tuple((theirs, ours) for ours, theirs in rules.skip_pairs))
    vectors = unit(features.features)
    similarity = vectors[queries] @ vectors[gallery].T  # (Q, G)
    cameras, identities = features.cameras[gallery], features.identities[gallery]
    skipped = np.array(
        [rules.skipped(features.identities[q], features.cameras[q], identities, cameras) for q in queries]
    )
    order = np.argsort(np.where(skipped, np.inf, -similarity), axis=1, kind="stable")
    same = identities[None] == features.identities[queries][:, None]
    matches = np.take_along_axis(same & ~skipped, order, axis=1)
    return Ranked(queries, gallery, order, matches, np.take_along_axis(~skipped, order, axis=1))
