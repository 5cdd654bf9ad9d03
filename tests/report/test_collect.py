"""Scores of many runs in one table, to the last digit and with nothing left out silently."""

import csv
import json
import re
import shutil

import pandas as pd
import pytest

from eval.report import provenance
from eval.report.__main__ import main
from eval.report.collect import read_results
from tests.report import synthetic


@pytest.fixture
def small(tmp_path, monkeypatch):
    """An experiment of one dataset in the current folder."""
    monkeypatch.chdir(tmp_path)
    description = synthetic.make(tmp_path, datasets=("demo-regdb",), settings=("full",))
    (tmp_path / "experiment.json").write_text(json.dumps(description))
    return tmp_path


def test_values_are_carried_over_as_written(demo):
    with (demo / "reports/demo/results.csv").open() as file:
        lines = list(csv.DictReader(file))
    folder = "results/demo-sysu/full/maum@demo/split1_seed1"
    with (demo / folder / "trials.csv").open() as file:
        written = list(csv.DictReader(file))
    found = [line for line in lines if line["run"] == folder]
    assert [line["value"] for line in found] == [line["value"] for line in written]
    first = found[0]
    assert [first[key] for key in ("dataset", "setting", "method", "seed", "split")] == [
        "demo-sysu", "full", "maum@demo", "1", "1",
    ]  # fmt: skip
    assert first["commit"].startswith("0123456789") and len(first["configuration"]) == 12


def test_the_parquet_holds_the_same_rows(demo):
    folder = demo / "reports/demo"
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "results.parquet"), read_results(folder / "results.csv"))


def test_time_and_memory_stay_out_of_the_scores(demo):
    results = pd.read_csv(demo / "reports/demo/results.csv", nrows=1)
    runs = pd.read_csv(demo / "reports/demo/runs.csv")
    assert not set(results) & set(provenance.TIMED_KEYS)
    assert runs.train_seconds.notna().sum() == len(runs) - 4  # chance trains nothing: 2 datasets x 2 settings


def test_missing_runs_are_named_with_their_command(small, capsys):
    gone = "results/demo-regdb/full/maum@demo/split1_seed1"
    shutil.rmtree(small / gone)
    assert main(["collect", "experiment.json", "--out", "results.csv"]) == 1
    message = capsys.readouterr().err
    assert "1 runs have no scores" in message and f"snakemake --cores all {gone}/trials.csv" in message
    assert not (small / "results.csv").exists()
    assert main(["collect", "experiment.json", "--out", "results.csv", "--partial"]) == 0
    assert gone not in set(read_results(small / "results.csv").run)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "columns .* are absent"),
        ("protocol,gallery,trial,metric,value,queries,valid_queries\n", "no scores"),
    ],
)
def test_a_damaged_score_file_is_named(small, capsys, text, message):
    path = small / "results/demo-regdb/full/maum@demo/split1_seed1/trials.csv"
    path.write_text(text)
    assert main(["collect", "experiment.json", "--out", "results.csv"]) == 1
    error = capsys.readouterr().err
    assert "maum@demo/split1_seed1/trials.csv" in error
    assert re.search(message, error)


def test_remarks_tell_what_a_reader_must_know():
    columns = ["run", "method", *provenance.COLUMNS]
    chance = dict.fromkeys(columns, "") | {"method": "chance"}
    plain = dict.fromkeys(columns, "") | {
        "commit": "aaaa",
        "clean": "True",
        "device": "cpu",
        "packages": "p",
        "threads": "1",
    }
    odd = plain | {"run": "results/odd", "device": "cuda: H", "clean": "False", "resumed_after_epoch": "3"}
    remarks = provenance.remarks(pd.DataFrame([plain, odd, dict.fromkeys(columns, ""), chance]))
    text = " ".join(remarks)
    assert "1 of 3 trainings carry no record" in text
    assert "2 different devices: cpu, cuda: H" in text
    assert "1 runs (results/odd) ran with changes that are in no commit" in text
    assert "1 runs (results/odd) stopped and resumed" in text
    assert provenance.remarks(pd.DataFrame([plain, plain, chance])) == []


def test_a_missing_file_is_named_with_what_makes_it(tmp_path, capsys):
    assert main(["tables", str(tmp_path / "e.json"), "--results", "results.csv", "--out", str(tmp_path)]) == 1
    assert f"error: {tmp_path / 'e.json'}: no such file; `snakemake --cores all EXPERIMENT`" in capsys.readouterr().err
