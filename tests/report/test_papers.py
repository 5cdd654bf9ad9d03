"""The tables of the real experiments: they can be made before anything has been run, and say what is missing."""

import shutil
import subprocess

import pandas as pd
import pytest
import yaml

from eval.report import provenance, render
from eval.report.cells import make_grid
from eval.report.collect import NAMES, ORIGIN, SCORES
from eval.report.experiment import Experiment, parse_experiment
from eval.report.figures import drawer
from eval.report.kinds import describe
from eval.report.render import escape
from eval.report.sheets import all_sheets
from workflow import plan

NO_RESULTS = pd.DataFrame(columns=[*NAMES, *SCORES, *ORIGIN])
NO_RUNS = pd.DataFrame(columns=[*NAMES, "run", *provenance.COLUMNS])


@pytest.fixture(scope="module")
def experiments() -> dict[str, Experiment]:
    """Every experiment of the configuration."""
    files = ["datasets.yaml", "benchmark.yaml"]
    config = {}
    for name in files:
        config |= yaml.safe_load((plan.ROOT / "config" / name).read_text(encoding="utf-8"))
    return {name: parse_experiment(plan.describe(name, config), name) for name in plan.experiment_names()}


@pytest.fixture(scope="module")
def sheets(experiments) -> dict[str, list]:
    """The tables of every experiment, without results."""
    return {name: all_sheets(make_grid(experiment, NO_RESULTS), NO_RUNS) for name, experiment in experiments.items()}


def test_every_table_can_be_made_before_any_run(experiments, sheets):
    for name, made in sheets.items():
        text = "".join(render.markdown(sheet) for sheet in made)
        assert "missing" in text and "Not yet run" in text, name
        if experiments[name].source and experiments[name].source.startswith("Table"):
            assert "printed" in text, name


def test_every_figure_is_of_a_known_kind(experiments):
    for experiment in experiments.values():
        for spec in experiment.figures:
            assert callable(drawer(spec["kind"])) and describe(spec["kind"])


def test_every_character_is_known_to_latex(sheets):
    for name, made in sheets.items():
        for sheet in made:
            words = [sheet.title, *sheet.caption, *(line.label for line in sheet.lines), *sheet.notes.values()]
            odd = {character for word in words for character in escape(word) if ord(character) > 0xFF}
            assert not odd, (name, odd)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_the_papers_tables_compile(experiments, sheets, tmp_path):
    tables = "\n\\clearpage\n".join(
        render.latex(sheet, f"{name}-{sheet.name}", experiments[name].title)
        for name, made in sheets.items()
        for sheet in made
    )
    head = r"\documentclass{article}\usepackage{booktabs,graphicx}\begin{document}"
    (tmp_path / "all.tex").write_text(f"{head}\n{tables}\n\\end{{document}}", encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600, errors="replace")
    assert run.returncode == 0, run.stdout[-2000:]
