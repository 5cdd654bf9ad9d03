"""The figures: one module a kind, found by its name.

Each has `draw(experiment, results, spec) -> Figure | None`, where `results` is the table of `collect.read_results` and
`spec` the figure's entry in the experiment (kind, name, title and what the module's docstring names). None: nothing of
what it shows was asked for in this experiment.
"""

import importlib
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent


def kinds() -> list[str]:
    """Every kind of figure there is."""
    return sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))


def drawer(kind: str) -> Callable:
    """The `draw` function of a kind; ValueError names the known ones."""
    if kind not in kinds():
        raise ValueError(f"figure kind {kind!r} is unknown; known: {kinds()}")
    return importlib.import_module(f"eval.report.figures.{kind}").draw
