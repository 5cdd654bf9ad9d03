"""Test features in the plane by t-SNE, by identity and modality.

Entry: {kind: tsne, dataset: str, rows: [label], setting: str (default: full), identities: int, seed: int}; one panel a
row, its first training. The first so many identities, in the order of their numbers, are shown.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from eval.features import FeatureSet
from eval.report import names, samples, style
from eval.report.experiment import Experiment

LABEL = np.array([0.075, 0.06])  # width and height of a label as shares of a panel
MARKS = {"visible": "o", "infrared": "^"}


def draw(experiment: Experiment, results: pd.DataFrame, spec: dict) -> Figure | None:
    """Panels of points; filled circles are visible, hollow triangles infrared."""
    setting = spec.get("setting", "full")
    figure, axes = style.panels(len(spec["rows"]), width=3.0, height=2.9, across=2 if len(spec["rows"]) == 4 else 3)
    for axis, label in zip(axes, spec["rows"], strict=True):
        features = samples.features_of(samples.run_of(experiment, label, spec["dataset"], setting))
        _panel(axis, features, spec["identities"], spec["seed"])
        axis.set_title(names.label(label))
    figure.suptitle(f"{names.dataset(spec['dataset'])}, {names.setting(setting)}", fontsize=10)
    look: dict[str, Any] = {"linestyle": "none", "color": style.INK}
    handles = [
        Line2D([], [], marker=mark, label=modality, markerfacecolor=style.INK if mark == "o" else "none", **look)
        for modality, mark in MARKS.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure


def embed(features: FeatureSet, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the first `count` identities and their places in the plane (rows, 2)."""
    chosen = np.unique(features.identities)[:count]
    rows = np.flatnonzero(np.isin(features.identities, chosen))
    return rows, samples.plane(features.features[rows], seed)


def apart(middles: np.ndarray, extent: np.ndarray) -> np.ndarray:
    """Places of labels (n, 2) near their middles, pushed off one another until none covers another."""
    at = middles / extent / LABEL
    for _ in range(200):
        gaps = at[:, None] - at[None]  # (n, n, 2), in widths and heights of a label
        close = np.triu((np.abs(gaps) < 1).all(axis=2), 1)
        if not close.any():
            break
        i, j = np.argwhere(close)[0]
        shorter = int(np.abs(gaps[i, j]).argmax())
        push = (1.01 - abs(gaps[i, j, shorter])) / 2 * (1 if gaps[i, j, shorter] >= 0 else -1)
        at[i, shorter] += push
        at[j, shorter] -= push
    return at * extent * LABEL


def _panel(axis: Axes, features: FeatureSet, count: int, seed: int) -> None:
    rows, places = embed(features, count, seed)
    identities = np.unique(features.identities[rows])
    for i, identity in enumerate(identities):
        colour = style.many(i)
        for modality, mark in MARKS.items():
            here = (features.identities[rows] == identity) & (features.modalities[rows] == modality)
            look: dict[str, Any] = {"facecolors": colour if mark == "o" else "none", "edgecolors": [colour]}
            axis.scatter(places[here, 0], places[here, 1], s=16, marker=mark, linewidths=0.9, **look)
    halo = [withStroke(linewidth=2.5, foreground="white")]
    look = {"fontsize": 8, "weight": "bold", "ha": "center", "va": "center", "path_effects": halo}
    middles = np.array([np.median(places[features.identities[rows] == identity], axis=0) for identity in identities])
    for i, (identity, at) in enumerate(zip(identities, apart(middles, np.ptp(places, axis=0)), strict=True)):
        axis.annotate(str(identity), at, color=style.many(i), **look)
    style.bare(axis)
