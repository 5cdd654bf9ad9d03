"""Show the methods and what a run is made of.

python -m methods --list                       every method and the networks that its paper names
python -m methods RUN --layout sysu_mm01       the resolved recipe: key, value, unit, source
python -m methods --pages                      each method's page, into docs/methods/
python -m methods --sizes                      parameters, features and arithmetic of every network, into docs/
python -m methods --costs                      time and memory of every method's training step, into docs/
"""

import argparse
import signal
import sys
from pathlib import Path

from tabulate import tabulate

from methods import pages, recipes

DATASETS = Path(__file__).parent.parent / "datasets"


def layouts() -> list[str]:
    """The dataset layouts, found by their files."""
    return sorted(path.stem for path in DATASETS.glob("*.py") if not path.stem.startswith("_"))


def listing() -> str:
    """A table of every network that a recipe names: label, run, paper."""
    rows = []
    for name in recipes.names():
        for label, variant in recipes.variants(name).items():
            rows.append((label, variant["run"], recipes.paper(name)))
    return tabulate(rows, headers=("network", "run", "paper"), disable_numparse=True)


def table(run: str, layout: str) -> str:
    """A resolved recipe as a table of key, value, unit and source."""
    recipe = recipes.resolve(run, layout)
    rows = [
        (key, recipes.text_of(value), recipe.entries[key].get("unit", ""), recipe.entries[key]["source"])
        for key, value in recipe.items()
    ]
    return tabulate(rows, headers=("key", "value", "unit", "source"), disable_numparse=True)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m methods", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("run", nargs="?", help="method[@budget][+key=value...]")
    what.add_argument("--list", action="store_true", help="every network that a recipe names")
    what.add_argument("--pages", action="store_true", help="write each method's page, into docs/methods/")
    what.add_argument("--sizes", action="store_true", help="count every network at its paper recipe, into docs/")
    what.add_argument("--costs", action="store_true", help="time every network at its paper recipe, into docs/")
    parser.add_argument("--layout", choices=layouts(), help="how the dataset's folder is built, a file of datasets/")
    options = parser.parse_args(arguments)
    if options.list:
        print(listing())
    elif options.pages:
        pages.write_pages()
    elif options.sizes or options.costs:
        from methods import costs  # imports torch, which the tables above do without

        costs.write_sizes() if options.sizes else costs.write_times()
    elif options.layout is None:
        parser.error(
            f"--layout is missing: a recipe differs by dataset, so say for which, as in {options.run} --layout regdb"
        )
    else:
        try:
            print(table(options.run, options.layout))
        except recipes.RecipeError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` ends it quietly
    sys.exit(main(sys.argv[1:]))
