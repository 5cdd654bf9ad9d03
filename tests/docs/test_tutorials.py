"""The tutorials, carried out as printed in a copy of the project: files written, commands run, nothing touched."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.workflow.test_end_to_end import copy_project

TUTORIALS = Path("docs/tutorials")
BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SMALL = {"train_identities": 10, "test_identities": 6, "images_per_camera": 4}


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A copy of the project with its tests and documents, whose demo has few people."""
    folder = copy_project(tmp_path_factory.mktemp("tutorials") / "project")
    for room in ("docs", "tests"):
        shutil.copytree(room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy("pyproject.toml", folder)
    path = folder / "config" / "datasets.yaml"
    datasets = yaml.safe_load(path.read_text(encoding="utf-8"))
    datasets["datasets"]["demo-regdb"]["render"] |= SMALL
    path.write_text(yaml.safe_dump(datasets), encoding="utf-8")
    return folder


def carry_out(project: Path, tutorial: str) -> str:
    """Write the files and run the commands of a tutorial in their order; what the last command printed."""
    output = ""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for kind, title, text in BLOCK.findall((TUTORIALS / tutorial).read_text(encoding="utf-8")):
        if title:
            assert not (project / title).exists(), f"{title} is there already"
            (project / title).parent.mkdir(parents=True, exist_ok=True)
            (project / title).write_text(text, encoding="utf-8")
        elif kind == "sh":
            for command in text.splitlines():
                done = subprocess.run(
                    command,
                    shell=True,
                    cwd=project,
                    env=os.environ | {"PATH": path},
                    capture_output=True,
                    text=True,
                    check=False,
                )
                assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
                output = done.stdout
    return output


def sources(project: Path) -> dict[str, bytes]:
    """Every file of the project's own by path."""
    rooms = (
        "benchmarks",
        "config",
        "datasets",
        "docs",
        "eval",
        "methods",
        "tests",
        "training",
        "workflow",
        "Snakefile",
    )
    files = [
        p for room in rooms for p in ([project / room] if (project / room).is_file() else (project / room).rglob("*"))
    ]
    return {str(p): p.read_bytes() for p in files if p.is_file() and "__pycache__" not in p.parts}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tutorial", "lines"),
    [
        ("add-a-method.md", ["AGW", "Contrastive", "Contrastive, cooler"]),
        ("add-an-experiment.md", ["Baseline", "every 5 steps", "every 20 steps"]),
        ("add-an-imbalance-setting.md", ["AGW", "ir_percent=40"]),
        ("add-a-dataset.md", ["AGW", "2 infrared images per identity"]),
    ],
)
def test_a_tutorial_does_what_it_says_and_touches_nothing(project, tutorial, lines):
    before = sources(project)
    table = carry_out(project, tutorial)
    assert all(line in table for line in lines), table
    assert not re.search(r"not (yet )?run", table, re.IGNORECASE)
    after = sources(project)
    assert {path: after[path] for path in before} == before


def test_every_tutorial_is_carried_out():
    (cases,) = [m for m in test_a_tutorial_does_what_it_says_and_touches_nothing.pytestmark if m.name == "parametrize"]
    assert sorted(p.name for p in TUTORIALS.glob("*.md")) == sorted(tutorial for tutorial, _ in cases.args[1])
