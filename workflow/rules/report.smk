"""From scores to the pages that people read: one folder reports/<experiment>/ each."""

from eval.report.experiment import figure_name

# What a kind of figure reads beyond the collected scores.
FIGURE_INPUTS = {"cmc": "cmc.csv", "training": "history.csv"}


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


def figures_of(experiment):
    """Names of the figures of an experiment."""
    return [
        figure_name(spec)
        for spec in plan.read_experiment(experiment).get("figures", [])
    ]


def figure_inputs(wildcards):
    """The run files that a figure's kind reads."""
    specs = {
        figure_name(spec): spec
        for spec in plan.read_experiment(wildcards.experiment).get("figures", [])
    }
    name = FIGURE_INPUTS.get(specs[wildcards.figure]["kind"])
    cells = experiment_cells(wildcards.experiment)
    if name == "history.csv":
        cells = [cell for cell in cells if cell.run != plan.CHANCE]
    return [f"{cell.folder}/{name}" for cell in cells] if name else []


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
    return [
        f"results/{name}/contact_sheet.png"
        for name in sorted(names)
        if "render" in config["datasets"][name]
    ]


rule describe:
    output:
        "reports/{experiment}/experiment.json",
    log:
        "reports/{experiment}/logs/describe.log",
    conda:
        "../../environment.yml"
    params:
        configuration=configuration,
        experiment=experiment_text,
    shell:
        "python -m workflow.plan {wildcards.experiment} --config {params.configuration:q} --out {output:q}"
        " > {log:q} 2>&1 || (tail -n 3 {log:q} >&2; exit 1)"


rule collect:
    input:
        scores_of,
        provenance_of,
        experiment="reports/{experiment}/experiment.json",
    output:
        results="reports/{experiment}/results.csv",
        parquet="reports/{experiment}/results.parquet",
        runs="reports/{experiment}/runs.csv",
    log:
        "reports/{experiment}/logs/collect.log",
    conda:
        "../../environment.yml"
    shell:
        "python -m eval.report collect {input.experiment:q} --out {output.results:q} --parquet"
        " > {log:q} 2>&1 || (tail -n 3 {log:q} >&2; exit 1)"


rule tables:
    input:
        experiment="reports/{experiment}/experiment.json",
        results="reports/{experiment}/results.csv",
    output:
        report(
            "reports/{experiment}/tables.html",
            caption="../report/tables.rst",
            category="{experiment}",
            labels={"what": "tables"},
        ),
        "reports/{experiment}/tables.md",
        "reports/{experiment}/tables.csv",
        "reports/{experiment}/tables.tex",
    log:
        "reports/{experiment}/logs/tables.log",
    conda:
        "../../environment.yml"
    shell:
        "python -m eval.report tables {input.experiment:q} --results {input.results:q} --out reports/{wildcards.experiment}"
        " > {log:q} 2>&1 || (tail -n 3 {log:q} >&2; exit 1)"


rule figure:
    input:
        figure_inputs,
        experiment="reports/{experiment}/experiment.json",
        results="reports/{experiment}/results.csv",
    output:
        report(
            "reports/{experiment}/figures/{figure}.svg",
            caption="../report/figure.rst",
            category="{experiment}",
            labels={"what": "{figure}"},
        ),
        "reports/{experiment}/figures/{figure}.png",
    log:
        "reports/{experiment}/logs/{figure}.log",
    conda:
        "../../environment.yml"
    shell:
        "python -m eval.report figures {input.experiment:q} --results {input.results:q} --name {wildcards.figure}"
        " --out reports/{wildcards.experiment}/figures > {log:q} 2>&1 || (tail -n 3 {log:q} >&2; exit 1)"


rule page:
    input:
        figure_files,
        contact_sheets,
        experiment="reports/{experiment}/experiment.json",
        results="reports/{experiment}/results.csv",
        runs="reports/{experiment}/runs.csv",
        tables="reports/{experiment}/tables.html",
    output:
        report(
            "reports/{experiment}/index.html",
            caption="../report/page.rst",
            category="{experiment}",
            labels={"what": "page"},
        ),
    log:
        "reports/{experiment}/logs/page.log",
    conda:
        "../../environment.yml"
    shell:
        "python -m eval.report page {input.experiment:q} --results {input.results:q}"
        " --figures reports/{wildcards.experiment}/figures --out {output:q} > {log:q} 2>&1 || (tail -n 3 {log:q} >&2; exit 1)"


for name in plan.experiment_names():

    rule:
        name:
            name
        input:
            f"reports/{name}/index.html",
