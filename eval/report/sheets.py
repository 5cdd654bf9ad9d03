"""The tables of an experiment: accuracy, difference to the baseline, spread over gallery draws."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from eval import statistics
from eval.report import names
from eval.report.cells import Cell, Grid
from eval.report.experiment import which_epoch
from eval.report.ranking import ranking
from eval.report.sheet import Entry, Line, Sheet

MINUS = "−"
EMPTY = Entry("")


def percent(value: float) -> str:
    """Two decimals, or a dash for an unknown value."""
    return "–" if np.isnan(value) else f"{value:.2f}"


def signed(value: float) -> str:
    """Two decimals with a sign."""
    return "–" if np.isnan(value) else f"{value:+.2f}".replace("-", MINUS)


def all_sheets(grid: Grid, runs: pd.DataFrame) -> list[Sheet]:
    """Every table that the experiment has something for; `runs` is the table of `collect.read_runs`."""
    sheets = [ranking(grid, grid.experiment.ranking, runs)] if grid.experiment.ranking else []
    sheets.append(accuracy(grid))
    if grid.experiment.baseline is not None:
        sheets.append(differences(grid, grid.experiment.baseline))
    if any(cell and cell.trials > 1 for line in grid.cells.values() for cell in line):
        sheets.append(gallery_draws(grid))
    return sheets


def accuracy(grid: Grid) -> Sheet:
    """Mean ± standard deviation over trainings, beside the printed number."""
    experiment = grid.experiment
    sheet = Sheet("accuracy", "Accuracy", [], _heads(grid), [])
    sheet.caption = _accuracy_caption(grid)
    _fill(sheet, grid, lambda cell, i: _accuracy_entry(sheet, grid, cell, i))
    if grid.missing:
        sheet.caption.append(
            f"Not yet run: {len(grid.missing)} of {len(experiment.runs)} runs, listed below the table."
        )
    return sheet


def _accuracy_entry(sheet: Sheet, grid: Grid, cell: Cell, i: int) -> Entry:
    marks, below, suspect, hover = [], "", [], []
    if short := shortfall(grid, cell, i):
        marks.append(sheet.note(short))
    if cell.printed:
        below = f"printed {cell.printed.text} ({signed(cell.difference)})"
        hover.append(f"printed in {cell.printed.where}")
        for note in cell.printed.notes:
            suspect.append(sheet.note(f"Printed number suspect: {note}"))
            hover.append(note)
    if not np.isnan(cell.low):
        hover.insert(0, f"95 % interval of the mean {percent(cell.low)} to {percent(cell.high)}, n = {cell.n}")
    entry = Entry("missing", below=below, marks=tuple(marks), below_marks=tuple(suspect), hover="; ".join(hover))
    if np.isnan(cell.mean):
        return entry
    spread = "" if np.isnan(cell.std) else f"± {cell.std:.2f}"
    if cell.n != grid.n(i) and not cell.row.reference:
        spread = f"{spread} (n={cell.n})".strip()
    return replace(entry, text=percent(cell.mean), spread=spread, value=cell.mean, strong=cell.in_best, top=cell.best)


def shortfall(grid: Grid, cell: Cell, i: int) -> str:
    """Why a cell averages over less than its neighbours, or an empty string."""
    if cell.n < cell.planned:
        return f"{cell.n} of {cell.planned} trainings: the others have not been run."
    if 0 < cell.trials < grid.trials(i):
        return f"{cell.trials} of {grid.trials(i)} trials: averaged over fewer gallery draws than the column."
    return ""


def differences(grid: Grid, baseline: str) -> Sheet:
    """Paired difference to the row `baseline` with its 95 % interval, and p-values from five trainings on."""
    labelled = grid.labelled[~grid.labelled.reference]
    caption = [
        f"Difference to {baseline} in points, paired by dataset, setting, split and seed: mean [95 % t interval]."
    ]
    sheet = Sheet("differences", f"Difference to {baseline}", caption, _heads(grid), [])
    if labelled.empty or baseline not in set(labelled.method):
        caption.append(f"Not yet computable: {baseline} has no scores.")
        table = {}
    else:
        frame = statistics.paired_differences(labelled, baseline)
        table = frame.set_index([*statistics.CELL, "method"]).to_dict("index")
    _fill(sheet, grid, lambda cell, i: _difference_entry(table, cell, grid), skip=_not_compared(baseline))
    if any(not np.isnan(found["p_holm"]) for found in table.values()):
        caption.append("p is Holm-corrected over the methods of a column; bold: p < 0.05.")
    else:
        caption.append(
            "No p-values: with fewer than five trainings a test has next to no power, and an interval says the same."
        )
    return sheet


def _difference_entry(table: dict, cell: Cell, grid: Grid) -> Entry:
    found = table.get(_key(grid, cell))
    if found is None or np.isnan(found["difference"]):
        return Entry("–")
    interval = ""
    if not np.isnan(found["ci_low"]):
        interval = f"[{signed(found['ci_low'])}, {signed(found['ci_high'])}]"
    p = found["p_holm"]
    below = "" if np.isnan(p) else ("p < 0.001" if p < 0.001 else f"p = {p:.3f}")
    strong = bool(p < 0.05)
    hover = f"{found['n']} pairs"
    value = found["difference"]
    return Entry(signed(value), interval, below, value=value, strong=strong, hover=hover)


def gallery_draws(grid: Grid) -> Sheet:
    """The spread over gallery draws within a training, kept apart from the spread over trainings."""
    caption = [
        "Standard deviation in points over the gallery draws of one training, averaged over trainings. "
        "It is no part of the ± above: all methods meet the same galleries."
    ]
    sheet = Sheet("gallery_draws", "Spread over gallery draws", caption, _heads(grid), [])
    _fill(sheet, grid, lambda cell, i: Entry(percent(cell.draw_std), value=_known(cell.draw_std)))
    return sheet


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _not_compared(baseline: str) -> Callable[[str, bool], bool]:
    return lambda label, reference: reference or label == baseline


def _key(grid: Grid, cell: Cell) -> tuple:
    column = cell.column
    gallery = grid.galleries[column]
    return column.dataset, cell.row.setting, column.protocol, gallery, cell.metric, cell.row.label


def _heads(grid: Grid) -> list[tuple[str, list[str]]]:
    heads = []
    start = 0
    for column in grid.experiment.columns:
        title = f"{names.dataset(column.dataset)}, {names.protocol(column.protocol)}"
        n = grid.n(start)
        heads.append((f"{title} (n\u00a0=\u00a0{n})", [names.metric(metric) for metric in column.metrics]))
        start += len(column.metrics)
    return heads


def _fill(sheet: Sheet, grid: Grid, entry: Callable, skip: Callable = lambda label, reference: False) -> None:
    for (label, setting), cells in grid.cells.items():
        reference = any(cell.row.reference for cell in cells if cell)
        if skip(label, reference):
            continue
        entries = [EMPTY if cell is None else entry(cell, i) for i, cell in enumerate(cells)]
        sheet.lines.append(Line(label, names.setting(setting), entries, reference))


def _accuracy_caption(grid: Grid) -> list[str]:
    experiment = grid.experiment
    trials = sorted({grid.trials(i) for i in range(len(grid.columns))} - {0})
    draws = " or ".join(map(str, trials)) or "no"
    caption = [
        f"Budget: {experiment.budget}. Percent: mean ± standard deviation over n trainings, each first averaged over "
        f"its trials ({draws} gallery draws). {which_epoch(experiment)}"
    ]
    if not all(cell.row.reference for line in grid.cells.values() for cell in line if cell):
        caption.append(
            "Bold: the best of its column and setting (underlined) and every method that cannot be told apart from it "
            "(paired 95 % t interval, Bonferroni over the pairs)."
        )
    few = max((grid.n(i) for i in range(len(grid.columns))), default=0)
    if 0 < few < statistics.FEWEST_FOR_P:
        caption.append(_limits(few))
    if any(cell and cell.printed for line in grid.cells.values() for cell in line):
        caption.append("Printed: the paper's number, and in brackets measured minus printed.")
    return caption


def _limits(n: int) -> str:
    """What so few trainings allow to say."""
    if n == 1:
        return "One training a cell says nothing of how much another seed would change: read bold as 'not ruled out'."
    found = statistics.limits(n)
    return (
        f"With {n} trainings a cell a 95 % interval reaches {found['half_width']:.1f} standard deviations to either "
        f"side, and a true gap of one standard deviation is found in {100 * found['power']:.0f} % of cases: read bold "
        "as 'not ruled out'."
    )
