"""Trainings, and the random features that stand for chance."""

from pathlib import Path

SHARED = [
    "files.py",
    *sorted(str(path) for path in Path("methods/blocks").glob("*.py")),
    *(f"methods/{name}.py" for name in ("__init__", "contract", "recipes")),
    *sorted(str(path) for path in Path("training").glob("*.py")),
]


def code_of(wildcards):
    """The files that a training executes: the shared ones, the method's, and its host's."""
    recipe = recipe_of(wildcards)
    own = [recipe.method, *([recipe["host"]] if "host" in recipe else [])]
    return [*SHARED, *(f"methods/{name}.py" for name in own)]


def pixels_of(wildcards):
    return plan.pixels(wildcards.dataset, recipe_of(wildcards))


def recipe_text(wildcards):
    """The resolved recipe: what, besides code and data, determines a training."""
    return json.dumps(recipe_of(wildcards), sort_keys=True)


def recipe_threads(wildcards):
    return recipe_of(wildcards)["threads"]


def recipe_gpus(wildcards):
    return 1 if recipe_of(wildcards)["device"] == "cuda" else 0


def launcher(wildcards):
    """What claims a GPU for a training that wants one."""
    return "python workflow/claim_gpu.py" if recipe_gpus(wildcards) else ""


def runtime_minutes(wildcards, attempt):
    """Wall-clock limit from the recipe: generous, and more with every retry."""
    recipe = recipe_of(wildcards)
    return attempt * (
        10 + 6 * recipe["schedule.epochs"] if recipe["device"] == "cuda" else 60
    )


def memory_mb(wildcards, attempt):
    return attempt * (16_000 if recipe_gpus(wildcards) else 1_500)


rule train:
    input:
        code=code_of,
        index="results/{dataset}/images.csv",
        pixels=pixels_of,
        subset="results/{dataset}/{setting}/split{split}_seed{seed}.csv",
    output:
        weights="results/{dataset}/{setting}/{run}/split{split}_seed{seed}/weights.safetensors",
        history="results/{dataset}/{setting}/{run}/split{split}_seed{seed}/history.csv",
        features="results/{dataset}/{setting}/{run}/split{split}_seed{seed}/features.npz",
        run="results/{dataset}/{setting}/{run}/split{split}_seed{seed}/run.json",
    log:
        "results/{dataset}/{setting}/{run}/split{split}_seed{seed}/train.log",
    wildcard_constraints:
        run="(?!chance/)[a-z][a-z0-9_]*[^/]*",
    conda:
        "../../environment.yml"
    threads: recipe_threads
    resources:
        gpu=recipe_gpus,
        mem_mb=memory_mb,
        runtime=runtime_minutes,
    params:
        recipe=recipe_text,
        layout=layout_name,
        weights=config["weights"],
        launcher=launcher,
    shell:
        "{params.launcher} python -m training train --run {wildcards.run:q} --dataset {wildcards.dataset}"
        " --layout {params.layout:q} --setting {wildcards.setting:q} --split {wildcards.split} --seed {wildcards.seed}"
        " --index {input.index:q} --pixels {input.pixels:q} --subset {input.subset:q} --weights {params.weights:q}"
        ' --out "$(dirname {output.run:q})" > {log:q} 2>&1 || (tail -n 3 {log:q} >&2; exit 1)'


rule chance:
    input:
        "results/{dataset}/images.csv",
    output:
        "results/{dataset}/{setting}/chance/split{split}_seed{seed}/features.npz",
    log:
        "results/{dataset}/{setting}/chance/split{split}_seed{seed}/chance.log",
    conda:
        "../../environment.yml"
    shell:
        "python -m eval.chance --index {input:q} --split {wildcards.split} --seed {wildcards.seed} --dim 64"
        " --out {output:q} > {log:q} 2>&1 || (tail -n 3 {log:q} >&2; exit 1)"
