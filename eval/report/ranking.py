"""The overall table: methods ranked over all protocols, with groups that cannot be told apart and what each costs."""

import numpy as np
import pandas as pd

from eval import statistics
from eval.report import names, pairs
from eval.report.cells import Grid
from eval.report.experiment import which_epoch
from eval.report.sheet import Entry, Line, Sheet

COSTS = {
    "train_seconds": ("GPU-hours a training", 1 / 3600, "{:.2f}"),
    "parameters": ("parameters (M)", 1e-6, "{:.1f}"),
    "feature_dimension": ("feature dimension", 1, "{:.0f}"),
    "test_images_per_second": ("test images/s", 1, "{:.0f}"),
}
ON_CPU = ("CPU-minutes a training", 1 / 60, "{:.1f}")


def ranking(grid: Grid, metric: str, runs: pd.DataFrame) -> Sheet:
    """Methods by mean rank; in each protocol the mean of the metric with its group letters.

    Of several settings only full data is ranked: ranks over settings of one dataset are not independent.
    """
    labelled = grid.labelled[~grid.labelled.reference & (grid.labelled.metric == metric)]
    settings = sorted({row.setting for row in grid.experiment.rows if not row.reference})
    setting = settings[0] if len(settings) == 1 else "full"
    labelled = labelled[labelled.setting == setting]
    places = [i for i, (_, name) in enumerate(grid.columns) if name == metric]
    ranked = _complete(labelled)
    units = (
        COSTS
        if any(not device.startswith("cpu") for device in runs.device if device)
        else {**COSTS, "train_seconds": ON_CPU}
    )
    heads = [("over the ranked protocols", ["mean rank", f"{names.metric(metric)}, interquartile mean"])]
    for i in places:
        column = grid.columns[i][0]
        heads.append((f"{names.dataset(column.dataset)}, {names.protocol(column.protocol)}", [names.metric(metric)]))
    heads.append(("cost", [head for head, _, _ in units.values()]))
    sheet = Sheet("ranking", "Ranking", _caption(grid, metric, setting, ranked), heads, [])
    methods = dict.fromkeys(row.label for row in grid.experiment.rows if not row.reference and row.setting == setting)
    if absent := [label for label in methods if label not in set(labelled.method)]:
        sheet.caption.append(f"Without scores yet: {', '.join(absent)}.")
    if not ranked:
        sheet.caption.append("No protocol has scores of every method yet, so that nothing can be ranked.")
        return sheet
    overall = statistics.aggregate(labelled, metric, seed=0).sort_values("mean_rank")
    marks = {i: _letters(grid, labelled, i) for i in places}
    datasets = {dataset for dataset, _ in ranked}
    used = {
        row.label: runs[runs.run.isin({run.folder for run in row.runs if run.dataset in datasets})]
        for row in grid.experiment.rows
        if row.setting == setting
    }
    sheet.caption.append(_cost_caption(pd.concat([used[method] for method in overall.method]), datasets))
    for found in overall.itertuples():
        several = found.n > found.cells  # of one training a protocol a bootstrap would draw the same again and again
        interval = f"[{found.ci_low:.2f}, {found.ci_high:.2f}]" if several else ""
        entries = [Entry(f"{found.mean_rank:.2f}", value=-found.mean_rank)]
        entries.append(Entry(f"{found.iqm:.2f}", interval, value=found.iqm))
        entries += [_entry(grid, found.method, setting, i, marks[i]) for i in places]
        entries += costs(used[found.method], units)
        sheet.lines.append(Line(found.method, names.setting(setting), entries))
    return sheet


def _complete(labelled: pd.DataFrame) -> list[tuple[str, str]]:
    """(dataset, protocol) of which every scored method has scores."""
    counts = labelled.groupby(["dataset", "protocol"], sort=False).method.nunique()
    return counts.index[counts == labelled.method.nunique()].tolist()


def _caption(grid: Grid, metric: str, setting: str, ranked: list[tuple[str, str]]) -> list[str]:
    protocols = "; ".join(f"{names.dataset(dataset)}: {names.protocol(protocol)}" for dataset, protocol in ranked)
    return [
        f"Budget: {grid.experiment.budget}; {names.setting(setting)}. {names.metric(metric)} in percent, mean over "
        f"trainings. {which_epoch(grid.experiment)}",
        f"Ranked over the protocols that every method has ({protocols or 'none'}).",
        "Methods that share a letter in a column cannot be told apart there (paired t intervals, Bonferroni over the "
        "pairs). The interquartile mean is over protocols and trainings, with a 95 % bootstrap interval stratified by "
        "protocol; protocols of one dataset are not independent.",
    ]


def _cost_caption(runs: pd.DataFrame, datasets: set[str]) -> str:
    devices = ", ".join(sorted(set(runs.device) - {""})) or "a device that was not recorded"
    where = ", ".join(map(names.dataset, sorted(datasets)))
    return f"Cost: mean over the method's trainings on {where}, on {devices}."


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


def costs(runs: pd.DataFrame, units: dict[str, tuple[str, float, str]]) -> list[Entry]:
    """Mean training time, parameters, feature dimension and test speed of some runs; a dash where not recorded."""
    entries = []
    for column, (_, scale, form) in units.items():
        value = pd.to_numeric(runs[column]).mean() * scale
        entries.append(Entry("–") if np.isnan(value) else Entry(form.format(value), value=value))
    return entries
