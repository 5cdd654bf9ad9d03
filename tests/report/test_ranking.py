"""Ranks, groups that cannot be told apart, and the page over all experiments."""

import json

import numpy as np
import pandas as pd
import pytest

from eval.report import pairs
from eval.report.__main__ import main
from eval.report.cells import make_grid
from eval.report.collect import read_results, read_runs
from eval.report.experiment import parse_experiment
from eval.report.ranking import ranking
from tests.report import browser, synthetic
from tests.report.conftest import report


@pytest.mark.parametrize(
    ("apart", "expected"),
    [
        (set(), {"A": "a", "B": "a", "C": "a", "D": "a"}),
        ({"AC", "AD", "BC", "BD", "AB", "CD"}, {"A": "a", "B": "b", "C": "c", "D": "d"}),
        ({"AD"}, {"A": "a", "B": "ab", "C": "ab", "D": "b"}),
        ({"AC", "AD", "BD"}, {"A": "a", "B": "ab", "C": "bc", "D": "c"}),
        ({"BC"}, {"A": "ab", "B": "a", "C": "b", "D": "ab"}),
    ],
)
def test_methods_share_a_letter_if_not_told_apart(apart, expected):
    told = {frozenset(pair) for pair in apart}
    found = pairs.letters("ABCD", told)
    assert found == expected
    for one in "ABCD":
        for other in "ABCD":
            if one != other:
                assert bool(set(found[one]) & set(found[other])) != (frozenset(one + other) in told)


def test_pairs_are_antisymmetric_and_corrected():
    generator = np.random.default_rng(0)
    rows = [
        {"method": method, "seed": seed, "split": 1, "trial": 0, "value": level + generator.normal(0, 1)}
        for method, level in (("A", 50), ("B", 50.5), ("C", 70))
        for seed in range(5)
    ]
    fixed = {"dataset": "d", "setting": "full", "protocol": "p", "gallery": "", "metric": "mAP"}
    table = pairs.pairwise(pd.DataFrame(rows).assign(**fixed)).set_index(["method", "baseline"])
    assert table.difference["A", "C"] == pytest.approx(-table.difference["C", "A"])
    assert table.told_apart["A", "C"] and table.told_apart["C", "A"] and not table.told_apart["A", "B"]


@pytest.fixture(scope="module")
def overall(tmp_path_factory):
    """(root, description) of an experiment with a ranking, reported."""
    root = tmp_path_factory.mktemp("overall")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        description = {**synthetic.make(root, settings=("full",), seeds=5), "ranking": "mAP", "name": "overall"}
        out = report(root, description)
        (out / "experiment.json").write_text(json.dumps(description))
        yield root, description


def test_ranked_with_groups_and_cost(overall):
    root, description = overall
    folder = root / "reports/overall"
    grid = make_grid(parse_experiment(description, "here"), read_results(folder / "results.csv"))
    runs = read_runs(folder / "runs.csv")
    sheet = ranking(grid, "mAP", runs)
    assert [line.label for line in sheet.lines] == ["MAUM^P", "MAUM^G", "Baseline^P", "Baseline^G"]
    best = sheet.lines[0].entries
    assert best[0].text == "1.00" and best[2].spread == "a" and best[2].strong
    own = runs[runs.method == "maum@demo+head.parts=6"].train_seconds.astype(float)
    assert best[-4].text == f"{own.mean() / 60:.1f}" and best[-2].text == "3072"


def test_of_several_settings_full_data_is_ranked(demo):
    description = json.loads((demo / "experiment.json").read_text()) | {"ranking": "mAP"}
    grid = make_grid(parse_experiment(description, "here"), read_results(demo / "reports/demo/results.csv"))
    runs = read_runs(demo / "reports/demo/runs.csv")
    sheet = ranking(grid, "mAP", runs)
    assert {line.setting for line in sheet.lines} == {"full data"} and len(sheet.lines) == 4
    shown = grid.cells["MAUM^P", "full"][1]
    assert next(line for line in sheet.lines if line.label == "MAUM^P").entries[2].value == shown.mean
    own = runs[(runs.method == "maum@demo") & (runs.setting == "full")].train_seconds.astype(float)
    cost = next(line for line in sheet.lines if line.label == "MAUM^G").entries[-4]
    assert cost.text == f"{own.mean() / 60:.1f}" and sheet.heads[-1][1][0] == "CPU-minutes a training"


def test_one_training_has_no_interval(demo):
    description = json.loads((demo / "experiment.json").read_text()) | {"ranking": "mAP"}
    results = read_results(demo / "reports/demo/results.csv")
    runs = read_runs(demo / "reports/demo/runs.csv")
    for kept, shown in ((results, True), (results[results.seed == 0], False)):
        sheet = ranking(make_grid(parse_experiment(description, "here"), kept), "mAP", runs)
        assert all(bool(line.entries[1].spread) == shown for line in sheet.lines) and sheet.lines


def test_only_protocols_that_every_method_has_are_ranked(demo):
    description = json.loads((demo / "experiment.json").read_text()) | {"ranking": "mAP"}
    results = read_results(demo / "reports/demo/results.csv")
    runs = read_runs(demo / "reports/demo/runs.csv")
    experiment = parse_experiment(description, "here")
    less = results[~((results.method == "maum@demo") & (results.dataset == "demo-regdb"))]
    sheet = ranking(make_grid(experiment, less), "mAP", runs)
    assert "demo (SYSU layout): all-search" in sheet.caption[1] and "RegDB" not in sheet.caption[1]
    none = results[results.method != "maum@demo"]
    sheet = ranking(make_grid(experiment, none), "mAP", runs)
    assert "Without scores yet: MAUM^G." in sheet.caption and len(sheet.lines) == 3
    apart = less[~((less.method == "baseline_g@demo") & (less.dataset == "demo-sysu"))]
    sheet = ranking(make_grid(experiment, apart), "mAP", runs)
    assert sheet.lines == [] and "nothing can be ranked" in sheet.caption[-1]


@pytest.mark.browser
def test_the_page_over_all_experiments(overall, tmp_path):
    root, description = overall
    planned = root / "reports/planned/experiment.json"
    planned.parent.mkdir(exist_ok=True)
    planned.write_text(json.dumps({**description, "name": "planned", "title": "Planned only"}))
    out = root / "reports/index.html"
    plans = [str(root / "reports/overall/experiment.json"), str(planned)]
    assert main(["coverage", *plans, "--out", str(root / "reports")]) == 0
    coverage = str(root / "reports/coverage.csv")
    assert main(["benchmark", *plans, "--coverage", coverage, "--out", str(out)]) == 0
    text = out.read_text()
    assert 'href="overall/index.html"' in text and "planned/index.html" not in text and "not run" in text
    assert "Provenance" in text and "0123456789abcdef" in text and "torch 2.11.0" in text and "cpu: x86_64" in text
    assert "0 of the 182 rows" in text and "and 182 are open" in text
    if browser.CHROMIUM is None:
        pytest.skip("no Chromium is installed (apt-get install chromium)")
    seen = browser.look(out, tmp_path, 390)
    assert seen["problems"] == [] and seen["console"] == [] and seen["overflow"] <= 0
