"""What these tests share: sound datasets, and a command that must fail with one message."""

import re
from pathlib import Path

import pytest

import datasets.__main__
from tests.datasets.conftest import render
from tests.training.conftest import tiny  # noqa: F401


@pytest.fixture(scope="session")
def intact(tmp_path_factory) -> dict[str, Path]:
    top = tmp_path_factory.mktemp("intact")
    return {layout: render(layout, top / layout) for layout in ("sysu_mm01", "regdb", "llcm")}


@pytest.fixture(scope="session")
def index(intact, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("index") / "images.csv"
    arguments = ["--layout", "sysu_mm01", "--root", str(intact["sysu_mm01"]), "--holdout", "test", "--out", str(out)]
    assert datasets.__main__.main(["index", *arguments]) == 0
    return out


@pytest.fixture
def refused(capsys):
    """Run a command that must fail and name the culprit (a pattern) without a traceback.

    Commands run in this process; an exception that reaches the test would be a traceback on a user's screen.
    """

    def run(culprit: str, command, *arguments: object) -> None:
        try:
            status = command([str(argument) for argument in arguments])
        except SystemExit as error:
            status, words = error.code, error.code if isinstance(error.code, str) else ""
        else:
            words = ""
        assert status not in (0, None)
        words += capsys.readouterr().err
        assert "Traceback" not in words
        assert re.search(culprit, words), words

    return run
