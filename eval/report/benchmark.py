"""The page over all experiments: what there is, what is missing, and how close to the papers it comes."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from eval.report import html, names, provenance
from eval.report.cells import Grid, make_grid
from eval.report.collect import read_results, read_runs
from eval.report.coverage import UNCOVERED, read_plans
from eval.report.experiment import Experiment
from eval.report.ranking import ranking
from eval.report.sheets import percent, signed
from files import write_whole


@dataclass(frozen=True)
class Summary:
    """An experiment in one line: where its page is, how far it is, who leads and how it compares with the paper."""

    experiment: Experiment
    link: str
    scored: int
    best: str
    printed: str
    suspect: int


def write_benchmark(plans: Iterable[Path], coverage: Path | None, out: Path) -> None:
    """Write the page from experiment.json files; each one's results.csv, runs.csv and index.html lie beside it.

    An experiment without results is listed as not run. coverage: coverage.csv, counted on the page.
    """
    summaries, sheets, tables, planned = [], [], [], set()
    for path in plans:
        (experiment,) = read_plans([path])
        planned |= set(experiment.runs)
        results = path.with_name("results.csv")
        link = Path(os.path.relpath(path.with_name("index.html"), out.parent)).as_posix()
        if not results.is_file():
            summaries.append(Summary(experiment, link, 0, "not run", "", 0))
            continue
        grid = make_grid(experiment, read_results(results))
        summaries.append(summarise(grid, link))
        tables.append(read_runs(path.with_name("runs.csv")))
        if experiment.ranking:
            sheet = ranking(grid, experiment.ranking, tables[-1])
            sheet.name, sheet.title = f"ranking-{experiment.name}", experiment.title
            sheets.append(sheet)
    papers: dict[str, list[Summary]] = {}
    for summary in summaries:
        papers.setdefault(summary.experiment.paper or "", []).append(summary)
    runs = pd.concat(tables, ignore_index=True).drop_duplicates("run") if tables else None
    page = html.render(
        "benchmark.html.j2",
        title="vireid-bench",
        papers=papers,
        sheets=sheets,
        coverage=coverage_counts(coverage),
        remarks=[] if runs is None else provenance.remarks(runs),
        facts=[] if runs is None else provenance.facts(runs, len(planned)),
        packages={} if runs is None else provenance.packages(runs),
    )
    with write_whole(out) as temporary:
        temporary.write_text(page, encoding="utf-8")


def summarise(grid: Grid, link: str) -> Summary:
    """The line of an experiment that has results."""
    experiment = grid.experiment
    cells = [cell for line in grid.cells.values() for cell in line if cell and not np.isnan(cell.mean)]
    gaps = [cell.difference for cell in cells if cell.printed and not cell.printed.notes]
    printed = ""
    if gaps:
        printed = (
            f"median gap {signed(float(np.median(gaps)))}, largest {percent(max(map(abs, gaps)))} ({len(gaps)} cells)"
        )
    suspect = sum(bool(cell.printed and cell.printed.notes) for cell in cells)
    leaders = [cell for cell in grid.in_column(0) if cell.best]
    leader = max(leaders, key=lambda cell: cell.mean, default=None)
    best = "no scores"
    if leader:
        column, metric = grid.columns[0]
        where = f"{names.dataset(column.dataset)}, {names.protocol(column.protocol)}"
        best = f"{leader.row.label}: {percent(leader.mean)} {names.metric(metric)} ({where})"
    return Summary(experiment, link, len(experiment.runs) - len(grid.missing), best, printed, suspect)


def coverage_counts(path: Path | None) -> dict[str, int] | None:
    """Rows of coverage.csv: all of them, those with a run, those with a reason why none can have one."""
    if path is None:
        return None
    table = pd.read_csv(path, keep_default_na=False)
    covered = table.experiment != ""
    unsaid = table.reason.str.startswith(UNCOVERED)
    return {"rows": len(table), "covered": int(covered.sum()), "reasons": int((~covered & ~unsaid).sum())}
