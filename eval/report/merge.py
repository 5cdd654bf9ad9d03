"""One results table from several machines' tables, refusing to mix what was configured differently."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from eval.report import provenance
from eval.report.collect import NAMES, ORIGIN, SCORES, read_results, read_runs
from files import write_whole

SCORE = ["run", "protocol", "gallery", "trial", "metric"]


class MixedError(ValueError):
    """Tables that must not stand together."""


def merge(tables: Sequence[pd.DataFrame], names: Sequence[str], *, across_commits: bool = False) -> pd.DataFrame:
    """All rows of tables of `collect.read_results`, each score once, in the order of the tables.

    names: of the tables, for the messages. MixedError if one (dataset, method) was trained by different
    configurations, a dataset's index differs, a protocol was scored by different rules, one score has two values, or
    (unless `across_commits`) the code is of different commits. Devices and packages may differ: pages say so.
    """
    rows = pd.concat([table.assign(table=name) for table, name in zip(tables, names, strict=True)], ignore_index=True)
    rules = [column for column in rows if column not in [*NAMES, *SCORES, *ORIGIN, "table"]]
    _same(rows, ["dataset", "method"], "configuration", "train it again with one recipe, or merge under another name")
    _same(
        rows, ["dataset"], "index_sha256", "the machines hold different images; check with `python -m datasets check`"
    )
    for rule in rules:
        _same(rows, ["protocol", "gallery"], rule, "score the features of both machines with one protocol", blank=True)
    if not across_commits:
        _same(
            rows.assign(what="all runs"),
            ["what"],
            "commit",
            "if the code between them changes no result: --across-commits",
        )
    values = rows.groupby(SCORE).value.nunique()
    if (values > 1).any():
        key = dict(zip(SCORE, values[values > 1].index[0], strict=True))
        found = rows[(rows[SCORE] == pd.Series(key)).all(axis=1)]
        pairs = ", ".join(f"{value!r} in {table}" for value, table in zip(found.value, found.table, strict=True))
        raise MixedError(
            f"{key['run']}: {key['protocol']}, trial {key['trial']}, {key['metric']} is {pairs}; keep one run"
        )
    return rows.drop_duplicates(SCORE).drop(columns="table").reset_index(drop=True)


def _same(rows: pd.DataFrame, keys: list[str], column: str, remedy: str, *, blank: bool = False) -> None:
    """Refuse two values of `column` for equal `keys`; empty fields (nothing recorded) do not count unless `blank`."""
    known = rows if blank else rows[rows[column] != ""]
    counts = known.groupby(keys)[column].nunique()
    if not (counts > 1).any():
        return
    first = counts[counts > 1].index[0]
    place = dict(zip(keys, first if isinstance(first, tuple) else (first,), strict=True))
    found = known[(known[keys] == pd.Series(place)).all(axis=1)].drop_duplicates(column)
    pairs = ", ".join(f"{value} in {table}" for value, table in zip(found[column], found.table, strict=True))
    where = ", ".join(map(str, place.values()))
    raise MixedError(f"{where}: {column} differs ({pairs}); {remedy}")


def write_merged(paths: Sequence[Path], out: Path, *, across_commits: bool) -> list[str]:
    """Merge results.csv files and the runs.csv beside each; returns what a reader must know of the result."""
    tables = [read_results(path) for path in paths]
    merged = merge(tables, [str(path) for path in paths], across_commits=across_commits)
    runs = pd.concat([read_runs(path.with_name("runs.csv")) for path in paths], ignore_index=True)
    runs = runs.drop_duplicates("run")
    for path, table in ((out, merged), (out.with_name("runs.csv"), runs)):
        with write_whole(path) as temporary:
            table.to_csv(temporary, index=False, lineterminator="\n")
    return provenance.remarks(runs)
