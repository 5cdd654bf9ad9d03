"""The page of an experiment: tables, figures and provenance in one file that opens without a network."""

import os
from pathlib import Path

import pandas as pd

from eval.report import html, names, provenance
from eval.report.cells import make_grid
from eval.report.collect import read_runs
from eval.report.experiment import Experiment, figure_name
from eval.report.kinds import describe
from eval.report.sheets import all_sheets
from files import sha256, write_whole

LARGEST_SVG = 400_000  # bytes; above it a page carries the PNG


def write_page(
    experiment: Experiment, results: pd.DataFrame, runs: Path, figures: Path, out: Path, *, images: bool
) -> None:
    """Write the page. `runs` is runs.csv, `figures` the folder of the drawn figures.

    FileNotFoundError names a figure that has not been drawn. Without `images`, contact sheets of real people are
    left out.
    """
    grid = make_grid(experiment, results)
    table = read_runs(runs)
    page = html.render(
        "page.html.j2",
        experiment=experiment,
        title=experiment.title,
        sheets=all_sheets(grid, table),
        missing=grid.missing,
        figures=[figure_block(spec, figures, out.parent) for spec in experiment.figures],
        contact_sheets=contact_sheets(experiment, images=images),
        remarks=provenance.remarks(table),
        facts=[*provenance.facts(table, len(experiment.runs)), *map(_text, experiment.provenance.items())],
        packages=provenance.packages(table),
        commands=[run.command for run in experiment.runs],
        runs=table.to_dict("records"),
        checksums=checksums(experiment),
    )
    with write_whole(out) as temporary:
        temporary.write_text(page, encoding="utf-8")


def figure_block(spec: dict, folder: Path, beside: Path) -> dict:
    """What the template needs of a figure: the picture itself and links to its two files."""
    name = figure_name(spec)
    png, svg = folder / f"{name}.png", folder / f"{name}.svg"
    for path in (png, svg):
        if not path.is_file():
            raise FileNotFoundError(
                f"{path} does not exist; draw it with `python -m eval.report figures --name {name}`"
            )
    picture = svg if svg.stat().st_size <= LARGEST_SVG else png
    known = describe(spec["kind"])
    return {
        "id": name,
        "title": spec.get("title") or known["title"],
        "caption": spec.get("caption") or known["caption"],
        "uri": html.data_uri(picture),
        "files": [(path.suffix[1:].upper(), Path(os.path.relpath(path, beside)).as_posix()) for path in (png, svg)],
    }


def contact_sheets(experiment: Experiment, *, images: bool) -> list[dict]:
    """Pictures of what the datasets look like; of real people only if `images` and they are there."""
    sheets = []
    for name, dataset in experiment.datasets.items():
        path = dataset.get("contact_sheet")
        if path and (images or not dataset.get("real", True)):
            sheets.append({"title": names.dataset(name), "uri": html.data_uri(Path(path))})
    return sheets


def _text(fact: tuple[object, object]) -> tuple[str, str]:
    return str(fact[0]), str(fact[1])


def checksums(experiment: Experiment) -> list[tuple[str, str, str]]:
    """(dataset, index file, SHA-256): the index holds the checksum of each image."""
    rows = []
    for name, dataset in experiment.datasets.items():
        path = Path(dataset["index"])
        rows.append((names.dataset(name), str(path), sha256(path) if path.is_file() else "index not present"))
    return rows
