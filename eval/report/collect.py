"""All runs of an experiment in one tidy table, and what is known about how each was made.

`results.csv` holds one line per run, protocol, trial and metric, with values as the evaluation wrote them, so that the
same scores give the same bytes. What differs from one execution to the next (seconds, memory) is kept apart in
`runs.csv`, one line per run.
"""

import csv
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from eval.report import provenance
from eval.report.experiment import Run
from files import write_whole

SCORES = ["protocol", "gallery", "trial", "metric", "value", "queries", "valid_queries"]
NAMES = ["dataset", "setting", "method", "seed", "split"]
ORIGIN = ["run", *provenance.FIXED]


class IncompleteError(ValueError):
    """Runs of the experiment have no scores yet."""


def missing_runs(runs: Iterable[Run]) -> list[Run]:
    """The runs whose trials.csv does not exist."""
    return [run for run in runs if not (Path(run.folder) / "trials.csv").is_file()]


def missing_message(runs: list[Run]) -> str:
    """Which runs are missing and the commands that make them."""
    lines = "\n".join(f"  {run.command}" for run in runs)
    return f"{len(runs)} runs have no scores. Make them with\n{lines}"


def read_scores(path: Path) -> tuple[list[str], list[list[str]]]:
    """Header and lines of a trials.csv, as text; ValueError if it is empty or lacks a column."""
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        lines = list(reader)
    if absent := [name for name in SCORES if name not in header]:
        raise ValueError(f"{path}: columns {absent} are absent, found {header}; score the run again")
    if not lines:
        raise ValueError(f"{path}: no scores, expected one line per protocol, trial and metric; score the run again")
    return header, lines


def collect(runs: Iterable[Run], *, partial: bool) -> tuple[list[str], list[list[str]], list[dict]]:
    """Header and lines of results.csv, and the records of runs.csv.

    Runs without scores are an error that names them, unless `partial`: then they are left out, and every table made
    from the result lists them.
    """
    runs = list(runs)
    absent = missing_runs(runs)
    if absent and not partial:
        raise IncompleteError(missing_message(absent) + "\nor collect what there is with --partial")
    present = [run for run in runs if run not in set(absent)]
    scores = {run: read_scores(Path(run.folder) / "trials.csv") for run in present}
    extra = list(dict.fromkeys(name for header, _ in scores.values() for name in header if name not in SCORES))
    lines, records = [], []
    for run, (header, values) in scores.items():
        record = provenance.read(Path(run.folder))
        records.append({**_names(run), **record})
        before = list(map(str, _names(run).values()))[:-1]
        after = [run.folder, *(_text(record[key]) for key in provenance.FIXED)]
        order = [header.index(name) if name in header else None for name in [*SCORES, *extra]]
        lines += [[*before, *("" if i is None else line[i] for i in order), *after] for line in values]
    return [*NAMES, *SCORES, *extra, *ORIGIN], lines, records


def _names(run: Run) -> dict:
    names = {"dataset": run.dataset, "setting": run.setting, "method": run.run, "seed": run.seed, "split": run.split}
    return {**names, "run": run.folder}


def _text(value: object) -> str:
    return "" if value is None else str(value)


def write_results(runs: Iterable[Run], out: Path, *, partial: bool, parquet: bool) -> None:
    """Write `out` (results.csv), runs.csv beside it and, if asked, results.parquet with typed columns."""
    header, lines, records = collect(runs, partial=partial)
    with write_whole(out) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(lines)
    with write_whole(out.with_name("runs.csv")) as temporary:
        columns = [*NAMES, "run", *provenance.COLUMNS]
        pd.DataFrame(records, columns=columns).to_csv(temporary, index=False, lineterminator="\n")
    if parquet:
        with write_whole(out.with_suffix(".parquet")) as temporary:
            read_results(out).to_parquet(temporary, index=False)


def read_results(path: str | Path) -> pd.DataFrame:
    """results.csv with numbers as they were written (`value` float64 percent, `seed, split, trial` int64)."""
    text = ["dataset", "setting", "method", "protocol", "gallery", "metric", "value", *ORIGIN]
    table = _read(path, dtype=dict.fromkeys(text, str))
    if absent := [name for name in [*NAMES, *SCORES, *ORIGIN] if name not in table]:
        raise ValueError(f"{path}: columns {absent} are absent; collect the results again")
    empty = (table.value == "").to_numpy()
    if empty.any():
        line = int(empty.argmax())
        raise ValueError(f"{path}, line {line + 2}: no value; score the run {table.run[line]} again")
    return table.assign(value=table.value.astype("float64"))


def read_runs(path: str | Path) -> pd.DataFrame:
    """runs.csv, text where unknown is an empty field, see `provenance.COLUMNS`."""
    return _read(path, dtype=str)


def _read(path: str | Path, dtype: object) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=dtype, keep_default_na=False)
    except ValueError as error:
        raise ValueError(f"{path}: cannot be read as CSV ({error}); collect the results again") from error
