"""Imbalance settings: which training images are kept (MAUM, CVPR 2022, section 4.4, tables 3 and 4).

`full` keeps all. Any other setting is written `kind=number`, where the kind is a file of this folder, found by its
presence, that states

- `MODALITY`, the modality that is thinned out; the other is always kept whole,
- `keep(images, number, seed)`, the rows that stay of the training images of that modality.

Draws depend on the seed alone, never on the method, and are nested: what a smaller number keeps, a larger one keeps
too. `datasets.preparation.draws` has the two that most settings need.
"""

import importlib
import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from datasets import DatasetError, nearest
from datasets.preparation.rows import Row


@dataclass(frozen=True)
class Setting:
    """A parsed setting; `kind` is None for `full`, whose number means nothing."""

    kind: str | None = None
    number: int = 0


def kinds() -> list[str]:
    """The kinds of settings: the modules in this folder, sorted."""
    return sorted(file.stem for file in Path(__file__).parent.glob("*.py") if not file.stem.startswith("_"))


def rule(kind: str) -> ModuleType:
    """The module of a kind."""
    return importlib.import_module(f"datasets.settings.{kind}")


def parse(text: str) -> Setting:
    """The setting that `text` names; `DatasetError` with the nearest valid form otherwise."""
    if text == "full":
        return Setting()
    kind, equals, number = text.partition("=")
    forms = "full, " + ", ".join(f"{name}=<number>" for name in kinds())
    if kind not in kinds() or not equals:
        raise DatasetError(f"unknown setting {text!r}{nearest(kind, ['full', *kinds()])}; settings: {forms}")
    if not re.fullmatch(r"[1-9][0-9]{0,8}", number):
        raise DatasetError(
            f"setting {text!r}: found {number!r}, expected a whole number of at least 1, as in {kind}=10"
        )
    return Setting(kind, int(number))


def keep(rows: list[Row], setting: Setting, split: int, seed: int) -> list[int]:
    """Positions in `rows` of the training images of `split` (from 1) that `setting` keeps under `seed`, ascending.

    Raises `DatasetError` if the split does not exist or `setting` asks for more than there is.
    """
    splits = len(rows[0].splits)
    if not 1 <= split <= splits:
        raise DatasetError(f"split {split}, expected 1 to {splits}")
    train = [i for i, row in enumerate(rows) if row.splits[split - 1] == "train"]
    if setting.kind is None:
        return train
    kind = rule(setting.kind)
    thinned = [rows[i] for i in train if rows[i].modality == kind.MODALITY]
    stay = {row.path for row in kind.keep(thinned, setting.number, seed)}
    return [i for i in train if rows[i].modality != kind.MODALITY or rows[i].path in stay]
