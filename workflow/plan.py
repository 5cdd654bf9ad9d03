"""From configuration to runs: experiments read, checked and expanded, without torch and without a dataset.

`python -m workflow.plan EXPERIMENT --config JSON` prints the description that the report reads.
"""

import argparse
import csv
import functools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import jsonschema
import yaml

import datasets
from datasets import settings
from files import write_whole
from methods import recipes
from methods.recipes import Recipe, RecipeError, nearest

ROOT = Path(__file__).parent.parent
EXPERIMENTS = ROOT / "config" / "experiments"
SCHEMAS = ROOT / "workflow" / "schemas"
PUBLISHED = ROOT / "reports" / "published" / "results.csv"
SEEDS = [0, 1, 2]
CHANCE = "chance"


class PlanError(Exception):
    """A configuration that cannot be planned; the message names file, key, what was found and the nearest valid."""


@dataclass(frozen=True)
class Cell:
    """One training: what determines it, and its folder."""

    dataset: str
    setting: str
    run: str
    split: int
    seed: int

    @property
    def folder(self) -> str:
        return f"results/{self.dataset}/{self.setting}/{self.run}/split{self.split}_seed{self.seed}"


@dataclass(frozen=True)
class Row:
    """A line of an experiment's table with the trainings behind it."""

    label: str
    dataset: str | None
    setting: str
    run: str
    cells: tuple[Cell, ...]
    published: dict | None
    reference: bool = False


def experiment_names() -> list[str]:
    """The experiments that have a file, sorted."""
    return sorted(path.stem for path in EXPERIMENTS.glob("*.yaml"))


def paper_experiments() -> list[str]:
    """The experiments that belong to a paper."""
    return [name for name in experiment_names() if "paper" in read_experiment(name)]


@functools.cache
def read_experiment(name: str) -> dict:
    """An experiment's file, checked against its schema.

    Raises:
        PlanError: if there is no such experiment, its file is no YAML, or a key is wrong.
    """
    path = EXPERIMENTS / f"{name}.yaml"
    if not path.is_file():
        raise PlanError(f"no experiment {name!r} in {EXPERIMENTS}{nearest(name, experiment_names())}")
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise PlanError(f"{path.relative_to(ROOT)}: cannot be read as YAML ({error})") from error
    check(found, "experiment", str(path.relative_to(ROOT)))
    return found


def check(found: object, schema: str, where: str) -> None:
    """Hold a configuration to `workflow/schemas/<schema>.schema.yaml`.

    Raises:
        PlanError: naming the file, the key and, for an unknown key, the nearest valid one.
    """
    error = jsonschema.exceptions.best_match(_validator(schema).iter_errors(found))
    if error is None:
        return
    place = ".".join(str(step) for step in error.absolute_path) or "top level"
    remedy = ""
    if error.validator == "additionalProperties":
        valid = list(error.schema["properties"])
        unknown = next(key for key in error.instance if key not in valid)
        remedy = nearest(str(unknown), valid)
    raise PlanError(f"{where}, {place}: {error.message}{remedy}")


def check_galleries(config: dict) -> None:
    """Refuse the official galleries without the authors' lists, which are read only when trainings are over.

    Raises:
        PlanError: naming the key, the file that was found missing, and where it comes from.
    """
    found = config.get("permutations")
    if config.get("gallery") == "official" and not Path(found or "").is_file():
        raise PlanError(
            f"configuration, permutations: found {found!r}, which is no file; gallery: official needs "
            "rand_perm_cam.mat of the SYSU-MM01 evaluation code (github.com/wuancong/SYSU-MM01, evaluation/data_split)"
        )


@functools.cache
def _validator(schema: str) -> jsonschema.Draft202012Validator:
    rules = yaml.safe_load((SCHEMAS / f"{schema}.schema.yaml").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(rules)


def layout_of(config: dict, dataset: str) -> ModuleType:
    """The layout module of a configured dataset.

    Raises:
        PlanError: for a dataset that the configuration does not have.
    """
    if dataset not in config["datasets"]:
        raise PlanError(
            f"unknown dataset {dataset!r}{nearest(dataset, config['datasets'])}; add it to config/datasets.yaml"
        )
    try:
        return datasets.layout(config["datasets"][dataset]["layout"])
    except datasets.DatasetError as error:
        raise PlanError(f"config/datasets.yaml, {dataset}: {error}") from None


def check_path(config: dict, dataset: str, setting: str, split: str) -> None:
    """Refuse a setting or a split that does not exist, in a result path that somebody wrote by hand.

    Raises:
        PlanError: for an unknown dataset or split.
        DatasetError: for an unknown setting, with the nearest.
    """
    splits = layout_of(config, dataset).SPLITS
    settings.parse(setting)
    if split not in map(str, range(1, splits + 1)):
        raise PlanError(f"split {split} of {dataset}, expected 1 to {splits}")


@functools.cache
def resolve(run: str, layout: str) -> Recipe:
    """A run's recipe on a layout, resolved once."""
    return recipes.resolve(run, layout)


def rows(name: str, config: dict) -> list[Row]:
    """The lines of an experiment with their trainings, references (`chance`, `untrained`) first.

    Raises:
        PlanError: naming the experiment and what is wrong with it.
    """
    experiment = read_experiment(name)
    where = f"config/experiments/{name}.yaml"
    try:
        names = list(dict.fromkeys(column["dataset"] for column in experiment["columns"]))
        _check_paper(experiment)
        _check_baseline(experiment)
        for column in experiment["columns"]:
            _check_protocol(column, protocols(config, column["dataset"]))
        return _references(experiment, names, config) + [
            _row(experiment, row, names, config) for row in experiment["rows"]
        ]
    except (PlanError, RecipeError, datasets.DatasetError) as error:
        raise PlanError(f"{where}: {error}") from None


def protocols(config: dict, dataset: str) -> list[str]:
    """The protocols that a dataset is scored under: those of its configuration, or all of its layout.

    Raises:
        PlanError: for a protocol that the layout does not have.
    """
    offered = layout_of(config, dataset).PROTOCOLS
    chosen = config["datasets"][dataset].get("protocols", offered)
    for protocol in chosen:
        if protocol not in offered:
            raise PlanError(f"config/datasets.yaml, {dataset}: protocol {protocol!r}{nearest(protocol, offered)}")
    return list(chosen)


def _check_paper(experiment: dict) -> None:
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        papers = sorted({line["paper"] for line in csv.DictReader(file)})
    found = experiment.get("paper")
    if found is not None and found not in papers:
        raise PlanError(f"paper {found!r} has no line in reports/published/results.csv{nearest(found, papers)}")


def _check_baseline(experiment: dict) -> None:
    labels, baseline = [row["label"] for row in experiment["rows"]], experiment.get("baseline")
    if baseline is not None and baseline not in labels:
        raise PlanError(f"baseline {baseline!r} is the label of no row{nearest(baseline, labels)}")


def _check_protocol(column: dict, valid: list[str]) -> None:
    found = column["protocol"]
    if found not in valid:
        raise PlanError(f"protocol {found!r} is not one of {column['dataset']}{nearest(found, valid)}")


def _row(experiment: dict, row: dict, names: list[str], config: dict) -> Row:
    setting = row.get("setting", "full")
    settings.parse(setting)
    if row.get("dataset") not in (None, *names):
        raise PlanError(
            f"row {row['label']!r}: dataset {row['dataset']!r} has no column{nearest(row['dataset'], names)}"
        )
    targets = [row["dataset"]] if "dataset" in row else names
    run = with_budget(row["run"], experiment)
    cells = [cell for dataset in targets for cell in _cells(experiment, dataset, setting, run, config)]
    published = None
    if "paper" in experiment and row.get("published", {}) is not None:
        defaults = {
            "paper": experiment["paper"],
            "source": experiment["source"],
            "row_method": row["label"],
            "setting": "balanced",
        }
        published = defaults | row.get("published", {})
    return Row(row["label"], row.get("dataset"), setting, run, tuple(cells), published)


def _references(experiment: dict, names: list[str], config: dict) -> list[Row]:
    first = experiment["rows"][0]["run"]
    baseline = next((row["run"] for row in experiment["rows"] if row["label"] == experiment.get("baseline")), first)
    network = experiment.get("untrained", baseline).split("+")
    kept = [part for part in network if not part.startswith(("schedule.", "selection."))]
    untrained = "+".join([*kept, "schedule.epochs=0"])
    untrained = with_budget(untrained, experiment)
    found = []
    for label, run in ((CHANCE, CHANCE), ("untrained", untrained)):
        cells = [cell for dataset in names for cell in _cells(experiment, dataset, "full", run, config)]
        found.append(Row(label, None, "full", run, tuple(cells), None, reference=True))
    return found


def with_budget(run: str, experiment: dict) -> str:
    """An experiment's run with the experiment's budget written into it."""
    budget = experiment.get("budget", recipes.PUBLISHED)
    method, plus, overrides = run.partition("+")
    return run if budget == recipes.PUBLISHED else f"{method}@{budget}{plus}{overrides}"


def _cells(experiment: dict, dataset: str, setting: str, run: str, config: dict) -> list[Cell]:
    layout = layout_of(config, dataset)
    name = config["datasets"][dataset]["layout"]
    if run != CHANCE:
        run = recipes.canonical(run, name)
        _check_selection(run, dataset, config)
    splits = min(experiment.get("splits", layout.SPLITS), layout.SPLITS)
    seeds = experiment.get("seeds", SEEDS)
    return [Cell(dataset, setting, run, split, seed) for split in range(1, splits + 1) for seed in seeds]


def _check_selection(run: str, dataset: str, config: dict) -> None:
    """Refuse a choice on validation identities where none are kept apart from the training and the test ones."""
    found = config["datasets"][dataset]
    rule, holdout = resolve(run, found["layout"])["selection.rule"], found.get("holdout", "test")
    if rule == "best-validation" and holdout != "both":
        raise PlanError(
            f"run {run!r}: selection.rule=best-validation needs validation identities, but dataset {dataset!r} has "
            f"holdout: {holdout}; give it `holdout: both` in config/datasets.yaml (SYSU-MM01's layout has them)"
        )


def describe(name: str, config: dict) -> dict:
    """The description of an experiment that the report reads (schema: eval/report/experiment.py)."""
    experiment, found = read_experiment(name), rows(name, config)
    cells = [cell for row in found for cell in row.cells]
    names = list(dict.fromkeys(column["dataset"] for column in experiment["columns"]))
    return {
        "name": name,
        "title": experiment["title"],
        "paper": experiment.get("paper"),
        "source": experiment.get("source"),
        "note": experiment.get("note", ""),
        "budget": experiment.get("budget", "as published"),
        "baseline": experiment.get("baseline"),
        "columns": experiment["columns"],
        "rows": [
            {
                "label": row.label,
                "dataset": row.dataset,
                "setting": row.setting,
                "run": row.run,
                "reference": row.reference,
                "published": row.published,
                "runs": [vars(cell) | {"folder": cell.folder} for cell in row.cells],
            }
            for row in found
        ],
        "ranking": experiment.get("ranking"),
        "skipped": experiment.get("skipped", []),
        "figures": experiment.get("figures", []),
        "datasets": {dataset: describe_dataset(dataset, config, cells) for dataset in names},
        "provenance": {"configuration": {key: config[key] for key in config if key != "datasets"}},
    }


def describe_dataset(dataset: str, config: dict, cells: Iterable[Cell]) -> dict:
    """Where the images of a dataset lie that these trainings, among others, use."""
    layout = config["datasets"][dataset]["layout"]
    run = next(cell.run for cell in cells if cell.dataset == dataset and cell.run != CHANCE)
    real = "render" not in config["datasets"][dataset]
    return {
        "index": f"results/{dataset}/images.csv",
        "contact_sheet": None if real else f"results/{dataset}/contact_sheet.png",
        "arrays": pixels(dataset, resolve(run, layout)),
        "real": real,
    }


def pixels(dataset: str, recipe: Recipe) -> str:
    """The packed array that a recipe trains on."""
    return f"results/{dataset}/images_{recipe['image.height']}x{recipe['image.width']}_{recipe['image.filter']}.npy"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m workflow.plan", description="Describe an experiment as JSON.")
    parser.add_argument("experiment")
    parser.add_argument("--config", type=json.loads, required=True, help="the workflow's configuration as JSON")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        check(arguments.config, "config", "--config")
        description = describe(arguments.experiment, arguments.config)
        with write_whole(arguments.out) as temporary:
            temporary.write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
    except (PlanError, OSError) as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
