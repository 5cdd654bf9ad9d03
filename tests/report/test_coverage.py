"""Every row that the papers report of their own work has a run or a reason."""

import json

import pandas as pd
import pytest

from eval.report.__main__ import main
from eval.report.coverage import COLUMNS, UNCOVERED, cover
from eval.report.experiment import parse_experiment

RUN = {"dataset": "sysu-mm01", "setting": "full", "run": "maum", "split": 1, "seed": 0, "folder": "x"}
PLAN = {
    "name": "maum_table3", "title": "t", "note": "", "budget": "published", "paper": "maum", "source": "Table 3",
    "columns": [{"dataset": "sysu-mm01", "protocol": "sysu-mm01-all-single", "metrics": ["rank-1"]}],
    "rows": [
        {
            "label": "MAUM", "setting": "ir_per_id=5", "run": "maum", "runs": [RUN],
            "published": {"paper": "maum", "source": "Table 3", "row_method": "MAUM", "setting": "ir_per_id=5"},
        }
    ],
    "skipped": [{"row_method": "Baseline", "setting": "ir_per_id=1", "reason": "too few images"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    found = cover([parse_experiment(PLAN, "here")])
    return found[(found.source == "Table 3") & (found.paper == "maum")].set_index(["row_method", "setting"])


def test_all_rows_and_numbers_are_there():
    everything = cover([])
    assert (len(everything), everything.numbers.sum(), everything.covered.sum()) == (182, 440, 0)
    assert everything.reason.str.startswith(UNCOVERED).all()


def test_a_row_with_a_run(table):
    row = table.loc[("MAUM", "ir_per_id=5")]
    assert (row.experiment, row.run, row.covered, row.numbers) == ("maum_table3", "maum", 1, 2)
    assert row.reason.startswith("no table shows its mAP | note: 43.2")


def test_a_row_with_a_reason(table):
    assert table.loc[("Baseline", "ir_per_id=1")].reason == "too few images"
    assert table.loc[("Baseline", "ir_per_id=5")].reason == UNCOVERED


@pytest.mark.parametrize(("protocol", "tables"), [("all-search", {"Table 3"}), ("indoor-search", set())])
def test_a_reason_is_for_its_own_table_and_protocol(protocol, tables):
    skipped = {"row_method": "Baseline", "protocol": protocol, "reason": "why"}
    found = cover([parse_experiment(PLAN | {"skipped": [skipped]}, "here")])
    assert set(found.source[found.reason == "why"]) == tables


def test_the_command_writes_both_files_and_can_insist(tmp_path, capsys):
    plan = tmp_path / "plans.json"
    plan.write_text(json.dumps([PLAN]))
    assert main(["coverage", str(plan), "--out", str(tmp_path)]) == 0
    written = pd.read_csv(tmp_path / "coverage.csv", keep_default_na=False)
    assert list(written) == COLUMNS and len(written) == 182
    text = (tmp_path / "coverage.md").read_text()
    assert "1 of 182 rows have a run, 1 of 440 numbers" in text
    assert main(["coverage", str(plan), "--out", str(tmp_path), "--strict"]) == 1
    assert "180 printed rows have neither a run nor a reason" in capsys.readouterr().err
