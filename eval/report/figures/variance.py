"""Where the spread of single scores comes from. Entry: {kind: variance, metric: str, setting: str (default: full)}."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from eval import statistics
from eval.report import names, style
from eval.report.cells import label_results
from eval.report.experiment import Experiment

PARTS = {"split": "split", "seed": "seed", "draw": "gallery draw", "residual": "rest"}
HATCHES = {"split": "", "seed": "//", "draw": "..", "residual": ""}
COLOURS = {"split": style.COLOURS[0], "seed": style.COLOURS[1], "draw": style.COLOURS[2], "residual": "#CCCCCC"}


def draw(experiment: Experiment, results: pd.DataFrame, spec: dict) -> Figure | None:
    """Stacked bars of shares, one a method, one panel a column that has more than one source."""
    labelled = label_results(experiment, results)
    wanted = (
        ~labelled.reference & (labelled.metric == spec["metric"]) & (labelled.setting == spec.get("setting", "full"))
    )
    if not wanted.any():
        return None
    shares = statistics.variance_shares(labelled[wanted])
    known = shares[[f"{part}_share" for part in PARTS]].notna().sum(axis=1) > 1
    shares = shares[known.to_numpy()]
    there = set(zip(shares.dataset, shares.protocol, strict=True))
    columns = [c for c in experiment.columns if spec["metric"] in c.metrics and (c.dataset, c.protocol) in there]
    if not columns:
        return None
    order = [label for label in style.styles(experiment) if label in set(shares.method)][::-1]
    figure, axes = style.panels(len(columns), height=1.1 + 0.28 * len(order), across=2)
    for axis, column in zip(axes, columns, strict=True):
        chosen = shares[(shares.dataset == column.dataset) & (shares.protocol == column.protocol)].set_index("method")
        left = np.zeros(len(order))
        for part, name in PARTS.items():
            share = 100 * chosen[f"{part}_share"].reindex(order).fillna(0).to_numpy()
            if not share.any():
                continue
            look: dict[str, Any] = {"color": COLOURS[part], "hatch": HATCHES[part], "edgecolor": "white"}
            axis.barh([names.label(label) for label in order], share, left=left, label=name, linewidth=0.5, **look)
            left += share
        axis.set_title(f"{names.dataset(column.dataset)}\n{names.protocol(column.protocol)}")
        axis.set(xlim=(0, 100), xlabel=f"share of the variance of {names.metric(spec['metric'])} (%)")
        axis.grid(False, axis="y")
    style.legend_below(figure, axes)
    return figure
