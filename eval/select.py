"""Choose the epoch of a training by a score: the candidate with the best mAP, averaged over the gallery draws.

`python -m eval.select candidates.zip --rule best-validation --protocol sysu-mm01-all-single --out FOLDER`

The candidates are `<epoch>/features.npz`, `<epoch>/weights.safetensors` and, for a choice on validation identities,
`<epoch>/validation.npz`. The chosen features and weights are written to FOLDER, with the rule and the epoch in the
features' recipe, so that every score made of them says how they were chosen; `selection.csv` holds all scores.
"""

import argparse
import csv
import shutil
import sys
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from eval.features import load, save
from eval.galleries import FAMILIES, Permutations, load_permutations
from eval.score import score
from files import write_whole

# What a rule scores, and how the features that it chose are labelled.
RULES = {
    "best-validation": ("validation.npz", "best on validation identities"),
    "best-on-test": ("features.npz", "best on test (optimistic)"),
}
METRIC = "mAP"
COLUMNS = ("epoch", "rule", "protocol", "gallery", "metric", "value", "chosen")


def choose(folder: Path, rule: str, protocol: str, gallery: str, permutations: Permutations | None) -> list[dict]:
    """One row per candidate of `folder`, ascending by epoch; `chosen` is 1 for the best, the first among equals."""
    rows: list[dict[str, Any]] = []
    for candidate in sorted(folder.iterdir()):
        found = score(load(candidate / RULES[rule][0]), [protocol], gallery, permutations)
        value = {metric: (family, value) for (_, family, metric), value in found.mean().items()}[METRIC]
        values = (int(candidate.name), rule, protocol, value[0], METRIC, value[1], 0)
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    best = max(rows, key=lambda row: row["value"])
    return [row | {"chosen": int(row is best)} for row in rows]


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns 0, or 2 after one message."""
    parser = argparse.ArgumentParser(prog="python -m eval.select", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("candidates", type=Path, metavar="candidates.zip")
    parser.add_argument("--rule", choices=RULES, required=True)
    parser.add_argument("--protocol", required=True)
    parser.add_argument("--gallery", choices=FAMILIES, default="seeded", help="family of gallery draws (seeded)")
    parser.add_argument("--permutations", type=Path, metavar="FILE", help="rand_perm_cam.mat, for --gallery official")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as folder:
            _select(options, Path(folder))
    except (ValueError, KeyError, OSError) as error:
        print(f"eval.select: {error.args[0] if isinstance(error, KeyError) else error}", file=sys.stderr)
        return 2
    return 0


def _select(options: argparse.Namespace, folder: Path) -> None:
    try:
        with zipfile.ZipFile(options.candidates) as archive:
            archive.extractall(folder)
    except zipfile.BadZipFile as error:
        raise ValueError(f"{options.candidates}: {error}; delete it and start again") from error
    permutations = load_permutations(options.permutations) if options.permutations else None
    rows = choose(folder, options.rule, options.protocol, options.gallery, permutations)
    epoch = next(row["epoch"] for row in rows if row["chosen"])
    chosen = folder / f"{epoch:05d}"
    features = load(chosen / "features.npz")
    recipe = f"{features.recipe}, epoch {epoch} of {rows[-1]['epoch']}: {RULES[options.rule][1]}"
    save(options.out / "features.npz", replace(features, recipe=recipe))
    with write_whole(options.out / "weights.safetensors") as temporary:
        shutil.copyfile(chosen / "weights.safetensors", temporary)
    with (
        write_whole(options.out / "selection.csv") as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"epoch {epoch} of {rows[-1]['epoch']}, {RULES[options.rule][1]}")


if __name__ == "__main__":
    sys.exit(main())
