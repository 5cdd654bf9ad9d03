"""The README shows what the demo's report says."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.docs.test_commands import commands
from tests.workflow.test_end_to_end import copy_project

README = Path("README.md").read_text(encoding="utf-8")
# What .ci/fresh runs, on a machine with nothing but Python and make.
ELSEWHERE = {"make demo", "make test", "snakemake --cores all"}
# The others: how they end, and what they say, where neither the real datasets nor ImageNet weights are. Which of the
# two a table misses first is Snakemake's choice.
NO_DATA = "SYSU-MM01 is sent by its authors on request"
ENDS = {
    "python -m datasets check sysu-mm01": (1, NO_DATA),
    "python -m workflow.experiments --dataset sysu-mm01": (0, r"msmnet_table1 +3 +sysu-mm01 "),
    "snakemake --cores all msmnet_table1": (1, f"{NO_DATA}|no ImageNet weights; fetch them"),
    "snakemake -n --configfile config/benchmark.yaml": (0, "This was a dry-run"),
}


def test_the_table_is_a_table_of_the_sample():
    rows = [line for line in README.splitlines() if "±" in line and line.startswith("|")]
    sample = Path("docs/demo/tables.md").read_text(encoding="utf-8").splitlines()
    assert len(rows) > 10
    assert set(rows) <= set(sample)


def test_the_two_commands_are_make_targets():
    makefile = Path("Makefile").read_text(encoding="utf-8")
    for target in ("demo", "test"):
        assert f"    make {target} " in README
        assert f"\n{target}: " in makefile


def test_the_coverage_it_states_is_the_committed_one():
    coverage = Path("reports/coverage.md").read_text(encoding="utf-8")
    assert "179 of 182 rows" in coverage
    assert "179 of the 182 rows" in README


def test_every_command_is_carried_out():
    assert set(commands(Path("README.md"))) == ELSEWHERE | set(ENDS)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Path:
    return copy_project(tmp_path_factory.mktemp("readme") / "project")


def run(command: str, folder: Path) -> tuple[int, str]:
    """A command as it is typed in a folder, with the environment active; its status and all it says."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        shlex.split(command), cwd=folder, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    "command", [pytest.param(c, marks=pytest.mark.slow) if " -n " in c else c for c in ENDS], ids=str
)
def test_a_command_does_what_is_printed(fresh, command):
    status, words = ENDS[command]
    ended, said = run(command, fresh)
    assert re.search(words, said), said[-3000:]
    assert ended == status


def test_the_check_accepts_a_folder_that_is_as_it_must_be(fresh):
    from tests.datasets.conftest import render

    root = render("sysu_mm01", fresh / "data" / "SYSU-MM01")
    path = fresh / "config" / "datasets.yaml"
    entry = yaml.safe_load(path.read_text(encoding="utf-8"))
    entry["datasets"]["sysu-mm01"]["expect"] = None  # its counts are the real ones
    path.write_text(yaml.safe_dump(entry), encoding="utf-8")
    status, said = run("python -m datasets check sysu-mm01", fresh)
    assert (status, f"{root.relative_to(fresh)} is readable" in said) == (0, True), said
