"""Where a method fails: average precision by identity, and by pair of query and gallery camera.

Entry: {kind: failures, dataset: str, protocol: str, rows: [label], setting: str (default: full)}; first training of
each row, first seeded gallery draw.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from eval.features import FeatureSet
from eval.report import names, samples, style
from eval.report.experiment import Experiment
from eval.report.samples import Ranked


def draw(experiment: Experiment, results: pd.DataFrame, spec: dict) -> Figure | None:
    """Two rows of panels: identities from hardest to easiest, and cameras."""
    setting, labels = spec.get("setting", "full"), spec["rows"]
    figure, axes = style.panels(2 * len(labels), width=2.9, height=2.4, across=len(labels))
    for above, below, label in zip(axes, axes[len(labels) :], labels, strict=False):
        features = samples.features_of(samples.run_of(experiment, label, spec["dataset"], setting))
        ranked = samples.rank(features, spec["protocol"])
        _identities(above, features, ranked)
        _cameras(below, features, ranked)
        above.set_title(names.label(label))
    axes[0].set_ylabel("average precision (%)")
    axes[len(labels)].set_ylabel("query camera")
    title = f"{names.dataset(spec['dataset'])}, {names.protocol(spec['protocol'])}, {names.setting(setting)}"
    figure.suptitle(title, fontsize=10)
    return figure


def by_identity(features: FeatureSet, ranked: Ranked) -> pd.Series:
    """Mean average precision of each identity's queries, hardest first, indexed by identity."""
    identities = features.identities[ranked.queries]
    return pd.Series(ranked.average_precision()).groupby(identities).mean().sort_values()


def by_camera(features: FeatureSet, ranked: Ranked) -> pd.DataFrame:
    """Percent of queries of a camera (line) whose best match in a gallery camera (column) has rank 1 among the images
    of that camera; NaN where none of the pairs is considered."""
    query_cameras, gallery_cameras = features.cameras[ranked.queries], features.cameras[ranked.gallery]
    cameras = gallery_cameras[ranked.order]  # (Q, G)
    table = {}
    for camera in np.unique(gallery_cameras):
        here = (cameras == camera) & ranked.considered
        with_match = (here & ranked.matches).any(axis=1)
        first = np.take_along_axis(ranked.matches, here.argmax(axis=1)[:, None], axis=1)[:, 0]
        right = pd.Series(np.where(with_match, 100.0 * first, np.nan))
        table[camera] = right.groupby(query_cameras).mean()
    return pd.DataFrame(table)


def _identities(axis: Axes, features: FeatureSet, ranked: Ranked) -> None:
    scores = by_identity(features, ranked)
    axis.bar(range(len(scores)), scores, width=0.9, color=style.COLOURS[4])
    axis.axhline(scores.mean(), color=style.INK, linestyle="--", linewidth=1)
    axis.set(
        ylim=(0, 102), xlabel=f"{len(scores)} identities, hardest: {', '.join(map(str, scores.index[:3]))}", xticks=[]
    )
    axis.grid(False, axis="x")


def _cameras(axis: Axes, features: FeatureSet, ranked: Ranked) -> None:
    table = by_camera(features, ranked)
    style.heat(axis, table.to_numpy(), size=9)
    axis.set_xticks(range(table.shape[1]), table.columns)
    axis.set_yticks(range(table.shape[0]), table.index)
    axis.set_xlabel("gallery camera (R-1 within it, %)")
