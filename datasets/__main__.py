"""From a dataset's folder to training rows; the workflow calls the same commands.

python -m datasets check sysu-mm01 --jobs 8
python -m datasets index --layout regdb --root data/RegDB --holdout test --out images.csv
"""

import argparse
import sys
from pathlib import Path

from datasets import DatasetError, layout


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns 0, or 1 after printing what is wrong with the data."""
    args = _parser().parse_args(arguments)
    try:
        args.run(args)
    except DatasetError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m datasets", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    render = commands.add_parser("render", help="render people into the layout of a real dataset")
    render.set_defaults(run=_render)
    render.add_argument("--layout", required=True)
    render.add_argument("--out", type=Path, required=True, help="folder to write; <folder>.json describes it")
    render.add_argument("--seed", type=int, required=True)
    render.add_argument("--official-counts", action="store_true", help="SYSU-MM01's own identities and counts")
    for name in ("train-identities", "test-identities", "images-per-camera"):
        render.add_argument(f"--{name}", type=int)
    for name, kind in (("height", int), ("width", int), *((knob, float) for knob in DIFFICULTIES)):
        render.add_argument(f"--{name.replace('_', '-')}", type=kind)

    index = commands.add_parser("index", help="list and check the images of a dataset's folder")
    index.set_defaults(run=_index)
    index.add_argument("--layout", required=True)
    index.add_argument("--root", type=Path, required=True)
    index.add_argument("--holdout", required=True, help="test, or validation or both where the layout has them")
    index.add_argument("--expect", help="expected counts: JSON text, a JSON file, or null")
    index.add_argument("--out", type=Path, required=True, help="CSV")

    pack = commands.add_parser("pack", help="resize the images of an index into one array")
    pack.set_defaults(run=_pack)
    pack.add_argument("--index", type=Path, required=True)
    pack.add_argument("--root", type=Path, required=True)
    pack.add_argument("--size", type=_size, required=True, help="HEIGHTxWIDTH, for example 288x144")
    pack.add_argument("--filter", default="lanczos", help="lanczos (as the field's base code), bicubic or bilinear")
    pack.add_argument("--out", type=Path, required=True, help="NPY")

    subset = commands.add_parser("subset", help="choose the training images of an imbalance setting")
    subset.set_defaults(run=_subset)
    subset.add_argument("--index", type=Path, required=True)
    subset.add_argument("--setting", required=True, help="full, or KIND=NUMBER with a kind of datasets/settings/")
    subset.add_argument("--split", type=int, required=True)
    subset.add_argument("--seed", type=int, required=True)
    subset.add_argument("--out", type=Path, required=True, help="CSV")

    sheet = commands.add_parser("contact-sheet", help="draw identities x cameras")
    sheet.set_defaults(run=_contact_sheet)
    sheet.add_argument("--index", type=Path, required=True)
    sheet.add_argument("--root", type=Path, required=True)
    sheet.add_argument("--out", type=Path, required=True, help="PNG")

    check = commands.add_parser("check", help="check the folder of a dataset named in the configuration")
    check.set_defaults(run=_check)
    check.add_argument("name", help="such as sysu-mm01")
    check.add_argument("--config", type=Path, default=Path("config/datasets.yaml"), help="config/datasets.yaml")

    for command in (render, index, pack, check):
        command.add_argument("--jobs", type=int, default=1, help="processes; the result does not depend on it")
    return parser


DIFFICULTIES = ("colour_leak", "infrared_noise", "pose_spread", "identity_similarity")


def _size(text: str) -> tuple[int, int]:
    height, _, width = text.partition("x")
    if not (height.isdecimal() and width.isdecimal()):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected HEIGHTxWIDTH such as 288x144")
    return int(height), int(width)


def _render(args: argparse.Namespace) -> None:
    import importlib

    from datasets.synthetic.knobs import Knobs
    from datasets.synthetic.plan import Size
    from datasets.synthetic.write import write_dataset

    layout(args.layout)
    planner = importlib.import_module(f"datasets.synthetic.plan_{args.layout}")
    given = {name: getattr(args, name) for name in ("height", "width", *DIFFICULTIES)}
    knobs = Knobs(args.seed, **{name: value for name, value in given.items() if value is not None})
    sizes = {name: getattr(args, name) for name in ("train_identities", "test_identities", "images_per_camera")}
    if args.official_counts:
        if args.layout != "sysu_mm01" or any(value is not None for value in sizes.values()):
            raise DatasetError(
                "--official-counts goes with --layout sysu_mm01 and without identities or images per camera"
            )
        plan, about = planner.make_official_plan(args.seed), {"layout": args.layout, "official_counts": True}
    else:
        for name, value in sizes.items():
            least = 2 if name == "train_identities" else 1
            if value is None or value < least:
                raise DatasetError(f"--{name.replace('_', '-')}: found {value}, expected a number of at least {least}")
        plan, about = planner.make_plan(Size(**sizes), args.seed), {"layout": args.layout, **sizes}
    description = write_dataset(plan, knobs, about, args.out, args.jobs)
    print(f"wrote {args.out}: {len(plan.shots)} images; {description}")


def _index(args: argparse.Namespace) -> None:
    from datasets.preparation.expect import load_expectation
    from datasets.preparation.index import make_index
    from datasets.preparation.rows import write_index

    expect = load_expectation(args.expect)
    rows = make_index(args.layout, args.root, args.holdout, expect, args.jobs)
    write_index(rows, args.out)
    _tell(rows)
    print(f"wrote {args.out}: {len(rows)} images")


def _tell(rows: list) -> None:
    from datasets.preparation.expect import count

    for split, sides in enumerate(count(rows), start=1):
        for side, found in sides.items():
            if found["images"]:
                print(f"split {split} {side}: " + ", ".join(f"{number} {name}" for name, number in found.items()))
    print(f"stored without colour: {sum(row.greyscale for row in rows)} images (converted to RGB)")


def _pack(args: argparse.Namespace) -> None:
    from datasets.preparation.pack import pack
    from datasets.preparation.rows import read_index

    rows = read_index(args.index)
    pack(rows, args.root, args.size, args.filter, args.out, args.jobs)
    print(f"wrote {args.out}: uint8 [{len(rows)}, 3, {args.size[0]}, {args.size[1]}], filter {args.filter}")


def _subset(args: argparse.Namespace) -> None:
    from datasets.preparation.rows import read_index
    from datasets.preparation.subset import write_subset
    from datasets.settings import keep, parse

    setting = parse(args.setting)
    rows = read_index(args.index)
    kept = keep(rows, setting, args.split, args.seed)
    write_subset(rows, kept, args.split, args.out)
    infrared = sum(rows[i].modality == "infrared" for i in kept)
    print(f"wrote {args.out}: {len(kept) - infrared} visible and {infrared} infrared images")


def _contact_sheet(args: argparse.Namespace) -> None:
    from datasets.preparation.contact_sheet import contact_sheet
    from datasets.preparation.rows import read_index

    contact_sheet(read_index(args.index), args.root, args.out)
    print(f"wrote {args.out}")


def _check(args: argparse.Namespace) -> None:
    import json

    from datasets.preparation.config import read_entry
    from datasets.preparation.expect import load_expectation
    from datasets.preparation.index import make_index

    entry = read_entry(args.config, args.name)
    expect = load_expectation(json.dumps(entry["expect"]))
    rows = make_index(entry["layout"], entry["root"], entry["holdout"], expect, args.jobs)
    _tell(rows)
    print(f"{args.name}: {entry['root']} is as expected" if expect else f"{args.name}: {entry['root']} is readable")


if __name__ == "__main__":
    sys.exit(main())
