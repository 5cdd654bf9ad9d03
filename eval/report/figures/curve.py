"""Accuracy against one hyperparameter.

Entry: {kind: curve, x: [number | str], rows: [label], xlabel: str, log: bool}: row i stands at x[i]; one panel a column
of the experiment, one line a metric of the column. Or, to compare methods, {kind: curve, lines: [{name, x, rows}],
metric: str, xlabel: str, log: bool}: one line an entry. Texts in x are places, equally spaced.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from eval.report import names, style
from eval.report.cells import Cell, Grid, make_grid
from eval.report.experiment import Column, Experiment


def draw(experiment: Experiment, results: pd.DataFrame, spec: dict) -> Figure | None:
    """Lines through the measured means, crosses for printed numbers."""
    lines = spec.get("lines") or [{"name": None, "x": spec["x"], "rows": spec["rows"]}]
    for line in lines:
        _check(experiment, line)
    grid = make_grid(experiment, results)
    places = list(dict.fromkeys(value for line in lines for value in line["x"]))
    numeric = all(isinstance(value, int | float) for value in places)
    at = {value: value if numeric else i for i, value in enumerate(places)}
    figure, axes = style.panels(len(experiment.columns), across=2)
    drawn = 0
    for axis, column in zip(axes, experiment.columns, strict=True):
        series = [(line, metric) for line in lines for metric in column.metrics if metric == spec.get("metric", metric)]
        for i, (line, metric) in enumerate(series):
            x = [at[value] for value in line["x"]]
            cells = [_cell(grid, label, column, metric) for label in line["rows"]]
            drawn += _line(axis, x, cells, line["name"] or names.metric(metric), style.series(i))
        axis.set_title(f"{names.dataset(column.dataset)}\n{names.protocol(column.protocol)}")
        unit = f"{names.metric(spec['metric'])} (%)" if "metric" in spec else "%"
        axis.set(xlabel=spec["xlabel"], ylabel=unit, xscale="log" if spec.get("log") else "linear")
        axis.set_xticks(list(at.values()), [f"{v:g}" if isinstance(v, int | float) else v for v in at])
        axis.minorticks_off()
    style.legend_below(figure, axes)
    return figure if drawn else None


def _check(experiment: Experiment, line: dict) -> None:
    if len(line["rows"]) != len(line["x"]):
        raise ValueError(f"curve: {len(line['x'])} values of x for {len(line['rows'])} rows; give each row one")
    known = {row.label for row in experiment.rows}
    if unknown := [label for label in line["rows"] if label not in known]:
        raise ValueError(f"curve: the experiment has no rows {unknown}; it has {sorted(known)}")


def _cell(grid: Grid, label: str, column: Column, metric: str) -> Cell | None:
    place = grid.columns.index((column, metric))
    return next((line[place] for key, line in grid.cells.items() if key[0] == label), None)


def _line(axis: Axes, x: list[float], cells: list[Cell | None], name: str, look: dict) -> int:
    means = np.array([cell.mean if cell else np.nan for cell in cells])
    spreads = np.array([cell.std if cell else np.nan for cell in cells])
    printed = [cell.printed.value if cell and cell.printed else np.nan for cell in cells]
    if not np.isnan(means).all():
        axis.errorbar(x, means, np.nan_to_num(spreads), label=name, capsize=2, **look)
    if not np.isnan(printed).all():
        axis.plot(x, printed, "x", color=look["color"], label=f"{name} (printed)", markersize=6)
    return int(np.isfinite(means).sum())
