"""The ImageNet weights, checked where the workflow was started: compute nodes need no network, and fail late.

python -m workflow.weights data/resnet50-19c8e357.pth --out results/imagenet_weights.sha256
"""

import argparse
import re
from pathlib import Path

from files import sha256, write_whole

SOURCE = "torchvision:resnet50-19c8e357.pth"


class WeightsError(Exception):
    """Weights that are not there or not what their name says."""


def check(path: Path) -> str:
    """The SHA-256 of a weights file, which must begin with the eight digits in its name (torchvision's convention)."""
    if not path.is_file():
        raise WeightsError(
            f"{path}: no ImageNet weights; put torchvision's resnet50-19c8e357.pth there ({SOURCE}), "
            "point `weights` of the configuration at it, or write +backbone.init=random into the run"
        )
    found = sha256(path)
    stated = re.search(r"-([0-9a-f]{8})\.pth$", path.name)
    if stated and not found.startswith(stated[1]):
        raise WeightsError(f"{path}: its checksum begins with {found[:8]}, expected {stated[1]}; copy the file anew")
    return found


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m workflow.weights", description=__doc__.split("\n", 1)[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        digest = check(options.weights)
        with write_whole(options.out) as temporary:
            temporary.write_text(f"{digest}  {options.weights.name}\n", encoding="utf-8")
    except (WeightsError, OSError) as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
