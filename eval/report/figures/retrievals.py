"""Queries and what a method ranks first, right and wrong framed.

Entry: {kind: retrievals, dataset: str, protocol: str, row: label, setting: str (default: full), queries: int, top: int,
images: bool (default: true)}. The queries are evenly spaced from the best to the worst. Without images (also by
--no-images), each photograph of a real person is a grey tile with identity and camera.
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

GREY_TILE = 0.88


def draw(experiment: Experiment, results: pd.DataFrame, spec: dict) -> Figure | None:
    """One line a query: the query, a gap, and its first `top` gallery images."""
    setting, dataset = spec.get("setting", "full"), experiment.datasets[spec["dataset"]]
    features = samples.features_of(samples.run_of(experiment, spec["row"], spec["dataset"], setting))
    ranked = samples.rank(features, spec["protocol"])
    chosen = choose(ranked.average_precision(), spec["queries"])
    pictures = samples.Pictures(dataset, shown=spec["images"] or not dataset.get("real", True))
    top = min(spec["top"], ranked.order.shape[1])
    size = (0.8 * (top + 1.5), 1.6 * len(chosen) + 0.5)
    widths = {"width_ratios": [1, 0.25, *[1] * top]}
    figure, axes = plt.subplots(len(chosen), top + 2, figsize=size, squeeze=False, gridspec_kw=widths)
    for line, query in zip(axes, chosen, strict=True):
        _line(line, features, ranked, query, top, pictures)
    axes[0, 0].set_title("query", fontsize=8)
    for j in range(top):
        axes[0, j + 2].set_title(str(j + 1), fontsize=8)
    where = f"{names.dataset(spec['dataset'])}, {names.protocol(spec['protocol'])}, {names.setting(setting)}"
    figure.suptitle(f"{names.label(spec['row'])}: {where}", fontsize=9)
    return figure


def choose(precision: np.ndarray, count: int) -> np.ndarray:
    """Places of `count` queries, evenly spaced from the best to the worst average precision: nobody's choice."""
    order = np.argsort(-precision, kind="stable")
    order = order[~np.isnan(precision[order])]
    return order[np.unique(np.linspace(0, len(order) - 1, count).round().astype(int))]


def _line(
    axes: np.ndarray, features: FeatureSet, ranked: Ranked, query: int, top: int, pictures: samples.Pictures
) -> None:
    axes[1].set_axis_off()
    _tile(axes[0], features, ranked.queries[query], pictures, style.INK, "")
    for axis, place, match in zip(axes[2:], ranked.order[query, :top], ranked.matches[query, :top], strict=True):
        look = (style.RIGHT, "✓ ") if match else (style.WRONG, "✗ ")
        _tile(axis, features, ranked.gallery[place], pictures, *look)


def _tile(axis: Axes, features: FeatureSet, row: int, pictures: samples.Pictures, colour: str, sign: str) -> None:
    if pictures.shown:
        axis.imshow(pictures.of(features.names[row]), aspect="auto")
    else:
        axis.set_facecolor(str(GREY_TILE))
        axis.text(0.5, 0.5, features.identities[row], ha="center", va="center", transform=axis.transAxes, fontsize=8)
    axis.set(xticks=[], yticks=[])
    axis.grid(False)
    axis.set_xlabel(f"{sign}{features.identities[row]} · cam {features.cameras[row]}", fontsize=7, labelpad=1.5)
    axis.spines[:].set(visible=True, color=colour, linewidth=2.2)
