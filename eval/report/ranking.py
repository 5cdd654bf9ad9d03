"""The overall table: methods ranked over all protocols, with groups that cannot be told apart and what each costs."""

import numpy as np
import pandas as pd

from eval import statistics
from eval.report import names, pairs
from eval.report.cells import Grid
from eval.report.sheet import Entry, Line, Sheet

COSTS = {
    "train_seconds": ("training (min)", 1 / 60, "{:.1f}"),
    "parameters": ("parameters (M)", 1e-6, "{:.1f}"),
    "feature_dimension": ("feature dimension", 1, "{:.0f}"),
    "test_images_per_second": ("test images/s", 1, "{:.0f}"),
}


def ranking(grid: Grid, metric: str, runs: pd.DataFrame) -> Sheet:
    """Methods by mean rank; in each protocol the mean of the metric with its group letters.

    ValueError unless all methods stand under one setting: ranks over settings of one dataset are not independent.
    """
    labelled = grid.labelled[~grid.labelled.reference & (grid.labelled.metric == metric)]
    settings = sorted(labelled.setting.unique())
    if len(settings) > 1:
        raise ValueError(f"experiment {grid.experiment.name}: a ranking needs one setting, found {settings}")
    places = [i for i, (_, name) in enumerate(grid.columns) if name == metric]
    heads = [("over all protocols", ["mean rank", f"{names.metric(metric)}, interquartile mean"])]
    for i in places:
        column = grid.columns[i][0]
        heads.append((f"{names.dataset(column.dataset)}, {names.protocol(column.protocol)}", [names.metric(metric)]))
    heads.append(("cost", [head for head, _, _ in COSTS.values()]))
    sheet = Sheet("ranking", "Ranking", _caption(grid, metric, runs), heads, [])
    if labelled.empty:
        sheet.caption.append("No scores yet.")
        return sheet
    overall = statistics.aggregate(labelled, metric, seed=0).sort_values("mean_rank")
    marks = {i: _letters(grid, labelled, i) for i in places}
    for found in overall.itertuples():
        interval = f"[{found.ci_low:.2f}, {found.ci_high:.2f}]"
        entries = [Entry(f"{found.mean_rank:.2f}", value=-found.mean_rank)]
        entries.append(Entry(f"{found.iqm:.2f}", interval, value=found.iqm))
        entries += [_entry(grid, found.method, settings[0], i, marks[i]) for i in places]
        entries += costs(grid, found.method, runs)
        sheet.lines.append(Line(found.method, names.setting(settings[0]), entries))
    return sheet


def _caption(grid: Grid, metric: str, runs: pd.DataFrame) -> list[str]:
    protocols = "; ".join(
        dict.fromkeys(f"{names.dataset(c.dataset)}: {names.protocol(c.protocol)}" for c in grid.experiment.columns)
    )
    devices = ", ".join(sorted(set(runs.device) - {""})) or "not recorded"
    return [
        f"Budget: {grid.experiment.budget}. {names.metric(metric)} in percent, mean over trainings.",
        f"Protocols: {protocols}.",
        "Methods that share a letter in a column cannot be told apart there (paired t intervals, Bonferroni over the "
        "pairs). The interquartile mean is over protocols and trainings, with a 95 % bootstrap interval stratified by "
        "protocol; protocols of one dataset are not independent.",
        f"Cost: mean over the method's trainings on {devices}.",
    ]


def _letters(grid: Grid, labelled: pd.DataFrame, i: int) -> dict[str, str]:
    column = grid.columns[i][0]
    chosen = labelled[(labelled.dataset == column.dataset) & (labelled.protocol == column.protocol)]
    if chosen.empty:
        return {}
    order = statistics.training_means(chosen).groupby("method").value.mean().sort_values(ascending=False)
    table = pairs.pairwise(chosen)
    apart = table[table.told_apart]
    return pairs.letters(
        list(order.index), {frozenset(pair) for pair in zip(apart.method, apart.baseline, strict=True)}
    )


def _entry(grid: Grid, label: str, setting: str, i: int, marks: dict[str, str]) -> Entry:
    cell = grid.cells[label, setting][i]
    if cell is None or np.isnan(cell.mean):
        return Entry("missing" if cell else "")
    return Entry(f"{cell.mean:.2f}", marks.get(label, ""), value=cell.mean, strong="a" in marks.get(label, ""))


def costs(grid: Grid, label: str, runs: pd.DataFrame) -> list[Entry]:
    """Mean training time, parameters, feature dimension and test speed of a row label; a dash where not recorded."""
    folders = {run.folder for row in grid.experiment.rows if row.label == label for run in row.runs}
    own = runs[runs.run.isin(folders)]
    entries = []
    for column, (_, scale, form) in COSTS.items():
        value = pd.to_numeric(own[column]).mean() * scale
        entries.append(Entry("–") if np.isnan(value) else Entry(form.format(value), value=value))
    return entries
