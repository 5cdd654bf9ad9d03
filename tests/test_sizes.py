"""No file over 400 lines, no function over 60: what cannot be read at one sitting is split."""

import ast
from pathlib import Path

import pytest

from workflow import imports

RULES = [Path("Snakefile"), *sorted(Path("workflow/rules").glob("*.smk"))]
SOURCES = [path for room in (*imports.ROOMS, "tests") for path in imports.sources(room)]


@pytest.mark.parametrize("path", [*SOURCES, *RULES], ids=str)
def test_a_file_is_short_and_so_are_its_functions(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    if path.suffix == ".py":
        functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
        lengths = {function.name: function.end_lineno - function.lineno + 1 for function in functions}
        assert {name: length for name, length in lengths.items() if length > 60} == {}
