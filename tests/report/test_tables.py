"""Every number of a table can be traced to its rows, and nothing incomplete looks complete."""

import json
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from eval.report.cells import make_grid
from eval.report.collect import read_results, read_runs
from eval.report.experiment import load_experiment, parse_experiment
from eval.report.render import escape, latex, markdown
from eval.report.sheet import Entry, Line, Sheet
from eval.report.sheets import all_sheets
from tests.report import synthetic
from tests.report.conftest import report


def test_cells_follow_from_the_rows(demo):
    """Ten cells, recomputed from trials.csv of their runs without the report's code."""
    cells = pd.read_csv(demo / "reports/demo/tables.csv").sample(10, random_state=1)
    description = json.loads((demo / "experiment.json").read_text())
    for cell in cells.itertuples():
        row = next(r for r in description["rows"] if (r["label"], r["setting"]) == (cell.label, cell.setting))
        trainings = []
        for run in (run for run in row["runs"] if run["dataset"] == cell.dataset):
            trials = pd.read_csv(demo / run["folder"] / "trials.csv")
            chosen = trials[(trials.protocol == cell.protocol) & (trials.metric == cell.metric)]
            trainings.append(sum(chosen.value) / len(chosen))
        assert cell.n == len(trainings)
        assert cell.mean == pytest.approx(np.mean(trainings), abs=1e-12)
        if cell.n > 1:
            assert cell.std == pytest.approx(np.std(trainings, ddof=1), abs=1e-12)


def test_the_page_shows_the_cells(demo):
    """The same numbers stand in the CSV, in Markdown, in LaTeX and on the page."""
    folder = demo / "reports/demo"
    cell = pd.read_csv(folder / "tables.csv").iloc[3]
    for name in ("tables.md", "tables.tex", "tables.html", "index.html"):
        assert f"{cell['mean']:.2f}" in (folder / name).read_text(), name


def test_references_stand_in_the_table_and_are_never_bold(demo):
    cells = pd.read_csv(demo / "reports/demo/tables.csv")
    references = cells[cells.reference]
    assert set(references.label) == {"chance", "untrained"}
    assert not references.in_best_set.any()
    assert cells.groupby(["dataset", "protocol", "setting", "metric"]).best.sum().eq(1).all()


def test_missing_runs_and_short_cells_are_marked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    description = synthetic.make(tmp_path, datasets=("demo-sysu",), settings=("full",))
    base = tmp_path / "results/demo-sysu/full"
    shutil.rmtree(base / "maum@demo/split1_seed1")
    shutil.rmtree(base / "baseline_p@demo")
    trials = pd.read_csv(base / "baseline_g@demo/split1_seed0/trials.csv")
    trials[trials.trial < 4].to_csv(base / "baseline_g@demo/split1_seed0/trials.csv", index=False)
    out = report(tmp_path, description, partial=True)
    cells = pd.read_csv(out / "tables.csv", keep_default_na=False).set_index("label")
    assert set(cells.loc["MAUM^G"].incomplete) == {"1 of 2 trainings: the others have not been run."}
    assert set(cells.loc["Baseline^P"].incomplete) == {"0 of 2 trainings: the others have not been run."}
    assert set(cells.loc["Baseline^G"].incomplete) == {
        "4 of 10 trials: averaged over fewer gallery draws than the column."
    }
    text = (out / "tables.md").read_text()
    assert "snakemake --cores all results/demo-sysu/full/baseline_p@demo/split1_seed0/trials.csv" in text
    assert re.search(r"Baselineᴾ +\| missing \[[a-z]\] +\| missing \[[a-z]\]", text)
    page = (out / "index.html").read_text()
    assert "3 runs have no scores" in page and "Not yet run: 3 of 11 runs" in page


def real_data(tmp_path, monkeypatch) -> Sheet:
    """Accuracy of made-up runs on sysu-mm01, beside MAUM's Table 3."""
    monkeypatch.chdir(tmp_path)
    description = synthetic.make(tmp_path, datasets=("sysu-mm01",), settings=("ir_per_id=5",))
    names = {"MAUM^G": "MAUM", "Baseline^G": "Baseline"}
    for row in description["rows"]:
        if row["label"] in names:
            row["published"] = {"paper": "maum", "source": "Table 3", "setting": row["setting"]}
            row["published"]["row_method"] = names[row["label"]]
    out = report(tmp_path, description)
    grid = make_grid(parse_experiment(description, "here"), read_results(out / "results.csv"))
    return all_sheets(grid, read_runs(out / "runs.csv"))[0]


def test_printed_numbers_stand_beside_with_their_difference(tmp_path, monkeypatch):
    sheet = real_data(tmp_path, monkeypatch)
    line = next(line for line in sheet.lines if line.label == "MAUM^G")
    first, second, *others = line.entries
    assert first.below == f"printed 40.2 ({first.value - 40.2:+.2f})".replace("-", "−") and first.below_marks == ()
    assert second.below_marks and "43.2" in sheet.notes[second.below_marks[0]] and second.marks == ()
    assert all(entry.below == "" for entry in others)  # the paper prints no indoor-search in Table 3
    page = (tmp_path / "reports/demo/index.html").read_text()
    assert 'title="Printed number suspect: 43.2' in page and "Printed number suspect" in markdown(sheet)


def test_several_gallery_draws_need_a_choice(demo):
    experiment = load_experiment(demo / "experiment.json")
    results = read_results(demo / "reports/demo/results.csv")
    other = results[results.protocol == "sysu-mm01-all-single"].assign(gallery="numpy")
    with pytest.raises(ValueError, match=r"gallery draws \['numpy', 'official'\]; name one"):
        make_grid(experiment, pd.concat([results, other]))


def test_text_is_escaped_for_latex():
    assert escape("MAUM^G & 50 % of_all ± 1") == r"MAUM\textsuperscript{G} \& 50 \% of\_all $\pm$ 1"
    assert escape("MAUM^-") == r"MAUM\textsuperscript{$-$}"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles(demo, tmp_path):
    sheet = Sheet("odd", "100 % of_{odd} #1 ~ <signs>", ["a^G & b"], [("g_1 & h", ["R-1", "mAP"])], [])
    mark = sheet.note("50 % & more")
    sheet.lines = [
        Line("MAUM^-", "full data", [Entry("1.0", "± 0.1", "printed 2.0 (−1.0)", (mark,), (mark,)), Entry("–")])
    ]
    tables = (demo / "reports/demo/tables.tex").read_text() + latex(sheet, "odd", "Title")
    packages = r"\usepackage{booktabs,graphicx}"
    document = rf"\documentclass{{article}}{packages}\begin{{document}}{tables}\end{{document}}"
    (tmp_path / "all.tex").write_text(document.replace("% needs", "\n% needs"))
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stdout[-2000:]
