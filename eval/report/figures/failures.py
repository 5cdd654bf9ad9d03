"""Where a method fails: average precision by identity, by pair of query and gallery camera, and by direction.

Entry: {kind: failures, dataset: str, protocol: str, rows: [label], setting: str (default: full)}; first training of
each row, first seeded gallery draw.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from eval.features import FeatureSet
from eval.report import names, samples, style
from eval.report.experiment import Experiment
from eval.report.samples import Ranked


def draw(experiment: Experiment, results: pd.DataFrame, spec: dict) -> Figure | None:
    """Three rows of panels: identities from hardest to easiest, cameras, and directions."""
    setting, labels = spec.get("setting", "full"), spec["rows"]
    across = min(3, len(labels))
    figure = plt.figure(figsize=(2.9 * across, 5.6 * -(-len(labels) // across)))
    outer = figure.add_gridspec(-(-len(labels) // across), across)
    for k, label in enumerate(labels):
        inner = outer[k // across, k % across].subgridspec(3, 1, height_ratios=[2.2, 2.2, 1])
        above, below, last = (figure.add_subplot(inner[i]) for i in range(3))
        features = samples.features_of(samples.run_of(experiment, label, spec["dataset"], setting))
        ranked = samples.rank(features, spec["protocol"])
        _identities(above, features, ranked)
        _cameras(below, features, ranked)
        _directions(last, by_direction(features, spec["protocol"]))
        above.set_title(names.label(label))
        if k % across == 0:
            above.set_ylabel("average precision (%)")
            below.set_ylabel("query camera")
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


def by_direction(features: FeatureSet, protocol: str) -> pd.Series:
    """mAP of all images of one modality as queries to all of the other, in both directions, indexed by direction.

    Pairs of cameras that the protocol leaves out are left out both ways.
    """
    found = {}
    for query, gallery in (("visible", "infrared"), ("infrared", "visible")):
        rows = [np.flatnonzero(features.modalities == modality) for modality in (query, gallery)]
        ranked = samples.rank_all(features, protocol, *rows)
        found[f"{query} to {gallery}"] = float(np.nanmean(ranked.average_precision()))
    return pd.Series(found)


def _directions(axis: Axes, scores: pd.Series) -> None:
    axis.barh(range(len(scores)), scores, color=style.COLOURS[4], height=0.6)
    for i, value in enumerate(scores):
        axis.text(value + 1, i, f"{value:.1f}", va="center", fontsize=8)
    axis.set_yticks(range(len(scores)), [name.replace(" to ", "\nto ") for name in scores.index], fontsize=7)
    axis.set(xlim=(0, 112), ylim=(1.6, -0.6), xlabel="mAP, whole test set (%)", xticks=[0, 50, 100])
    axis.grid(False, axis="y")


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
