"""What images exist: one file a dataset layout (`sysu_mm01`, `regdb`, `llcm`), found by its presence in this folder.

Importing this package, or a layout, loads neither NumPy, pandas nor Pillow, so that a plan of the workflow can ask
for names and splits at no cost. A layout module states

- `PROTOCOLS`, the names of the evaluation protocols that apply to it,
- `SPLITS`, the number of train/test splits (10 trainings on RegDB, one elsewhere),
- `HOLDOUTS`, the values of `holdout` it can serve,
- `HELP`, how the data are obtained and how the folder must look,
- `read(root, holdout)`, the folder as a list of `datasets.preparation.rows.Row`.
"""

import difflib
import functools
import importlib
from pathlib import Path
from types import ModuleType


class DatasetError(Exception):
    """Something is wrong with a dataset, a setting or a command; the message says what and the remedy."""


@functools.cache
def layouts() -> list[str]:
    """Names of the dataset layouts: the modules in this folder, sorted."""
    return sorted(file.stem for file in Path(__file__).parent.glob("*.py") if not file.stem.startswith("_"))


def layout(name: str) -> ModuleType:
    """The module of the layout `name`; raises `DatasetError` with the nearest name if there is none."""
    if name not in layouts():
        raise DatasetError(
            f"unknown dataset layout {name!r}{nearest(name, layouts())}; layouts: {', '.join(layouts())}"
        )
    return importlib.import_module(f"datasets.{name}")


def nearest(found: str, valid: list[str]) -> str:
    """`, did you mean 'x'?` for the valid word closest to `found`, or nothing when none is close."""
    close = difflib.get_close_matches(str(found), [str(word) for word in valid], n=1, cutoff=0.5)
    return f", did you mean {close[0]!r}?" if close else ""
