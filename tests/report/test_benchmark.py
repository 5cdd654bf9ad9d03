"""The benchmark of the report runs the workflow's commands."""

import re
from pathlib import Path

import pytest

from benchmarks import report


def test_its_commands_are_the_workflows():
    rules = Path("workflow/rules/report.smk").read_text(encoding="utf-8")
    used = set(re.findall(r"python -m eval\.report (\w+) \{input\.experiment", rules))
    assert {command[0] for command in report.commands().values()} == used


@pytest.mark.slow
def test_a_line_a_command(capsys):
    assert report.main(["--runs", "40"]) == 0
    first, _, head, *lines = capsys.readouterr().out.splitlines()
    assert first == "44 runs" and head.split() == ["command", "wall", "s", "CPU", "s"]
    assert [line[:24].strip() for line in lines] == [*report.commands(), "all"]
    seconds = [float(line.split()[-1]) for line in lines]
    assert min(seconds) > 0 and seconds[-1] == pytest.approx(sum(seconds[:-1]), abs=0.1 * len(lines))
