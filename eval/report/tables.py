"""Write an experiment's tables: Markdown, CSV, LaTeX and HTML."""

from pathlib import Path

import pandas as pd

from eval.report import html, render
from eval.report.cells import make_grid
from eval.report.experiment import Experiment
from eval.report.sheets import all_sheets
from files import write_whole


def write_tables(experiment: Experiment, results: pd.DataFrame, runs: pd.DataFrame, folder: Path) -> None:
    """Write tables.md, .csv, .tex and .html into `folder`: every sheet in each, the CSV a line per cell, unrounded."""
    grid = make_grid(experiment, results)
    sheets = all_sheets(grid, runs)
    texts = {
        "tables.md": markdown_page(experiment, sheets, grid.missing),
        "tables.tex": "\n".join(
            render.latex(sheet, f"{experiment.name}-{sheet.name}", experiment.title) for sheet in sheets
        ),
        "tables.html": html.render(
            "tables.html.j2", title=experiment.title, note=experiment.note, sheets=sheets, missing=grid.missing
        ),
        "tables.csv": render.cells_table(grid).to_csv(index=False, lineterminator="\n"),
    }
    for name, text in texts.items():
        with write_whole(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")


def markdown_page(experiment: Experiment, sheets: list, missing: list) -> str:
    """All sheets under the experiment's heading, and the runs that are missing."""
    parts = [f"# {experiment.title}\n", *([experiment.note + "\n"] if experiment.note else [])]
    parts += [render.markdown(sheet) for sheet in sheets]
    if missing:
        commands = "\n".join(run.command for run in missing)
        parts.append(
            f"## Not yet run\n\nThese {len(missing)} runs have no scores. Make them with\n\n```\n{commands}\n```\n"
        )
    return "\n".join(parts)
