"""How far apart cross-modality pairs of one identity and of different identities are.

Entry: {kind: distances, dataset: str, rows: [label], setting: str (default: full)}; one panel a row, first training.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from eval.features import FeatureSet
from eval.report import names, samples, style
from eval.report.experiment import Experiment

BINS = np.linspace(0, 2, 81)


def draw(experiment: Experiment, results: pd.DataFrame, spec: dict) -> Figure | None:
    """Two histograms a panel, on one axis of cosine distance for all panels."""
    setting = spec.get("setting", "full")
    figure, axes = style.panels(len(spec["rows"]), width=3.0, height=2.3, across=2 if len(spec["rows"]) == 4 else 3)
    widest = 0.0
    for axis, label in zip(axes, spec["rows"], strict=True):
        features = samples.features_of(samples.run_of(experiment, label, spec["dataset"], setting))
        same, other = distances(features)
        widest = max(widest, np.quantile(other, 0.999), np.quantile(same, 0.999))
        _histogram(axis, same, "same identity", style.RIGHT, "/")
        _histogram(axis, other, "different identities", style.WRONG, "")
        gap = f"{other.mean() - same.mean():z.2f}".replace("-", "−")
        axis.set_title(f"{names.label(label)} (gap {gap})")
        axis.set(xlabel="cosine distance", yticks=[])
        axis.grid(False)
    for axis in axes:
        axis.set_xlim(0, widest * 1.05)
    axes[0].set_ylabel("share of pairs")
    figure.suptitle(f"{names.dataset(spec['dataset'])}, {names.setting(setting)}", fontsize=10)
    style.legend_below(figure, axes)
    return figure


def distances(features: FeatureSet) -> tuple[np.ndarray, np.ndarray]:
    """Cosine distances of all visible-infrared pairs: of the same identity, and of different ones."""
    vectors = samples.unit(features.features)
    visible, infrared = features.modalities == "visible", features.modalities == "infrared"
    distance = 1 - vectors[visible] @ vectors[infrared].T
    same = features.identities[visible][:, None] == features.identities[infrared][None]
    return distance[same], distance[~same]


def _histogram(axis: Axes, values: np.ndarray, label: str, colour: str, hatch: str) -> None:
    heights, _ = np.histogram(values, BINS)
    axis.stairs(heights / len(values), BINS, fill=True, color=colour, alpha=0.35, label=label, hatch=hatch)
    axis.stairs(heights / len(values), BINS, color=colour, linewidth=1.2)
    axis.axvline(values.mean(), color=colour, linestyle="--", linewidth=1)
