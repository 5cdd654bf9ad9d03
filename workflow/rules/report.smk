"""From scores to the pages that people read: one folder reports/<experiment>/ each."""


rule describe:
    output:
        "reports/{experiment}/experiment.json",
    log:
        "reports/{experiment}/logs/describe.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        configuration=configuration,
        experiment=experiment_text,
    shell:
        "python -m workflow.job --log {log:q} --out {output:q} --"
        " python -m workflow.plan {wildcards.experiment:q} --config {params.configuration:q} --out {output:q}"


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
    localrule: True
    conda:
        "../../environment.yml"
    shell:
        "python -m workflow.job --log {log:q} --in {input:q} --out {output:q} --"
        " python -m eval.report collect {input.experiment:q} --out {output.results:q} --parquet"


rule tables:
    input:
        experiment="reports/{experiment}/experiment.json",
        results="reports/{experiment}/results.csv",
        runs="reports/{experiment}/runs.csv",
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
    localrule: True
    conda:
        "../../environment.yml"
    shell:
        "python -m workflow.job --log {log:q} --in {input:q} --out {output:q} --"
        " python -m eval.report tables {input.experiment:q} --results {input.results:q} --out reports/{wildcards.experiment:q}"


rule figure:
    input:
        figure_inputs,
        experiment="reports/{experiment}/experiment.json",
        results="reports/{experiment}/results.csv",
        runs="reports/{experiment}/runs.csv",
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
    localrule: True
    conda:
        "../../environment.yml"
    shell:
        "python -m workflow.job --log {log:q} --in {input:q} --out {output:q} --"
        " python -m eval.report figures {input.experiment:q} --results {input.results:q} --name {wildcards.figure:q}"
        " --out reports/{wildcards.experiment:q}/figures"


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
    localrule: True
    conda:
        "../../environment.yml"
    shell:
        "python -m workflow.job --log {log:q} --in {input:q} --out {output:q} --"
        " python -m eval.report page {input.experiment:q} --results {input.results:q}"
        " --figures reports/{wildcards.experiment:q}/figures --out {output:q}"


rule coverage:
    input:
        paper_plans,
    output:
        report(
            "reports/coverage.md",
            caption="../report/coverage.rst",
            category="benchmark",
            labels={"what": "coverage of the papers"},
        ),
        "reports/coverage.csv",
    log:
        "reports/coverage.log",
    localrule: True
    conda:
        "../../environment.yml"
    shell:
        "python -m workflow.job --log {log:q} --in {input:q} --out {output:q} --"
        " python -m eval.report coverage {input:q} --strict --out reports"


rule benchmark_page:
    input:
        plans=[f"reports/{name}/experiment.json" for name in EXPERIMENTS],
        results=[f"reports/{name}/results.csv" for name in EXPERIMENTS],
        coverage="reports/coverage.csv",
    output:
        report(
            "reports/index.html",
            caption="../report/benchmark.rst",
            category="benchmark",
            labels={"what": "page"},
        ),
    log:
        "reports/index.log",
    localrule: True
    conda:
        "../../environment.yml"
    shell:
        "python -m workflow.job --log {log:q} --in {input:q} --out {output:q} --"
        " python -m eval.report benchmark {input.plans:q} --coverage {input.coverage:q} --out {output:q}"


for name in plan.experiment_names():

    rule:
        name:
            name
        input:
            report_files(name),
