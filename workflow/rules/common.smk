"""What several rules ask of the plan."""

import functools
import json
import sys

from eval.report import kinds
from eval.report.experiment import figure_name, shown_label
from workflow import checksums, digests, plan

TABLES = ("html", "md", "csv", "tex")

# Least time between two checkpoints of a training; no part of what determines a result.
CHECKPOINT_SECONDS = config.get("checkpoint_seconds", 60)

# How often each gallery is corrupted anew (MUN, Table 5).
REPEATS = 10


wildcard_constraints:
    dataset="[a-z][a-z0-9-]*",
    setting="full|[a-z_]+=[0-9]+",
    run="[a-z][a-z0-9_]*[^/]*",
    split="[0-9]+",
    seed="[0-9]+",
    experiment="[a-z0-9_]+",


def report_files(name):
    """What an experiment's folder must hold; a page alone would hide that a table is gone."""
    files = ("index.html", "results.csv", *(f"tables.{kind}" for kind in TABLES))
    return [f"reports/{name}/{file}" for file in files]


@functools.cache
def experiment_cells(name):
    """Every training of an experiment once."""
    return list(
        dict.fromkeys(cell for row in plan.rows(name, config) for cell in row.cells)
    )


def experiments():
    """The experiments of `rule all`; ends with one message if they or the configuration cannot be planned."""
    try:
        plan.check(config, "config", "configuration")
        plan.check_galleries(config)
        found = config["experiments"]
        found = plan.paper_experiments() if found == "papers" else found
        for name in found:
            experiment_cells(name)
    except plan.PlanError as error:
        sys.exit(f"error: {error}")
    return found


EXPERIMENTS = experiments()


def dataset_of(wildcards):
    """The configuration of a dataset."""
    plan.layout_of(config, wildcards.dataset)
    return config["datasets"][wildcards.dataset]


def index_of(wildcards):
    """The index of a dataset, for a setting and a split that exist."""
    plan.check_path(config, wildcards.dataset, wildcards.setting, wildcards.split)
    return f"results/{wildcards.dataset}/images.csv"


def recipe_of(wildcards):
    """The resolved recipe of a run."""
    return plan.resolve(wildcards.run, dataset_of(wildcards)["layout"])


def configuration(wildcards):
    """The configuration as one JSON argument."""
    return json.dumps(config, sort_keys=True)


def experiment_text(wildcards):
    """The experiment's own file, so that a change of it is a change of the description."""
    return json.dumps(plan.read_experiment(wildcards.experiment), sort_keys=True)


def rendered(wildcards):
    """The renderer's marker, for a dataset that the workflow renders itself."""
    return (
        f"results/{wildcards.dataset}/raw.json"
        if "render" in dataset_of(wildcards)
        else []
    )


def knobs(wildcards):
    """The renderer's knobs as command-line flags."""
    found = dataset_of(wildcards)
    flags = {"layout": found["layout"], "out": found["root"]} | found["render"]
    return [
        part
        for key, value in flags.items()
        for part in (f"--{key.replace('_', '-')}", str(value))
    ]


def expectation(wildcards):
    """The counts that the dataset must hold, as one JSON argument."""
    return json.dumps(dataset_of(wildcards).get("expect"))


def root_of(wildcards):
    return dataset_of(wildcards)["root"]


def layout_name(wildcards):
    return dataset_of(wildcards)["layout"]


def holdout_of(wildcards):
    return dataset_of(wildcards).get("holdout", "test")


def code_of(wildcards):
    """The code of a run's method and of its host; a change of it is the reason to train again."""
    recipe = recipe_of(wildcards)
    names = [recipe.method, *([recipe["host"]] if "host" in recipe else [])]
    return [digests.digest(f"methods/{name}.py") for name in names]


def imagenet_of(wildcards):
    """The checksum of the ImageNet weights, for a training that starts from them."""
    starts = recipe_of(wildcards)["backbone.init"] == "imagenet"
    return "results/imagenet_weights.sha256" if starts else []


def folder_of(wildcards):
    return plan.Cell(
        wildcards.dataset,
        wildcards.setting,
        wildcards.run,
        wildcards.split,
        wildcards.seed,
    ).folder


def pixels_of(wildcards):
    return plan.pixels(wildcards.dataset, recipe_of(wildcards))


def recipe_text(wildcards):
    """The resolved recipe: what, besides code and data, determines a training."""
    return json.dumps(recipe_of(wildcards), sort_keys=True)


def recipe_threads(wildcards):
    return recipe_of(wildcards)["threads"]


def recipe_gpus(wildcards):
    return 1 if recipe_of(wildcards)["device"] == "cuda" else 0


def gpu_model(wildcards):
    """The type of GPU that a cluster is asked for, by what uses one; a type without a GPU would be `<type>:0`."""
    return config.get("gpu_model") if recipe_gpus(wildcards) else None


def launcher(wildcards):
    """What claims a GPU for a training that wants one."""
    return "python workflow/claim_gpu.py" if recipe_gpus(wildcards) else ""


def runtime_minutes(wildcards, attempt):
    """Wall-clock limit from the recipe: generous, and more with every retry."""
    recipe = recipe_of(wildcards)
    return attempt * (
        10 + 6 * recipe["schedule.epochs"] if recipe["device"] == "cuda" else 60
    )


def grows(amount):
    """A resource of which every retry asks for more."""
    return lambda wildcards, attempt: attempt * amount


def memory_mb(wildcards, attempt):
    return attempt * (16_000 if recipe_gpus(wildcards) else 1_500)


def protocols_of(wildcards):
    return plan.protocols(config, wildcards.dataset)


def selection_of(wildcards):
    return recipe_of(wildcards)["selection.rule"]


def selection_protocol(wildcards):
    """An epoch is chosen under the first protocol of the dataset."""
    return protocols_of(wildcards)[0]


def permutations(wildcards):
    """The flag for the official galleries, if the configuration asks for them."""
    return (
        ["--permutations", config["permutations"]] if config.get("permutations") else []
    )


def scores_of(wildcards):
    """The scores of every training of an experiment."""
    return [
        f"{cell.folder}/trials.csv" for cell in experiment_cells(wildcards.experiment)
    ]


def provenance_of(wildcards):
    """The run.json of every training; chance has none."""
    return [
        f"{cell.folder}/run.json"
        for cell in experiment_cells(wildcards.experiment)
        if cell.run != plan.CHANCE
    ]


def paper_plans(wildcards):
    """The descriptions of every paper's experiments; read only when asked for, so that a bad file disturbs no other."""
    return [f"reports/{name}/experiment.json" for name in plan.paper_experiments()]


def figures_of(experiment):
    """Names of the figures of an experiment."""
    return [
        figure_name(spec)
        for spec in plan.read_experiment(experiment).get("figures", [])
    ]


def has_file(cell, name):
    """Whether a run's folder gets this file: chance is not trained, a corrupted copy has no training of its own."""
    if cell.run == plan.CHANCE:
        return name in ("features.npz", "cmc.csv")
    if "corrupt" in config["datasets"][cell.dataset]:
        return name in ("run.json", "cmc.csv", "robustness.csv")
    return name != "robustness.csv"


def cells_shown(experiment, spec):
    """The trainings whose files a figure reads: those of the dataset and the rows that its entry names, or all."""
    labels = spec.get("rows") or ([spec["row"]] if "row" in spec else [])
    setting, dataset = spec.get("setting", "full"), spec.get("dataset")
    found = []
    for row in plan.rows(experiment, config):
        named = shown_label(row.label, row.run) in labels and row.setting == setting
        if labels and not named:
            continue
        cells = [cell for cell in row.cells if dataset in (None, cell.dataset)]
        found += cells[:1] if kinds.first_training_only(spec["kind"]) else cells
    return list(dict.fromkeys(found))


def figure_inputs(wildcards):
    """The files that a figure's kind reads: of each run that has them, and the dataset's pictures."""
    specs = {
        figure_name(spec): spec
        for spec in plan.read_experiment(wildcards.experiment).get("figures", [])
    }
    spec = specs[wildcards.figure]
    cells = cells_shown(wildcards.experiment, spec)
    names = kinds.reads(spec["kind"])
    found = [
        f"{cell.folder}/{name}"
        for name in names
        if name != "arrays"
        for cell in cells
        if has_file(cell, name)
    ]
    if "arrays" in names:
        description = plan.describe_dataset(spec["dataset"], config, cells)
        found += [description["index"], description["arrays"]]
    return found


def figure_files(wildcards):
    return [
        f"reports/{wildcards.experiment}/figures/{name}.svg"
        for name in figures_of(wildcards.experiment)
    ]


def contact_sheets(wildcards):
    """Contact sheets of the experiment's datasets that show no real people."""
    names = {
        column["dataset"]
        for column in plan.read_experiment(wildcards.experiment)["columns"]
    }
    for name in names:
        plan.layout_of(config, name)
    return [
        f"results/{name}/contact_sheet.png"
        for name in sorted(names)
        if "render" in config["datasets"][name]
    ]


def corruption_of(wildcards):
    """How the corrupted copies of a dataset are made."""
    return config["datasets"][f"{wildcards.dataset}-c"]["corrupt"]


def corrupted_modality(wildcards):
    return corruption_of(wildcards)["modality"]


def corrupted_protocols(wildcards):
    return plan.protocols(config, f"{wildcards.dataset}-c")


def corruption_seed(wildcards):
    return corruption_of(wildcards)["seed"]


def corrupted_pixels_of(wildcards):
    """The corrupted copies of the packed array that a run trained on."""
    clean = (
        pixels_of(wildcards)
        .removeprefix(f"results/{wildcards.dataset}/")
        .removesuffix(".npy")
    )
    return [
        f"results/{wildcards.dataset}-c/{clean}_repeat{repeat}.npy"
        for repeat in range(REPEATS)
    ]
