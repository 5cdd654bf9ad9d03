"""A made-up experiment, reported once for all tests of this folder."""

import json
from pathlib import Path

import pytest

from eval.report.__main__ import main
from tests.report import synthetic

FIGURES = [
    {"kind": "cmc"},
    {"kind": "imbalance", "axis": "ir_per_id", "metric": "mAP"},
]


def report(root: Path, description: dict, *, partial: bool = False) -> Path:
    """Run every command of the report in `root` (the current folder); returns the folder of the report."""
    (root / "experiment.json").write_text(json.dumps(description))
    out = root / "reports" / description["name"]
    results = str(out / "results.csv")
    commands = [
        ["collect", "experiment.json", "--out", results, "--parquet", *(["--partial"] if partial else [])],
        ["tables", "experiment.json", "--results", results, "--out", str(out)],
        ["figures", "experiment.json", "--results", results, "--out", str(out / "figures")],
        [
            "page",
            "experiment.json",
            "--results",
            results,
            "--figures",
            str(out / "figures"),
            "--out",
            f"{out}/index.html",
        ],
    ]
    for command in commands:
        assert main(command) == 0, command
    return out


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Path:
    """Root folder with results/ and reports/demo/ of a made-up experiment."""
    root = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        report(root, {**synthetic.make(root), "figures": FIGURES})
    return root
