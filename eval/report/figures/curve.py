"""Accuracy against one hyperparameter.

Entry: {kind: curve, x: [number | str], rows: [label], xlabel: str, log: bool}; row i stands at x[i]. One panel a column
of the experiment, one line a metric of the column; texts in x are places beside the numbers, equally spaced.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from eval.report import names, style
from eval.report.cells import Cell, make_grid
from eval.report.experiment import Experiment


def draw(experiment: Experiment, results: pd.DataFrame, spec: dict) -> Figure | None:
    """Lines through the measured means, crosses for printed numbers."""
    labels, x = spec["rows"], spec["x"]
    if len(labels) != len(x):
        raise ValueError(
            f"curve {spec.get('name', '')}: {len(x)} values of x for {len(labels)} rows; give each row one"
        )
    if unknown := [label for label in labels if label not in {row.label for row in experiment.rows}]:
        raise ValueError(f"curve {spec.get('name', '')}: the experiment has no rows {unknown}")
    grid = make_grid(experiment, results)
    numeric = all(isinstance(value, int | float) for value in x)
    at = x if numeric else list(range(len(x)))
    figure, axes = style.panels(len(experiment.columns), across=2)
    place = drawn = 0
    for axis, column in zip(axes, experiment.columns, strict=True):
        for j, metric in enumerate(column.metrics):
            cells = [
                next((line[place] for key, line in grid.cells.items() if key[0] == label), None) for label in labels
            ]
            drawn += _line(axis, at, cells, names.metric(metric), style.series(j))
            place += 1
        axis.set_title(f"{names.dataset(column.dataset)}\n{names.protocol(column.protocol)}")
        axis.set(xlabel=spec["xlabel"], ylabel="%", xscale="log" if spec.get("log") else "linear")
        axis.set_xticks(at, [f"{value:g}" if isinstance(value, int | float) else value for value in x], minor=False)
        axis.minorticks_off()
    style.legend_below(figure, axes)
    return figure if drawn else None


def _line(axis: Axes, at: list[float], cells: list[Cell | None], name: str, look: dict) -> int:
    means = np.array([cell.mean if cell else np.nan for cell in cells])
    spreads = np.array([cell.std if cell else np.nan for cell in cells])
    printed = [cell.printed.value if cell and cell.printed else np.nan for cell in cells]
    if not np.isnan(means).all():
        axis.errorbar(at, means, np.nan_to_num(spreads), label=name, capsize=2, **look)
    if not np.isnan(printed).all():
        axis.plot(at, printed, "x", color=look["color"], label=f"{name} (printed)", markersize=6)
    return int(np.isfinite(means).sum())
