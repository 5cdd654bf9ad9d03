"""The schema of an experiment's description and what the loader refuses."""

import copy

import pytest

from eval.report.experiment import parse_experiment, which_epoch
from tests.report import synthetic


@pytest.fixture(scope="module")
def description(tmp_path_factory) -> dict:
    return synthetic.make(tmp_path_factory.mktemp("description"), datasets=("demo-sysu",), settings=("full",))


def test_a_row_fills_the_columns_of_its_dataset(description):
    experiment = parse_experiment(description, "here")
    row = experiment.row(("MAUM^G", "full"), "demo-sysu")
    assert [run.seed for run in row.runs] == [0, 1]
    assert experiment.row(("MAUM^G", "full"), "regdb") is None
    assert row.runs[0].command == "snakemake --cores all results/demo-sysu/full/maum@demo/split1_seed0/trials.csv"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("rows", [], "found 0 rows and 2 columns"),
        ("baseline", "Baseline^X", r"baseline 'Baseline\^X' is no row label"),
        ("figures", [{"kind": "cmc"}, {"kind": "cmc"}], r"\['cmc'\] occur more than once"),
        ("colour", "red", r"unknown keys \['colour'\]"),
        ("columns", [{"dataset": "regdb"}], r"missing keys \['metrics', 'protocol'\]"),
    ],
)
def test_refused(description, key, value, message):
    with pytest.raises((ValueError, KeyError), match=message):
        parse_experiment({**description, key: value}, "here")


def test_two_rows_for_one_place_are_refused(description):
    twice = copy.deepcopy(description)
    twice["rows"].append(twice["rows"][-1])
    with pytest.raises(ValueError, match=r"2 rows \('MAUM\^P', 'full'\) for dataset demo-sysu, expected one"):
        parse_experiment(twice, "here").row(("MAUM^P", "full"), "demo-sysu")


@pytest.mark.parametrize(
    ("rule", "label", "reference"),
    [
        ("best-validation", "MAUM^P (best epoch on validation)", False),
        ("best-on-test", "MAUM^P (best epoch on test, optimistic)", True),
    ],
)
def test_a_run_that_chose_its_epoch_says_so_and_by_its_test_scores_takes_no_part(description, rule, label, reference):
    chosen = copy.deepcopy(description)
    chosen["baseline"] = "MAUM^P"
    chosen["rows"].append({**chosen["rows"][-1], "run": f"maum@demo+selection.rule={rule}"})
    experiment = parse_experiment(chosen, "here")
    assert (experiment.rows[-1].label, experiment.rows[-1].reference) == (label, reference)
    assert experiment.baseline == experiment.rows[-2].label == "MAUM^P"
    caption = which_epoch(experiment)
    assert f"except in rows marked ({label.partition('(')[2]}." in caption
    assert ("too good by design" in caption) == reference
