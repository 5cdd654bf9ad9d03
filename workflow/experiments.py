"""Which experiments there are, and what each takes.

python -m workflow.experiments                          all
python -m workflow.experiments --dataset sysu-mm01      those that need no other dataset
"""

import argparse
import signal
import sys
from pathlib import Path

import yaml
from tabulate import tabulate

from workflow import plan

CONFIGURATION = (Path("config/datasets.yaml"), Path("config/demo.yaml"))


def lines(config: dict, dataset: str | None = None) -> list[tuple[str, int, str, str]]:
    """Name, trainings, datasets and title of every experiment.

    Raises:
        PlanError: for a dataset that the configuration does not have, or an experiment that cannot be planned.
    """
    if dataset is not None:
        plan.layout_of(config, dataset)
    found = []
    for name in plan.experiment_names():
        experiment = plan.read_experiment(name)
        needed = list(dict.fromkeys(column["dataset"] for column in experiment["columns"]))
        if dataset is None or needed == [dataset]:
            cells = {cell for row in plan.rows(name, config) if not row.reference for cell in row.cells}
            found.append((name, len(cells), ", ".join(needed), experiment["title"]))
    return found


def configuration() -> dict:
    """What a plain `snakemake` reads.

    Raises:
        PlanError: for a file that is not there or no YAML, and for what the schema refuses.
    """
    found: dict = {}
    for path in CONFIGURATION:
        try:
            found |= yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, TypeError, yaml.YAMLError) as error:
            raise plan.PlanError(f"{path}: cannot be read as YAML with keys ({error})") from None
    plan.check(found, "config", "configuration")
    return found


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 1 after one message if the configuration is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m workflow.experiments",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--dataset", help="only experiments that need this dataset and no other")
    options = parser.parse_args(arguments)
    try:
        table = lines(configuration(), options.dataset)
    except plan.PlanError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(tabulate(table, headers=("experiment", "trainings", "datasets", "title")))
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` ends it quietly
    sys.exit(main())
