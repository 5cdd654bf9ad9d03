"""Robustness to corruption by kind and severity, from each run's robustness.csv.

Entry: {kind: corruption, dataset: str, protocol: str, rows: [label], setting: str (default: full)}. Above: severity,
over all kinds, one line a row; below: one panel a row, kinds by severity, matches of all trainings together.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from eval.report import names, samples, style
from eval.report.experiment import Experiment

CLEAN = "none"


def draw(experiment: Experiment, results: pd.DataFrame, spec: dict) -> Figure | None:
    """Percent of matches that stand before every image of another person."""
    setting, look = spec.get("setting", "full"), style.styles(experiment)
    rows = {label: samples.row_of(experiment, label, spec["dataset"], setting) for label in spec["rows"]}
    counts = {
        label: pd.concat(
            [read_counts(Path(run.folder), spec["protocol"]) for run in row.runs if run.dataset == spec["dataset"]]
        )
        for label, row in rows.items()
    }
    figure = plt.figure(figsize=(2.6 * len(rows) + 1.6, 8.2))
    grid = figure.add_gridspec(2, len(rows), height_ratios=[1, 2.6])
    axis = figure.add_subplot(grid[0, :])
    for label, table in counts.items():
        line = share(table, "severity")
        kind = {key: look[label][key] for key in ("color", "linestyle", "marker")}
        axis.plot(line.index, line, label=names.label(label), **kind)
    axis.set(xlabel="severity (0: clean)", ylabel="right matches (%)", ylim=(0, None))
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    for i, (label, table) in enumerate(counts.items()):
        panel = figure.add_subplot(grid[1, i])
        _kinds(panel, by_kind(table))
        panel.set(title=names.label(label), xlabel="severity")
        panel.tick_params(labelleft=i == 0)
    figure.suptitle(f"{names.dataset(spec['dataset'])}, {names.protocol(spec['protocol'])}", fontsize=10)
    return figure


def read_counts(folder: Path, protocol: str) -> pd.DataFrame:
    """The lines of a run's robustness.csv under a protocol; ValueError names those that it has."""
    table = pd.read_csv(folder / "robustness.csv", keep_default_na=False)
    if protocol not in set(table.protocol):
        raise ValueError(f"{folder}/robustness.csv has no protocol {protocol!r}; it has {sorted(set(table.protocol))}")
    return table[table.protocol == protocol]


def share(table: pd.DataFrame, by: str | list[str]) -> pd.Series:
    """Percent of right matches in each group, NaN where there is no match."""
    sums = table.groupby(by, sort=False)[["right", "matches"]].sum()
    return 100 * sums.right / sums.matches.where(sums.matches > 0)


def by_kind(table: pd.DataFrame) -> pd.DataFrame:
    """Kinds (in the order of the file) by severity, and a last line over all kinds."""
    corrupted = table[table.kind != CLEAN]
    order = corrupted.kind.unique()
    kinds = share(corrupted, ["kind", "severity"]).unstack("severity").reindex(order)
    return pd.concat([kinds, share(corrupted, "severity").to_frame("all kinds").T])


def _kinds(axis: Axes, table: pd.DataFrame) -> None:
    style.heat(axis, table.to_numpy())
    axis.set_xticks(range(table.shape[1]), table.columns)
    axis.set_yticks(range(table.shape[0]), [str(kind).replace("_", " ") for kind in table.index])
    axis.axhline(table.shape[0] - 1.5, color="white", linewidth=3)
