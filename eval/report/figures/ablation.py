"""Components as bars: every line of the table, in its order, with the printed number beside the measured one.

Entry: {kind: ablation, metrics: [str] | null (default: the columns' own),
setting: str | null (default: all)}; one panel a column and metric.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from eval.report import names, style
from eval.report.cells import Cell, make_grid
from eval.report.experiment import Experiment


def draw(experiment: Experiment, results: pd.DataFrame, spec: dict) -> Figure | None:
    """Horizontal bars from zero, references in grey."""
    grid = make_grid(experiment, results)
    wanted = spec.get("metrics")
    places = [i for i, (_, metric) in enumerate(grid.columns) if wanted is None or metric in wanted]
    lines = [line for line in grid.cells if line[1] == spec.get("setting", line[1])][::-1]
    figure, axes = style.panels(len(places), height=0.9 + 0.3 * len(lines), across=2)
    drawn = 0
    for axis, i in zip(axes, places, strict=True):
        for height, line in enumerate(lines):
            if cell := grid.cells[line][i]:
                drawn += _bar(axis, height, cell)
        axis.set_yticks(range(len(lines)), _labels(lines) if axis in axes[::2] else [])
        axis.set_ylim(-0.6, len(lines) - 0.4)
        column, metric = grid.columns[i]
        axis.set_title(f"{names.dataset(column.dataset)}\n{names.protocol(column.protocol)}")
        axis.set(xlabel=f"{names.metric(metric)} (%)", xlim=(0, None))
        axis.grid(False, axis="y")
    style.legend_below(figure, axes)
    return figure if drawn else None


def _labels(lines: list[tuple[str, str]]) -> list[str]:
    several = len({setting for _, setting in lines}) > 1
    return [names.label(label) + (f", {names.setting(setting)}" if several else "") for label, setting in lines]


def _bar(axis: Axes, height: int, cell: Cell) -> int:
    colour = style.GREYS[1] if cell.row.reference else style.COLOURS[4]
    if not np.isnan(cell.mean):
        spread = None if np.isnan(cell.std) else cell.std
        axis.barh(height, cell.mean, xerr=spread, color=colour, height=0.62, error_kw={"capsize": 2, "elinewidth": 1.2})
    if cell.printed:
        suspect = bool(cell.printed.notes)
        label = "printed, suspect" if suspect else "printed"
        face = "white" if suspect else style.COLOURS[1]
        axis.plot(cell.printed.value, height, "D", color=style.COLOURS[1], markerfacecolor=face, label=label, zorder=3)
    return int(not np.isnan(cell.mean))
