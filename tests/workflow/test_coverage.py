"""The committed coverage of the papers is what the experiments give."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from methods.recipes import RecipeError
from workflow import plan


@pytest.fixture(scope="module")
def config():
    found = {}
    for name in ("datasets", "demo"):
        found |= yaml.safe_load(Path(f"config/{name}.yaml").read_text(encoding="utf-8"))
    return found


def test_the_committed_coverage_is_up_to_date(config, tmp_path):
    descriptions = [plan.describe(name, config) for name in plan.paper_experiments()]
    (tmp_path / "plans.json").write_text(json.dumps(descriptions))
    command = [sys.executable, "-m", "eval.report", "coverage", str(tmp_path / "plans.json"), "--strict"]
    subprocess.run([*command, "--out", str(tmp_path)], check=True)
    for name in ("coverage.md", "coverage.csv"):
        assert (tmp_path / name).read_bytes() == Path("reports", name).read_bytes(), f"make reports/{name} again"


def test_every_row_has_a_run_that_resolves_or_a_reason(config):
    with open("reports/coverage.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 182
    without = [row for row in rows if not row["run"]]
    assert {row["row_method"] for row in without} == {"AlignGAN"}
    assert all(row["reason"] for row in without)
    for row in rows:
        if row["run"]:
            layout = config["datasets"][row["dataset"]]["layout"]
            try:
                plan.resolve(row["run"], layout)
            except RecipeError as error:
                pytest.fail(f"{row['experiment']}: {error}")
