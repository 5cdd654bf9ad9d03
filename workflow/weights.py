"""The ImageNet weights, checked where the workflow was started: compute nodes need no network, and fail late.

python -m workflow.weights data/resnet50-19c8e357.pth --fetch
python -m workflow.weights data/resnet50-19c8e357.pth --out results/imagenet_weights.sha256
"""

import argparse
import re
from pathlib import Path
from urllib.request import urlretrieve

from files import sha256, write_whole

STATED = re.compile(r"-([0-9a-f]{8})\.pth$")  # torchvision's convention: the checksum's first digits


class WeightsError(Exception):
    """Weights that are not there or not what their name says."""


def check(path: Path) -> str:
    """The SHA-256 of a weights file, which must begin with the eight digits in its name."""
    if not path.is_file():
        raise WeightsError(
            f"{path}: no ImageNet weights; fetch them (python -m workflow.weights {path} --fetch), point `weights` of "
            "the configuration at torchvision's resnet50-19c8e357.pth, or write +backbone.init=random into the run"
        )
    return _verified(path, path)


def _verified(file: Path, path: Path) -> str:
    """The SHA-256 of a file that is, or is to be, `path`."""
    found, stated = sha256(file), STATED.search(path.name)
    if stated and not found.startswith(stated[1]):
        raise WeightsError(f"{path}: its checksum begins with {found[:8]}, expected {stated[1]}; copy the file anew")
    return found


def fetch(path: Path) -> None:
    """Download the file of this name from where torchvision has its weights; a wrong checksum leaves nothing behind."""
    from torchvision.models import ResNet50_Weights

    folder = ResNet50_Weights.IMAGENET1K_V1.url.rpartition("/")[0]
    with write_whole(path) as temporary:
        urlretrieve(f"{folder}/{path.name}", temporary)
        _verified(temporary, path)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m workflow.weights", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("weights", type=Path)
    parser.add_argument("--fetch", action="store_true", help="download them first, if they are not there")
    parser.add_argument("--out", type=Path, help="file for the checksum")
    options = parser.parse_args(arguments)
    try:
        if options.fetch and not options.weights.exists():
            fetch(options.weights)
        digest = check(options.weights)
        if options.out:
            with write_whole(options.out) as temporary:
                temporary.write_text(f"{digest}  {options.weights.name}\n", encoding="utf-8")
    except (WeightsError, OSError) as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
