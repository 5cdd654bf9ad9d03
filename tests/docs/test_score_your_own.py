"""The page about scoring features of one's own: its code, as printed, on a rendered SYSU-MM01."""

import re
from pathlib import Path
from textwrap import dedent

import numpy as np

from eval.features import load
from tests.datasets.conftest import render

PAGE = Path("docs/score-your-own-features.md")


def test_the_code_scores_a_folder(tmp_path, monkeypatch):
    write, score, listing = (
        dedent(block) for block in re.findall(r"^ *```python\n(.*?)^ *```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    )
    render("sysu_mm01", tmp_path / "SYSU-MM01")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(listing, names)
    names["features"] = np.random.default_rng(0).normal(size=(len(names["names"]), 8))
    exec(write, names)
    exec(score, names)
    data = load("features.npz")
    assert data.recipe == "neck, no flip"
    assert {part.split("/")[0]: int(camera) for part, camera in zip(data.names, data.cameras, strict=True)} == {
        f"cam{camera}": camera for camera in range(1, 7)
    }
    assert names["scores"].mean()["sysu-mm01-all-single", "seeded", "mAP"] > 0
