"""Accuracy against training time. Entry: {kind: cost, metric: str, setting: str (default: full)}."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from eval.report import names, provenance, style
from eval.report.cells import Cell, make_grid
from eval.report.experiment import Experiment


def draw(experiment: Experiment, results: pd.DataFrame, spec: dict) -> Figure | None:
    """One panel a column; one point a method."""
    metric, setting = spec["metric"], spec.get("setting", "full")
    grid = make_grid(experiment, results)
    look = style.styles(experiment)
    places = [i for i, (_, name) in enumerate(grid.columns) if name == metric]
    figure, axes = style.panels(len(places), across=2 if len(places) in (2, 4) else 3)
    drawn = 0
    for axis, i in zip(axes, places, strict=True):
        column = grid.columns[i][0]
        for cell in grid.in_column(i):
            if cell.row.setting == setting and not np.isnan(cell.mean):
                drawn += _point(axis, cell, look[cell.row.label])
        axis.set_title(f"{names.dataset(column.dataset)}\n{names.protocol(column.protocol)}")
        axis.set(xlabel="one training (minutes)", ylabel=f"{names.metric(metric)} (%)")
        axis.margins(0.12)
        axis.set_xlim(left=0)
        axis.locator_params(axis="x", nbins=5)
    style.legend_below(figure, axes)
    return figure if drawn else None


def _point(axis: Axes, cell: Cell, look: dict) -> int:
    """Draw a method's point; 0 where no training recorded its time."""
    folders = [Path(run.folder) for run in cell.row.runs if run.dataset == cell.column.dataset]
    seconds = [provenance.read(folder)["train_seconds"] for folder in folders]
    seconds = [value for value in seconds if value is not None]
    if not seconds:
        return 0
    spread = 0 if np.isnan(cell.std) else cell.std
    mark = {"color": look["color"], "marker": look["marker"]}
    minutes = np.mean(seconds) / 60
    axis.errorbar(
        [minutes], [cell.mean], [spread], label=names.label(cell.row.label), linestyle="none", capsize=2, **mark
    )
    return 1
