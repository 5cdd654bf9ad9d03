"""Which kinds of corruption cost how much: matches of corrupted galleries, grouped by what their image drew.

`python -m eval.robustness features_repeat0.npz … --clean features.npz --modality visible --seed 0 --protocol P --out F`

Each corrupted image has a kind and a severity that its name, the seed and the repeat decide (`eval.corruptions`). A
match is a query and a gallery image of its identity; `right` says how many stand before every image of another person,
which is rank-1 if the match were the only one in the gallery. It is counted for the corrupted side's image, all other
gallery images being corrupted as drawn. Repeat r has gallery draw r; the clean images, kind `none`, have every draw.
"""

import argparse
import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from eval import corruptions, galleries
from eval.corruption_kinds import KINDS
from eval.features import MODALITIES, FeatureSet, load
from eval.protocol import Protocol
from eval.protocols import PROTOCOLS
from files import write_whole

COLUMNS = ("protocol", "kind", "severity", "matches", "right")
CLEAN = ("none", 0)


def matches(
    data: FeatureSet, rules: Protocol, queries: np.ndarray, gallery: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every match of one draw: row of the query, row of the gallery image, and whether it precedes all others' images.

    An image of another person at the same distance counts as preceding.
    """
    vectors = data.features.astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    similarity = vectors[queries] @ vectors[gallery].T  # (Q, G)
    identities, cameras = data.identities[gallery], data.cameras[gallery]
    skipped = np.array([rules.skipped(data.identities[q], data.cameras[q], identities, cameras) for q in queries])
    same = data.identities[queries][:, None] == identities[None]
    rival = np.where(same | skipped, -np.inf, similarity).max(axis=1)  # (Q,)
    i, j = np.nonzero(same & ~skipped)
    return queries[i], gallery[j], similarity[i, j] > rival[i]


def table(
    repeats: list[FeatureSet], clean: FeatureSet, rules: Protocol, modality: str, seed: int
) -> Iterator[tuple[str, int, int, int]]:
    """(kind, severity, matches, right), the clean images first, then kinds in their order."""
    counts: dict[tuple[str, int], list[int]] = {CLEAN: [0, 0]}
    counts |= {(kind.__name__, severity): [0, 0] for kind in KINDS for severity in corruptions.SEVERITIES}
    draws = galleries.draws(rules, clean, "seeded", len(repeats), None)
    for queries, gallery in draws:
        right = matches(clean, rules, queries, gallery)[2]
        counts[CLEAN][0] += len(right)
        counts[CLEAN][1] += int(right.sum())
    for repeat, data in enumerate(repeats):
        drawn = [corruptions.draw(name, seed, repeat)[:2] for name in data.names]
        queries, gallery = draws[repeat % len(draws)]
        of_query, of_gallery, right = matches(data, rules, queries, gallery)
        corrupted = of_query if rules.query_modality == modality else of_gallery
        for row, good in zip(corrupted, right, strict=True):
            entry = counts[drawn[row][0].__name__, drawn[row][1]]
            entry[0] += 1
            entry[1] += int(good)
    for (kind, severity), (found, good) in counts.items():
        yield kind, severity, found, good


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns 0, or 2 after one message."""
    parser = argparse.ArgumentParser(prog="python -m eval.robustness", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("features", type=Path, nargs="+", help="of the corrupted repeats, in their order from 0")
    parser.add_argument("--clean", type=Path, required=True, help="features of the images as they are")
    parser.add_argument("--modality", choices=MODALITIES, required=True, help="the corrupted one")
    parser.add_argument("--seed", type=int, required=True, help="with which the images were corrupted")
    parser.add_argument("--protocol", nargs="+", choices=list(PROTOCOLS), required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        _write(options)
    except (ValueError, OSError) as error:
        print(f"eval.robustness: {error}", file=sys.stderr)
        return 2
    return 0


def _write(options: argparse.Namespace) -> None:
    repeats, clean = [load(path) for path in options.features], load(options.clean)
    for path, data in zip(options.features, repeats, strict=True):
        if not np.array_equal(data.names, clean.names):
            raise ValueError(f"{path}: other images than in {options.clean}; embed both from one index")
    with write_whole(options.out) as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for name in options.protocol:
            PROTOCOLS[name].check(clean)
            rows = table(repeats, clean, PROTOCOLS[name], options.modality, options.seed)
            writer.writerows((name, *row) for row in rows)


if __name__ == "__main__":
    sys.exit(main())
