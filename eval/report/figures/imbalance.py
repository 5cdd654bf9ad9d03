"""Accuracy against how much of one modality training sees, absolute (above) and relative to full data (below).

One column of panels a protocol. Entry: {kind: imbalance, axis: ir_per_id | ir_ids | vis_per_id | vis_ids,
metric: str, setting_of_all: str (default: full)}; the paper's numbers, where rows have them, are hollow symbols.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from eval import statistics
from eval.report import names, style
from eval.report.cells import Grid, make_grid
from eval.report.experiment import Column, Experiment


def draw(experiment: Experiment, results: pd.DataFrame, spec: dict) -> Figure | None:
    """Two rows of panels, or None where the experiment has fewer than two points on the axis."""
    axis, metric, full = spec["axis"], spec["metric"], spec.get("setting_of_all", "full")
    fewer = [s for s in experiment.settings if s.startswith(f"{axis}=")]
    settings = [*sorted(fewer, key=lambda setting: names.number(setting) or 0), full]
    columns = [column for column in experiment.columns if metric in column.metrics]
    if len(settings) < 2 or not columns:
        return None
    grid = make_grid(experiment, results)
    thinned = {label for label, setting in grid.cells if setting in fewer}
    look = {label: kind for label, kind in style.styles(experiment).items() if kind["reference"] or label in thinned}
    figure, axes = style.panels(2 * len(columns), width=3.0, height=2.5, across=len(columns))
    shares = relative(grid.labelled, full)
    for column, above, below in zip(columns, axes[: len(columns)], axes[len(columns) :], strict=True):
        for i, (label, kind) in enumerate(look.items()):
            shift = (i - (len(look) - 1) / 2) * min(0.05, 0.4 / len(look))
            points = absolute(grid, column, metric, label, settings)
            if kind["reference"] and points["mean"].count() == 1:
                above.axhline(points["mean"].max(), label=label, color=kind["color"], linestyle=kind["linestyle"])
                continue
            _line(above, points, shift, kind, names.label(label))
            _printed(above, grid, column, metric, label, settings, shift, kind)
            if not kind["reference"]:
                _line(below, pick(shares, grid, column, metric, label, settings), shift, kind, None)
        above.set_title(f"{names.dataset(column.dataset)}\n{names.protocol(column.protocol)}")
        above.set_ylim(0, None)
        below.set_ylim(0, 105)
        below.set_xlabel(names.AXES.get(axis, axis))
        for panel in (above, below):
            ticks = [f"{names.number(setting):g}" if names.number(setting) else "full" for setting in settings]
            panel.set_xticks(range(len(settings)), ticks)
    axes[0].set_ylabel(f"{names.metric(metric)} (%)")
    axes[len(columns)].set_ylabel(f"{names.metric(metric)}, % of full data")
    style.legend_below(figure, axes)
    return figure


def absolute(grid: Grid, column: Column, metric: str, label: str, settings: list[str]) -> pd.DataFrame:
    """Mean and standard deviation over trainings at each setting (NaN where unknown), in the order of `settings`."""
    place = grid.columns.index((column, metric))
    rows = []
    for setting in settings:
        cell = grid.cells.get((label, setting), [None] * (place + 1))[place]
        rows.append((cell.mean, cell.std) if cell else (np.nan, np.nan))
    return pd.DataFrame(rows, columns=["mean", "std"])


def relative(labelled: pd.DataFrame, full: str) -> pd.DataFrame:
    """Summary of each training's score in percent of the same split's and seed's with full data."""
    means = statistics.training_means(labelled)
    keys = ["dataset", "protocol", "gallery", "metric", *statistics.TRAINING]
    whole = means[means.setting == full].rename(columns={"value": "whole"})[[*keys, "whole"]]
    share = means.merge(whole, on=keys)
    return statistics.summary(share.assign(value=100 * share.value / share.whole, trial=0))


def pick(
    shares: pd.DataFrame, grid: Grid, column: Column, metric: str, label: str, settings: list[str]
) -> pd.DataFrame:
    """The rows of `relative` of one method under one protocol, in the order of `settings`."""
    wanted = {"dataset": column.dataset, "protocol": column.protocol, "gallery": grid.galleries[column]}
    found = shares
    for key, value in {**wanted, "metric": metric, "method": label}.items():
        found = found[found[key] == value]
    return found.set_index("setting").reindex(settings).reset_index()


def _line(axis: Axes, points: pd.DataFrame, shift: float, kind: dict, label: str | None) -> None:
    if points["mean"].isna().all():
        return
    look = {key: kind[key] for key in ("color", "linestyle", "marker")}
    axis.errorbar(
        np.arange(len(points)) + shift, points["mean"], np.nan_to_num(points["std"]), label=label, capsize=2, **look
    )


def _printed(
    axis: Axes, grid: Grid, column: Column, metric: str, label: str, settings: list[str], shift: float, kind: dict
) -> None:
    place = grid.columns.index((column, metric))
    cells = [grid.cells.get((label, setting), [None] * (place + 1))[place] for setting in settings]
    values = [cell.printed.value if cell and cell.printed else np.nan for cell in cells]
    if not np.isnan(values).all():
        look = {"marker": kind["marker"], "markerfacecolor": "none", "color": kind["color"], "linestyle": "none"}
        axis.plot(np.arange(len(values)) + shift, values, label=f"{names.label(label)} (printed)", **look)
