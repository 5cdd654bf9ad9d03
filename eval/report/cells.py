"""From scores to the cells of an experiment's table: who stands where, over how many trainings, beside which number."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from eval import statistics
from eval.report.experiment import Column, Experiment, Row, Run
from eval.report.published import Printed, check_reference, find_printed


@dataclass(frozen=True)
class Cell:
    """A measured cell in percent; `mean` is NaN where no training of `planned` has been scored.

    std, low, high (95 % Student t over trainings) are NaN below two trainings; draw_std is the spread over gallery
    draws within a training; in_best: the best of its column and setting, or not told apart from it.
    """

    row: Row
    column: Column
    metric: str
    mean: float
    std: float
    n: int
    planned: int
    trials: int
    low: float
    high: float
    draw_std: float
    best: bool
    in_best: bool
    printed: Printed | None

    @property
    def difference(self) -> float:
        """Measured minus printed, NaN without both."""
        return self.mean - self.printed.value if self.printed else np.nan


@dataclass(frozen=True)
class Grid:
    """The cells of an experiment: `cells[line][i]` belongs to `columns[i]`; None where the line has no such run."""

    experiment: Experiment
    columns: list[tuple[Column, str]]
    cells: dict[tuple[str, str], list[Cell | None]]
    missing: list[Run]
    labelled: pd.DataFrame
    galleries: dict[Column, str]

    def in_column(self, i: int) -> Iterable[Cell]:
        """The cells of one column, references left out."""
        cells = (line[i] for line in self.cells.values())
        return (cell for cell in cells if cell is not None and not cell.row.reference)

    def n(self, i: int) -> int:
        """The trainings that a complete cell of a column has."""
        return max((cell.planned for cell in self.in_column(i)), default=0)

    def trials(self, i: int) -> int:
        """The gallery draws that a complete training of a column has."""
        return max((cell.trials for cell in self.in_column(i)), default=0)


def gallery_of(results: pd.DataFrame, column: Column) -> str:
    """The gallery draw that a column shows; ValueError if the results hold several and the column names none."""
    found = (
        results[(results.dataset == column.dataset) & (results.protocol == column.protocol)].gallery.unique().tolist()
    )
    if column.gallery is not None:
        return column.gallery
    if len(found) > 1:
        raise ValueError(
            f"{column.dataset} {column.protocol} was scored on the gallery draws {sorted(found)}; "
            "name one as `gallery` of the experiment's column"
        )
    return found[0] if found else ""


def label_results(experiment: Experiment, results: pd.DataFrame) -> pd.DataFrame:
    """The scores that the experiment's columns show, with `method` = row label and `setting` = row setting.

    A run that stands in two rows occurs twice. Adds `reference` (bool).
    """
    links = [
        {"run": run.folder, "label": row.label, "row_setting": row.setting, "reference": row.reference}
        for row in experiment.rows
        for run in row.runs
    ]
    wanted = [
        {"dataset": c.dataset, "protocol": c.protocol, "gallery": gallery_of(results, c), "metric": metric}
        for c in experiment.columns
        for metric in c.metrics
    ]
    scores = results.merge(pd.DataFrame(wanted).drop_duplicates(), on=["dataset", "protocol", "gallery", "metric"])
    scores = scores.merge(pd.DataFrame(links).drop_duplicates(), on="run")
    return scores.drop(columns=["method", "setting"]).rename(columns={"label": "method", "row_setting": "setting"})


def make_grid(experiment: Experiment, results: pd.DataFrame) -> Grid:
    """The cells of an experiment's accuracy table from the table of `collect.read_results`."""
    for each in experiment.rows:
        check_reference(each)
    labelled = label_results(experiment, results)
    columns = [(column, metric) for column in experiment.columns for metric in column.metrics]
    galleries = {column: gallery_of(results, column) for column in experiment.columns}
    measured = _measured(labelled)
    cells: dict[tuple[str, str], list[Cell | None]] = {}
    for line in experiment.lines:
        cells[line] = []
        for column, metric in columns:
            row = experiment.row(line, column.dataset)
            key = (column.dataset, line[1], column.protocol, galleries[column], metric, line[0])
            cells[line].append(None if row is None else _cell(row, column, metric, measured.get(key)))
    scored = set(results.run)
    missing = [run for run in experiment.runs if run.folder not in scored]
    return Grid(experiment, columns, cells, missing, labelled, galleries)


def _measured(labelled: pd.DataFrame) -> dict[tuple, dict]:
    if labelled.empty:
        return {}
    by = [*statistics.CELL, "method"]
    table = statistics.summary(labelled).set_index(by)
    means = statistics.training_means(labelled)
    table["trials"] = means.groupby(by).trials.min()
    methods = labelled[~labelled.reference]
    if not methods.empty:
        best = statistics.best_set(methods).set_index(by)[["best", "in_best_set"]]
        compared = best.groupby(statistics.CELL).best.transform("size") > 1
        table = table.join(best.where(compared, False).reindex(table.index, fill_value=False))
    return table.to_dict("index")


def _cell(row: Row, column: Column, metric: str, found: dict | None) -> Cell:
    planned = sum(run.dataset == column.dataset for run in row.runs)
    found = found or dict.fromkeys(("mean", "std", "ci_low", "ci_high", "draw_std"), np.nan) | {"n": 0, "trials": 0}
    return Cell(
        row=row,
        column=column,
        metric=metric,
        mean=found["mean"],
        std=found["std"],
        n=int(found["n"]),
        planned=planned,
        trials=int(found["trials"]),
        low=found["ci_low"],
        high=found["ci_high"],
        draw_std=found["draw_std"],
        best=bool(found.get("best", False)),
        in_best=bool(found.get("in_best_set", False)),
        printed=find_printed(row, column, metric),
    )
