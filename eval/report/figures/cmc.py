"""Cumulative matching curves, one panel a column of the experiment.

The line is the mean over trainings, the band one standard deviation over them (not over gallery draws, which are
averaged within each training first). Entry: {kind: cmc, setting: str (default: full), lines: [label] | null}.
"""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from eval.report import names, style
from eval.report.experiment import Column, Experiment, Row

TICKS = [1, 5, 10, 15, 20]


def draw(experiment: Experiment, results: pd.DataFrame, spec: dict) -> Figure | None:
    """Curves up to rank 20 of the rows under one setting."""
    setting = spec.get("setting", "full")
    look = style.styles(experiment)
    columns = list({(c.dataset, c.protocol, c.gallery): c for c in experiment.columns}.values())
    figure, axes = style.panels(len(columns), across=2 if len(columns) in (2, 4) else 3)
    drawn = 0
    for axis, column in zip(axes, columns, strict=True):
        for line in experiment.lines:
            row = experiment.row(line, column.dataset)
            if (
                row is None
                or (row.setting != setting and not row.reference)
                or row.label not in spec.get("lines", look)
            ):
                continue
            curves = read_curves(row, column)
            if curves.empty:
                continue
            mean, spread = curves.mean(), curves.std()
            kind = look[row.label]
            axis.plot(mean.index, mean, label=names.label(row.label), color=kind["color"], linestyle=kind["linestyle"])
            axis.fill_between(mean.index, mean - spread, mean + spread, color=kind["color"], alpha=0.15, linewidth=0)
            drawn += 1
        axis.set_title(f"{names.dataset(column.dataset)}\n{names.protocol(column.protocol)}")
        axis.set(xlabel="rank", xlim=(0.6, 20.4), ylim=(0, 102))
        axis.xaxis.set_major_locator(FixedLocator(TICKS))
        axis.xaxis.set_minor_locator(NullLocator())
    for axis in axes[:: 2 if len(columns) in (2, 4) else 3]:
        axis.set_ylabel("correct match within rank (%)")
    style.legend_below(figure, axes)
    return figure if drawn else None


def read_curves(row: Row, column: Column) -> pd.DataFrame:
    """One line a training that has been scored, one column a rank, percent, averaged over gallery draws."""
    curves = []
    for run in row.runs:
        path = Path(run.folder) / "cmc.csv"
        if run.dataset != column.dataset or not path.is_file():
            continue
        table = pd.read_csv(path, dtype={"gallery": str}, keep_default_na=False)
        table = table[table.protocol == column.protocol]
        if column.gallery is not None:
            table = table[table.gallery == column.gallery]
        elif table.gallery.nunique() > 1:
            found = sorted(table.gallery.unique())
            raise ValueError(f"{path}: {column.protocol} has the gallery draws {found}; name one in the column")
        curves.append(table.groupby("rank").value.mean())
    return pd.DataFrame(curves)
