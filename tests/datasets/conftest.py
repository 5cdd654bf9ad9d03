"""Tiny rendered datasets, one of each layout, and copies of them that a test may break."""

import shutil
from pathlib import Path

import pytest

from datasets.__main__ import main

PEOPLE = {"sysu_mm01": (6, 4, 2), "regdb": (3, 3, 2), "llcm": (3, 2, 1)}
RENDERED = sorted(p.stem.removeprefix("plan_") for p in Path("datasets/synthetic").glob("plan_*.py"))


def render(layout: str, out: Path, *more: str) -> Path:
    """Render a small dataset of 32x16-pixel images through the command line; returns its folder."""
    train, test, images = PEOPLE.get(layout, (3, 3, 2))
    size = ["--train-identities", str(train), "--test-identities", str(test), "--images-per-camera", str(images)]
    pixels = ["--height", "32", "--width", "16"]
    assert main(["render", "--layout", layout, "--out", str(out), "--seed", "3", *size, *pixels, *more]) == 0
    return out


class Folders(dict):
    """Folders by layout; a test that asks for one that no renderer makes is skipped."""

    def __missing__(self, layout: str) -> Path:
        pytest.skip(f"datasets/synthetic/plan_{layout}.py is not there, so the layout cannot be rendered")


@pytest.fixture(scope="session")
def rendered(tmp_path_factory) -> dict[str, Path]:
    """The folder of an intact dataset for each layout; read only."""
    top = tmp_path_factory.mktemp("rendered")
    return Folders({layout: render(layout, top / layout) for layout in RENDERED})


@pytest.fixture
def copy(rendered, tmp_path):
    """`copy(layout)`: the folder of a dataset that the test may change."""

    def make(layout: str) -> Path:
        root = tmp_path / layout
        shutil.copytree(rendered[layout], root)
        shutil.copy(f"{rendered[layout]}.json", f"{root}.json")
        return root

    return make


@pytest.fixture
def complain(capsys, tmp_path):
    """`complain(layout, root, ...)`: the message with which `index` refuses a folder, after checking that it does."""

    def run(layout: str, root: Path, holdout: str = "test", expect: str = "null") -> str:
        out = tmp_path / "images.csv"
        command = ["index", "--layout", layout, "--root", str(root), "--holdout", holdout, "--expect", expect]
        assert main([*command, "--out", str(out)]) == 1
        assert not out.exists()
        message = capsys.readouterr().err
        assert message.startswith("error: ") and "Traceback" not in message
        return message

    return run
