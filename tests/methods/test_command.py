"""`python -m methods`: what it says of a run, and of a layout that is none."""

import pytest

from methods.__main__ import layouts, main


def test_a_recipe_is_shown_on_every_layout(capsys):
    for layout in layouts():
        assert main(["maum", "--layout", layout]) == 0
        assert "bank.dt " in capsys.readouterr().out


def test_a_layout_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["maum", "--layout", "sysu"])
    assert "invalid choice: 'sysu' (choose from" in capsys.readouterr().err
