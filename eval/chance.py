"""Features without any information, the `chance` row of every table.

`python -m eval.chance --index images.csv --split 1 --seed 0 --dim 64 --out features.npz` writes Gaussian features for
the test images of one split, seeded by split and seed; they are scored like those of a trained model.
"""

import argparse
import csv
import sys
from pathlib import Path

import numpy as np

from eval.features import FeatureSet, save


def chance_features(index: Path, split: int, seed: int, dimensions: int) -> FeatureSet:
    """Seeded standard normal features (float32) of the rows whose column `split{split}` is "test"."""
    with index.open(newline="") as file:
        rows = list(csv.DictReader(file))
    column = f"split{split}"
    if not rows or column not in rows[0]:
        raise ValueError(f"{index}: no column {column!r}, found {list(rows[0]) if rows else 'no rows'}")
    chosen = [row for row in rows if row[column] == "test"]
    if not chosen:
        raise ValueError(f"{index}: no row of {column} is 'test'")
    generator = np.random.default_rng([seed, split])
    return FeatureSet(
        generator.standard_normal((len(chosen), dimensions), np.float32),
        np.array([int(row["identity"]) for row in chosen]),
        np.array([int(row["camera"]) for row in chosen]),
        np.array([row["modality"] for row in chosen]),
        np.array([row["path"] for row in chosen]),
        recipe="chance",
    )


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns 0, or 2 after one message."""
    parser = argparse.ArgumentParser(prog="python -m eval.chance", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--index", type=Path, required=True, help="images.csv of a dataset")
    parser.add_argument("--split", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--dim", type=int, required=True, help="numbers in a feature")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        save(options.out, chance_features(options.index, options.split, options.seed, options.dim))
    except (ValueError, OSError) as error:
        print(f"eval.chance: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
