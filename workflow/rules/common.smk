"""What several rules ask of the plan."""

import json

from workflow import plan

plan.check(config, "config", "configuration")
EXPERIMENTS = (
    plan.paper_experiments()
    if config["experiments"] == "papers"
    else config["experiments"]
)


wildcard_constraints:
    dataset="[a-z][a-z0-9-]*",
    setting="full|[a-z_]+=[0-9]+",
    run="[a-z][a-z0-9_]*[^/]*",
    split="[0-9]+",
    seed="[0-9]+",
    experiment="[a-z0-9_]+",


def experiment_cells(name):
    """Every training of an experiment once."""
    return list(
        dict.fromkeys(cell for row in plan.rows(name, config) for cell in row.cells)
    )


def dataset_of(wildcards):
    """The configuration of a dataset."""
    plan.layout_of(config, wildcards.dataset)
    return config["datasets"][wildcards.dataset]


def recipe_of(wildcards):
    """The resolved recipe of a run."""
    return plan.resolve(wildcards.run, dataset_of(wildcards)["layout"])


def configuration(wildcards):
    """The configuration as one JSON argument."""
    return json.dumps(config, sort_keys=True)


def experiment_text(wildcards):
    """The experiment's own file, so that a change of it is a change of the description."""
    return json.dumps(plan.read_experiment(wildcards.experiment), sort_keys=True)
