"""What these tests share: a tiny dataset, and a command that must fail with one message."""

import re

import pytest

from tests.training.conftest import tiny  # noqa: F401


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
