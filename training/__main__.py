r"""Train one run, embed its test images again, or map what it attends to in a few of them.

python -m training train --run maum@demo --dataset demo-sysu --layout sysu_mm01 --setting full --split 1 --seed 0 \
    --index results/demo-sysu/images.csv --pixels results/demo-sysu/images_96x48_lanczos.npy \
    --subset results/demo-sysu/full/split1_seed0.csv --weights data/resnet50-19c8e357.pth --out FOLDER
"""

import argparse
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from methods.recipes import RecipeError


def main() -> None:
    arguments = _parser().parse_args()
    from training.device import DeviceError
    from training.job import Finished, Job
    from training.loop import Diverged
    from training.memory import OutOfMemory
    from training.run import RunError, attend, carry_out, embed_again
    from training.sampler import SamplerError

    try:
        if arguments.command == "train":
            carry_out(Job(**_values(Job, arguments)), arguments.checkpoint_seconds)
        elif arguments.command == "attend":
            attend(Finished(**_values(Finished, arguments)), arguments.pixels, arguments.maps)
        else:
            copies = dict(zip(arguments.copies, arguments.features, strict=True))
            embed_again(Finished(**_values(Finished, arguments)), copies)
    except (RecipeError, DeviceError, Diverged, OutOfMemory, RunError, SamplerError, OSError, ValueError) as error:
        sys.exit(f"error: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train a run and embed its test images")
    train.add_argument("--dataset", required=True, help="its name in config/datasets.yaml")
    train.add_argument("--setting", required=True, help="its imbalance setting")
    train.add_argument("--seed", type=int, required=True)
    train.add_argument("--weights", type=Path, required=True, help="ImageNet weights of ResNet-50, if wanted")
    train.add_argument("--checkpoint-seconds", type=float, default=60, help="least time between two checkpoints")
    again = commands.add_parser("embed", help="embed a finished run's test images from other packed pixels")
    again.add_argument("--copies", type=Path, nargs="+", required=True, help="packed images to embed, .npy")
    again.add_argument("--features", type=Path, nargs="+", required=True, help="features.npz to write, one a copy")
    attend = commands.add_parser("attend", help="map what a finished run attends to in a few test images")
    attend.add_argument("--maps", type=Path, required=True, help="attention.npz to write")
    for command in (train, attend):
        command.add_argument("--pixels", type=Path, required=True, help="packed images, .npy")
    for command in (train, again, attend):
        command.add_argument("--run", required=True, help="method[@budget][+key=value...]")
        command.add_argument("--layout", required=True, help="its on-disk layout, a file of datasets/")
        command.add_argument("--split", type=int, required=True)
        command.add_argument("--index", type=Path, required=True, help="images.csv")
        command.add_argument("--subset", type=Path, required=True, help="training rows that the setting kept")
        command.add_argument("--out", type=Path, required=True, help="the run's folder")
    return parser


def _values(kind: type, arguments: argparse.Namespace) -> dict[str, Any]:
    """The fields of a dataclass from the options of the same names."""
    return {field.name: getattr(arguments, field.name) for field in fields(kind)}


if __name__ == "__main__":
    main()
