"""What guessing scores: seeded random features for the test images of an index.

python -m eval.chance --index results/demo-sysu/images.csv --split 1 --seed 0 --dim 64 --out features.npz
"""

import argparse
import csv
from pathlib import Path

import numpy as np

from eval.features import FeatureSet, save


def random_features(index: Path, split: int, seed: int, dim: int) -> FeatureSet:
    """Standard normal features (N, dim) for the N images of images.csv that are tested in a split."""
    with index.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row[f"split{split}"] == "test"]
    return FeatureSet(
        features=np.random.default_rng([seed, split]).standard_normal((len(rows), dim)),
        identities=np.array([int(row["identity"]) for row in rows]),
        cameras=np.array([int(row["camera"]) for row in rows]),
        modalities=np.array([row["modality"] for row in rows]),
        names=np.array([row["path"] for row in rows]),
        source=f"chance (seed {seed})",
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m eval.chance", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--index", type=Path, required=True, metavar="images.csv")
    parser.add_argument("--split", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--dim", type=int, required=True, help="length of a feature")
    parser.add_argument("--out", type=Path, required=True, metavar="features.npz")
    arguments = parser.parse_args()
    save(arguments.out, random_features(arguments.index, arguments.split, arguments.seed, arguments.dim))


if __name__ == "__main__":
    main()
