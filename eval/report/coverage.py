"""Which of the papers' own rows the benchmark reproduces, and why not the others."""

import json
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from tabulate import tabulate

from eval.report.experiment import Experiment, parse_experiment
from eval.report.published import KEYS, notes_on, printed_lines, printed_numbers
from files import write_whole

ROW = KEYS[:-1]  # all but the metric
COLUMNS = [*ROW, "experiment", "run", "reason"]
UNCOVERED = "no experiment names this row"


def read_plans(paths: Iterable[Path]) -> list[Experiment]:
    """Experiments from files that hold one description or a list of them."""
    plans = []
    for path in paths:
        found = json.loads(path.read_text(encoding="utf-8"))
        plans += [parse_experiment(one, str(path)) for one in (found if isinstance(found, list) else [found])]
    return plans


def cover(experiments: Iterable[Experiment]) -> pd.DataFrame:
    """One line per own row of the papers: `COLUMNS`, `numbers` and how many of them are `covered`.

    reason: why no run reproduces it, which of its metrics no table shows, and `note:` what is suspect about it.
    """
    experiments = list(experiments)
    reached = _reached(experiments)
    numbers = printed_numbers()
    lines = []
    for key, group in numbers[numbers.is_own == "true"].groupby(ROW, sort=False):
        hits = [hit for index in group.index for hit in reached.get(index, [])]
        covered = [index for index in group.index if index in reached]
        reasons = []
        if not covered:
            reasons.append(_skip_reason(dict(zip(ROW, key, strict=True)), experiments))
        elif len(covered) < len(group):
            left_out = ", ".join(group.metric[~group.index.isin(covered)])
            reasons.append(f"no table shows its {left_out}")
        notes = dict.fromkeys(note for _, line in group.iterrows() for note in notes_on(line))
        reasons += [f"note: {note}" for note in notes]
        lines.append(
            dict(zip(ROW, key, strict=True))
            | {"experiment": "; ".join(dict.fromkeys(name for name, _ in hits))}
            | {"run": "; ".join(dict.fromkeys(run for _, run in hits)), "reason": " | ".join(reasons)}
            | {"numbers": len(group), "covered": len(covered)}
        )
    return pd.DataFrame(lines)


def _reached(experiments: list[Experiment]) -> dict[int, list[tuple[str, str]]]:
    """Index of a printed number -> (experiment, run) of the cells that stand beside it."""
    reached: dict[int, list[tuple[str, str]]] = {}
    for experiment in experiments:
        for column in experiment.columns:
            for line in experiment.lines:
                row = experiment.row(line, column.dataset)
                if row is None:
                    continue
                for printed in printed_lines(row, column):
                    if printed["metric"] in column.metrics:
                        reached.setdefault(printed["number"], []).append((experiment.name, row.run))
    return reached


def _skip_reason(row: dict, experiments: list[Experiment]) -> str:
    for experiment in experiments:
        if (experiment.paper, experiment.source) != (row["paper"], row["source"]):
            continue
        for entry in experiment.skipped:
            asked = {key: entry[key] for key in ("row_method", "setting", "dataset", "protocol") if entry.get(key)}
            if all(row[key] == value for key, value in asked.items()):
                return entry["reason"]
    return UNCOVERED


def write_coverage(experiments: Iterable[Experiment], folder: Path) -> pd.DataFrame:
    """Write coverage.csv and coverage.md into `folder`; returns the table of `cover`."""
    table = cover(experiments)
    with write_whole(folder / "coverage.csv") as temporary:
        table[COLUMNS].to_csv(temporary, index=False, lineterminator="\n")
    with write_whole(folder / "coverage.md") as temporary:
        temporary.write_text(markdown(table), encoding="utf-8")
    return table


def markdown(table: pd.DataFrame) -> str:
    """The coverage as a page: counts per table of the papers, then every row."""
    counts = table.assign(rows=1, reached=table.covered > 0).groupby(["paper", "source"], sort=False)
    sums = counts[["rows", "reached", "numbers", "covered"]].sum().reset_index()
    heads = ["paper", "source", "rows", "with a run", "numbers", "beside a measured one"]
    overview = tabulate(sums.values.tolist(), headers=heads, tablefmt="github")
    body = table.assign(
        row_method=table.row_method.str.replace("|", "\\|"), reason=table.reason.str.replace(" | ", "; ")
    )
    rows = tabulate(body[COLUMNS].values.tolist(), headers=COLUMNS, tablefmt="github", disable_numparse=True)
    total = (
        f"{(table.covered > 0).sum()} of {len(table)} rows have a run, {table.covered.sum()} of {table.numbers.sum()}"
    )
    return (
        "# What of the papers is reproduced\n\n"
        "Every row that the five papers report of their own work, by dataset and protocol, and the experiment and run "
        f"that reproduces it, or the reason why none can. {total} numbers stand beside a measured one.\n\n"
        f"{overview}\n\n## Every row\n\n{rows}\n"
    )
