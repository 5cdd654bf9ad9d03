"""What a method says of itself while it trains: columns of history.csv beside the losses, against the epoch.

Entry: {kind: diagnostics, columns: [str], ylabel: str, dataset: str, rows: [label], setting: str (default: full)};
one panel a column, one line a row, mean over trainings with their range.
"""

import pandas as pd
from matplotlib.figure import Figure

from eval.report import names, samples, style
from eval.report.experiment import Experiment
from eval.report.figures.training import plot_history, read_history


def draw(experiment: Experiment, results: pd.DataFrame, spec: dict) -> Figure | None:
    """Panels that share their vertical axis; ValueError for a column that no history has."""
    setting = spec.get("setting", "full")
    look = style.styles(experiment)
    figure, axes = style.panels(len(spec["columns"]), across=2 if len(spec["columns"]) in (2, 4) else 3)
    for label in spec["rows"]:
        row = samples.row_of(experiment, label, spec["dataset"], setting)
        history = read_history(row, spec["dataset"])
        for axis, column in zip(axes, spec["columns"], strict=True):
            if column not in history:
                raise ValueError(f"history.csv of {row.run} has no column {column!r}; it has {list(history)}")
            kind = {key: look[label][key] for key in ("color", "linestyle")}
            plot_history(axis, history.dropna(subset=column), column, names.label(label), kind)
    limits = [limit for axis in axes for limit in axis.get_ylim()]
    for axis, column in zip(axes, spec["columns"], strict=True):
        axis.set(title=column.replace("_", " "), xlabel="epoch", ylim=(min(0.0, *limits), max(limits)))
    axes[0].set_ylabel(spec["ylabel"])
    style.legend_below(figure, axes)
    return figure
