"""Training curves: each loss by its name, and the learning rate, against the epoch.

One panel a method (and one for the learning rate); lines are means over the method's trainings on one dataset under
one setting, bands their range. Entry: {kind: training, dataset: str | null, setting: str (default: full)}.
"""

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from eval.report import names, style
from eval.report.experiment import Experiment, Row

DEEPEST = 1e4  # a loss that falls this much below the highest leaves the panel, and does not flatten the others


def draw(experiment: Experiment, results: pd.DataFrame, spec: dict) -> Figure | None:
    """Panels of loss against epoch on a logarithmic axis, and the last one of the learning rates."""
    dataset = spec.get("dataset") or experiment.columns[0].dataset
    setting = spec.get("setting", "full")
    found = [experiment.row(line, dataset) for line in experiment.lines]
    rows = [row for row in found if row is not None and row.setting == setting and not row.reference]
    histories = {row.label: history for row in rows if not (history := read_history(row, dataset)).empty}
    if not histories:
        return None
    losses = list(dict.fromkeys(loss for history in histories.values() for loss in loss_names(history)))
    kinds = {loss: style.series(i) for i, loss in enumerate(name for name in losses if name != "total")}
    kinds["total"] = {"color": style.INK, "linestyle": "-"}
    figure, axes = style.panels(len(histories) + 1, width=3.2)
    loss_axes, rate_axis = axes[:-1], axes[-1]
    for axis, (label, history) in zip(loss_axes, histories.items(), strict=True):
        for loss in loss_names(history):
            plot_history(
                axis, history[history[loss] > 0], loss, loss, {key: kinds[loss][key] for key in ("color", "linestyle")}
            )
        axis.set(title=names.label(label), xlabel="epoch", yscale="log")
        axis.yaxis.set_minor_locator(NullLocator())
    edges = [limit for axis in loss_axes for limit in axis.get_ylim()]
    low, high = max(min(edges), max(edges) / DEEPEST), max(edges)
    for axis in loss_axes:
        axis.set_ylim(low, high)
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 200 else (1,)))
        axis.yaxis.set_major_formatter("{x:g}")
    loss_axes[0].set_ylabel("loss")
    _learning_rates(rate_axis, histories)
    figure.suptitle(f"{names.dataset(dataset)}, {names.setting(setting)}", fontsize=10)
    style.legend_below(figure, loss_axes, across=6)
    return figure


def loss_names(history: pd.DataFrame) -> list[str]:
    """The losses of a history, the total last: the columns between `epoch` and `lr`."""
    columns = list(history)
    found = columns[columns.index("epoch") + 1 : columns.index("lr")]
    return [name for name in found if history[name].notna().any()]


def read_history(row: Row, dataset: str) -> pd.DataFrame:
    """The histories of a row's trainings on a dataset, with a column `training`."""
    parts = []
    for run in row.runs:
        path = Path(run.folder) / "history.csv"
        if run.dataset == dataset and path.is_file():
            parts.append(pd.read_csv(path).assign(training=f"split{run.split}_seed{run.seed}"))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _learning_rates(axis: Axes, histories: dict[str, pd.DataFrame]) -> None:
    """One dashed grey line for each schedule, named after the methods that share it."""
    shared: dict[tuple, list[str]] = {}
    rates = {label: history.groupby("epoch").lr.mean() for label, history in histories.items()}
    for label, rate in rates.items():
        shared.setdefault(tuple(rate), []).append(label)
    for i, labels in enumerate(shared.values()):
        name = "all methods" if len(shared) == 1 else ", ".join(map(names.label, labels))
        colour, dash = style.GREYS[i % len(style.GREYS)], style.DASHES[(i + 1) % len(style.DASHES)]
        axis.plot(rates[labels[0]].index, rates[labels[0]], label=name, color=colour, linestyle=dash)
    axis.set(title="learning rate", xlabel="epoch", ylim=(0, None))
    axis.legend()


def plot_history(axis: Axes, history: pd.DataFrame, column: str, label: str | None, look: dict) -> None:
    """One line: the mean over trainings of a column's mean in each epoch, with their range as a band."""
    means = history.groupby(["training", "epoch"])[column].mean().unstack("training")
    axis.plot(means.index, means.mean(axis=1), label=label, **look)
    if means.shape[1] > 1:
        axis.fill_between(
            means.index, means.min(axis=1), means.max(axis=1), color=look["color"], alpha=0.15, linewidth=0
        )
