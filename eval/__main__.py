"""Score a file of features: `python -m eval FEATURES --protocol PROTOCOL --out SCORES.csv`."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from eval.features import load
from eval.galleries import FAMILIES, load_permutations
from eval.protocols import PROTOCOLS
from eval.rerank import KReciprocal
from eval.score import Scores, chain, score

_EPILOG = f"""protocols:
  {chr(10).join("  " + name for name in PROTOCOLS).strip()}

FEATURES holds features (N x D), identities, cameras, modalities (visible, infrared) and names; every query and pool
image once. See docs/score-your-own-features.md.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m eval",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "features",
        type=Path,
        nargs="+",
        metavar="FEATURES",
        help="a .npz, .safetensors or .parquet file; several are repeats (corrupted anew) whose trials are numbered on",
    )
    parser.add_argument(
        "--protocol", nargs="+", action="extend", required=True, metavar="P", help="one or several, see below"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="SCORES.csv", help="one row per trial and metric")
    parser.add_argument("--cmc", type=Path, metavar="CMC.csv", help="also write the CMC curves, ranks 1 to 20")
    parser.add_argument("--gallery", choices=FAMILIES, default="seeded", help="family of gallery draws (seeded)")
    parser.add_argument("--permutations", type=Path, metavar="FILE", help="rand_perm_cam.mat, for --gallery official")
    parser.add_argument("--trials", type=int, default=10, metavar="N", help="gallery draws (10)")
    parser.add_argument("--cmc-level", choices=("identity", "image"), help="instead of the protocol's own")
    parser.add_argument("--distance", choices=("cosine", "euclidean"), help="instead of the protocol's own")
    parser.add_argument(
        "--k-reciprocal",
        nargs=3,
        metavar=("K1", "K2", "LAMBDA"),
        help="re-rank; the paper has 20 6 0.3. Off by default, labelled in every row",
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns 0, or 2 after one clear message."""
    if not (sys.argv[1:] if arguments is None else arguments):
        _parser().print_help()
        return 0
    options = _parser().parse_args(arguments)
    if options.cmc and options.cmc.resolve() == options.out.resolve():
        _parser().error("--cmc and --out name one file")
    try:
        scores = _score(options)
        scores.write(options.out, options.cmc)
    except (ValueError, KeyError, OSError, ImportError) as error:
        print(f"eval: {error.args[0] if isinstance(error, KeyError) else error}", file=sys.stderr)
        return 2
    for (name, gallery, metric), value in scores.mean().items():
        print(f"{name:35} {gallery:9} {metric:8} {value:7.2f}")
    return 0


def _score(options: argparse.Namespace) -> Scores:
    changes = {"cmc_level": options.cmc_level, "distance": options.distance}
    changes = {name: value for name, value in changes.items() if value}
    unknown = [name for name in options.protocol if name not in PROTOCOLS]
    if unknown:
        raise ValueError(f"unknown protocols {unknown}; known: {', '.join(PROTOCOLS)}")
    protocols = [replace(PROTOCOLS[name], **changes) for name in options.protocol]
    permutations = load_permutations(options.permutations) if options.permutations else None
    rerank = None
    if options.k_reciprocal:
        rerank = _re_ranking(*options.k_reciprocal)
    repeats = [
        score(load(f), protocols, options.gallery, permutations, options.trials, rerank) for f in options.features
    ]
    return chain(repeats)


def _re_ranking(k1: str, k2: str, weight: str) -> KReciprocal:
    try:
        numbers = int(k1), int(k2), float(weight)
    except ValueError as error:
        raise ValueError(f"--k-reciprocal {k1} {k2} {weight}: {error}; two whole numbers and a fraction") from error
    return KReciprocal(*numbers)


if __name__ == "__main__":
    sys.exit(main())
