"""Imports point downward only (docs/architecture.md)."""

import subprocess
import sys
from pathlib import Path

import pytest

from workflow import imports

ROOMS = imports.ROOMS
MAY_IMPORT = {
    "files": set(),
    "datasets": {"files"},
    "eval": {"files"},
    "methods": {"files"},
    "training": {"files", "methods", "datasets"},
    "workflow": {"files", "datasets", "methods"},
    "benchmarks": set(ROOMS),
}
TORCH_FREE = ("files", "datasets", "eval", "workflow")


@pytest.mark.parametrize("path", [path for room in imports.ROOMS for path in imports.sources(room)], ids=str)
def test_a_room_imports_only_what_lies_below(path):
    room = path.parts[0].removesuffix(".py")
    used = {name.split(".")[0] for name in imports.imports(path)} & set(ROOMS)
    assert used <= MAY_IMPORT[room] | {room}
    if room in TORCH_FREE:
        assert "torch" not in {name.split(".")[0] for name in imports.imports(path)}


def method_files() -> list[Path]:
    return [p.with_suffix(".py") for p in Path("methods").glob("*.yaml") if p.stem != "common"]


@pytest.mark.parametrize("path", method_files(), ids=str)
def test_no_method_imports_another(path):
    others = {f"methods.{other.stem}" for other in method_files() if other != path}
    assert not {name for name in imports.imports(path) if any(name == o or name.startswith(f"{o}.") for o in others)}


def test_the_picture_in_the_docs_is_that_of_the_code():
    text = imports.PAGE.read_text(encoding="utf-8")
    assert imports.BEGIN + imports.picture() + imports.END in text, "python -m workflow.imports draws it anew"


def test_a_plan_imports_neither_torch_nor_pandas():
    code = "import sys, workflow.plan; print(sorted({'torch', 'pandas', 'PIL'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
