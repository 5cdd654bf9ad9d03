"""What an experiment reports: the schema of `reports/{experiment}/experiment.json` and its loader.

The workflow writes that file; every command of this package reads it. Paths are relative to the folder in which the
workflow runs. JSON object, with `null` where a value does not apply:

    name        str, the folder name under reports/
    title       str, the heading a reader sees
    paper       str | null, key of a paper in reports/published/results.csv
    source      str | null, the paper's own table or figure ("Table 3")
    note        str, one or two sentences under the heading (may be empty)
    budget      str, the budget of all rows in words ("as published", "demo")
    baseline    str | null, the label to which the others are compared: the first row that has it
    columns     [{dataset, protocol, metrics: ["rank-1", "mAP"], gallery: str | null}]
                gallery names the gallery draw; null = the only one that the results hold
    rows        [{label, dataset: str | null, setting, run, reference: bool, published: {paper, source, row_method,
                setting} | null, runs: [{dataset, setting, run, split, seed, folder}]}]
                dataset null = the row stands in the columns of every dataset; rows of equal label and setting share
                one table line; reference marks `chance` and `untrained`, which are shown and never bold;
                to the label of a run that chose its epoch the rule is added, and best-on-test is a reference
    ranking     str | null, the metric by which an overall table ranks the methods (null: no such table)
    skipped     [{row_method, setting: str | null, dataset: str | null, protocol: str | null, reason}], rows of the
                paper's table that no run reproduces (optional; null = all)
    figures     [{kind, name: str | null, title: str | null, ...}], the rest as eval/report/figures/<kind>.py says;
                name (default: kind) is the file stem of the PNG and the SVG and must be unique
    datasets    {name: {index: path, contact_sheet: path | null, arrays: path | null, real: bool}}
                arrays is the packed .npy; real = photographs of people, never shown unless the reader asks
    provenance  {any: any}, shown on the page as it stands
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval.report import names


@dataclass(frozen=True)
class Column:
    """One protocol of one dataset, with the metrics that the table shows."""

    dataset: str
    protocol: str
    metrics: tuple[str, ...]
    gallery: str | None = None


@dataclass(frozen=True)
class Run:
    """One training (or reference) and the folder that holds its results."""

    dataset: str
    setting: str
    run: str
    split: int
    seed: int
    folder: str

    @property
    def command(self) -> str:
        """The command that makes this run's scores."""
        return f"snakemake --cores all {self.folder}/trials.csv"


@dataclass(frozen=True)
class Row:
    """One line of a table: a method under a setting."""

    label: str
    dataset: str | None
    setting: str
    run: str
    runs: tuple[Run, ...]
    published: dict | None = None
    reference: bool = False

    @property
    def line(self) -> tuple[str, str]:
        """Rows of one line differ only in the dataset whose columns they fill."""
        return self.label, self.setting


@dataclass(frozen=True)
class Experiment:
    """A resolved experiment, see the module's docstring for each field."""

    name: str
    title: str
    note: str
    budget: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    paper: str | None = None
    source: str | None = None
    baseline: str | None = None
    figures: tuple[dict, ...] = ()
    skipped: tuple[dict, ...] = ()
    ranking: str | None = None
    datasets: dict = field(default_factory=dict)
    provenance: dict = field(default_factory=dict)

    @property
    def runs(self) -> list[Run]:
        """Every run once, in the order of the rows."""
        return list(dict.fromkeys(run for row in self.rows for run in row.runs))

    @property
    def lines(self) -> list[tuple[str, str]]:
        """(label, setting) of the table's lines, in order."""
        return list(dict.fromkeys(row.line for row in self.rows))

    @property
    def settings(self) -> list[str]:
        """The settings that occur, in order."""
        return list(dict.fromkeys(row.setting for row in self.rows))

    def row(self, line: tuple[str, str], dataset: str) -> Row | None:
        """The row that fills `dataset`'s columns of a line, or None where the line has no run on it."""
        found = [row for row in self.rows if row.line == line and row.dataset in (None, dataset)]
        found = [row for row in found if any(run.dataset == dataset for run in row.runs)]
        if len(found) > 1:
            raise ValueError(
                f"experiment {self.name}: {len(found)} rows {line} for dataset {dataset}, expected one; "
                "give the rows different labels or settings"
            )
        return found[0] if found else None


def which_epoch(experiment: Experiment) -> str:
    """Which epoch's weights the rows have."""
    found = {names.selection(row.run) for row in experiment.rows} - {""}
    if not found:
        return "Last-epoch weights, no re-ranking, no selection on the test set."
    marks = " or ".join(f"({name})" for name in sorted(found))
    text = f"No re-ranking. Last-epoch weights, except in rows marked {marks}."
    if names.SELECTIONS["best-on-test"] in found:
        text += (
            " An epoch chosen by its test scores is too good by design: such rows are never bold, ranked or compared."
        )
    return text


def shown_label(label: str, run: str) -> str:
    """A row's label as a reader sees it: with how its run chose the epoch, unless that is the last one."""
    note = names.selection(run)
    return f"{label} ({note})" if note else label


def figure_name(spec: dict) -> str:
    """File stem of a figure: its `name`, or its kind."""
    return spec.get("name") or spec["kind"]


def load_experiment(path: str | Path) -> Experiment:
    """Read an experiment description; KeyError or ValueError name the file and the key."""
    try:
        description = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: cannot be read as JSON ({error}); describe the experiment again") from error
    try:
        return parse_experiment(description, str(path))
    except (AttributeError, TypeError) as error:  # a word where a list or an object should be
        raise ValueError(
            f"{path}: not in the form of a description ({error}); describe the experiment again"
        ) from error


def parse_experiment(description: dict, where: str) -> Experiment:
    """Build an `Experiment` from its JSON object; `where` stands in the error messages."""
    known = set(Experiment.__dataclass_fields__)
    _check_keys(description, known, {"name", "title", "note", "budget", "columns", "rows"}, where)
    columns = tuple(_column(column, f"{where}: columns") for column in description["columns"])
    rows = tuple(_row(row, f"{where}: rows") for row in description["rows"])
    if not rows or not columns:
        raise ValueError(f"{where}: found {len(rows)} rows and {len(columns)} columns, expected at least one of each")
    figures = tuple(description.get("figures") or ())
    names = [figure_name(spec) for spec in figures]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{where}: figures named {twice} occur more than once; give each its own name")
    labels = {found["label"]: row.label for found, row in reversed([*zip(description["rows"], rows, strict=True)])}
    baseline = description.get("baseline")
    if baseline is not None and baseline not in labels:
        raise ValueError(f"{where}: baseline {baseline!r} is no row label; labels: {list(labels)}")
    skipped = tuple(description.get("skipped") or ())
    for entry in skipped:
        _check_keys(
            entry,
            {"row_method", "setting", "dataset", "protocol", "reason"},
            {"row_method", "reason"},
            f"{where}: skipped",
        )
    parsed: dict[str, Any] = {"columns": columns, "rows": rows, "figures": figures, "skipped": skipped}
    parsed["baseline"] = labels.get(baseline)
    rest = {key: description[key] for key in known - set(parsed) if key in description}
    return Experiment(**rest, **parsed)


def _check_keys(found: dict, known: set, needed: set, where: str) -> None:
    if unknown := sorted(set(found) - known):
        raise ValueError(f"{where}: unknown keys {unknown}; known: {sorted(known)}")
    if missing := sorted(needed - set(found)):
        raise KeyError(f"{where}: missing keys {missing}")


def _column(column: dict, where: str) -> Column:
    fields = set(Column.__dataclass_fields__)
    _check_keys(column, fields, fields - {"gallery"}, where)
    return Column(**{**column, "metrics": tuple(column["metrics"])})


def _row(row: dict, where: str) -> Row:
    where = f"{where} {row.get('label', '')!r}"
    fields = set(Row.__dataclass_fields__)
    _check_keys(row, fields, {"label", "setting", "run", "runs"}, where)
    note = names.selection(row["run"])
    label = shown_label(row["label"], row["run"])
    reference = row.get("reference", False) or note == names.SELECTIONS["best-on-test"]
    runs = []
    for run in row["runs"]:
        _check_keys(run, set(Run.__dataclass_fields__), set(Run.__dataclass_fields__), f"{where} runs")
        runs.append(Run(**run))
    return Row(**{"dataset": None, **row, "label": label, "reference": reference, "runs": tuple(runs)})
