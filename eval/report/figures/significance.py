"""Pairwise differences of the methods under one protocol, and which of them are more than chance.

Entry: {kind: significance, metric: str, setting: str (default: full)}; one panel a column of the experiment.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from eval.report import names, pairs, style
from eval.report.cells import label_results
from eval.report.experiment import Experiment


def draw(experiment: Experiment, results: pd.DataFrame, spec: dict) -> Figure | None:
    """A square panel of a protocol's methods each: row minus column, best first; coloured where they are told apart."""
    labelled = label_results(experiment, results)
    wanted = (
        ~labelled.reference & (labelled.metric == spec["metric"]) & (labelled.setting == spec.get("setting", "full"))
    )
    labelled = labelled[wanted]
    columns = [column for column in experiment.columns if spec["metric"] in column.metrics]
    if labelled.method.nunique() < 2:
        return None
    table = pairs.pairwise(labelled)
    count = labelled.method.nunique()
    size = 1.3 + 0.62 * count
    figure, axes = style.panels(len(columns), width=size + 0.2, height=size, across=2)
    order = labelled.groupby("method").value.mean().sort_values(ascending=False).index.tolist()
    limit = table.difference.abs().max()
    for axis, column in zip(axes, columns, strict=True):
        chosen = table[(table.dataset == column.dataset) & (table.protocol == column.protocol)]
        _matrix(axis, chosen, [method for method in order if method in set(chosen.method)], limit)
        axis.set_title(f"{names.dataset(column.dataset)}\n{names.protocol(column.protocol)}")
    unit = f"difference in {names.metric(spec['metric'])} (points), row minus column; coloured: told apart"
    figure.supxlabel(unit, fontsize=8)
    return figure


def _matrix(axis: Axes, table: pd.DataFrame, order: list[str], limit: float) -> None:
    difference = table.pivot(index="method", columns="baseline", values="difference").reindex(
        index=order, columns=order
    )
    apart = table.pivot(index="method", columns="baseline", values="told_apart").reindex(index=order, columns=order)
    shown = difference.where(apart.eq(True), 0.0).fillna(0.0)
    colours = LinearSegmentedColormap.from_list("", ["#F0B48A", "white", "#8CBFE0"])
    axis.imshow(shown, cmap=colours, vmin=-limit, vmax=limit)
    for i, j in np.ndindex(difference.shape):
        value = difference.iat[i, j]
        text = "" if i == j else "–" if np.isnan(value) else f"{value:+.1f}".replace("-", "−")
        axis.text(j, i, text, ha="center", va="center", fontsize=8)
    labels = [names.label(label) for label in order]
    axis.set_xticks(range(len(order)), labels, rotation=40, ha="right", rotation_mode="anchor")
    axis.set_yticks(range(len(order)), labels)
    axis.set_xticks(np.arange(0.5, len(order) - 1), minor=True)
    axis.set_yticks(np.arange(0.5, len(order) - 1), minor=True)
    axis.grid(False)
    axis.grid(True, which="minor", color="#DDDDDD", linewidth=0.6)
    axis.spines[:].set_visible(False)
    axis.tick_params(which="both", length=0)
