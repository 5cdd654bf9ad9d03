"""From images on disk to packed arrays and training subsets."""


rule render:
    output:
        "results/{dataset}/raw.json",
    log:
        "results/{dataset}/raw.log",
    conda:
        "../../environment.yml"
    threads: 4
    resources:
        mem_mb=grows(2_000),
        runtime=grows(30),
    params:
        knobs=knobs,
    shell:
        "python -m workflow.job --log {log:q} --out {output:q} --"
        " python -m datasets render {params.knobs:q} --jobs {threads}"


rule index:
    input:
        rendered,
    output:
        "results/{dataset}/images.csv",
    log:
        "results/{dataset}/images.log",
    localrule: True
    conda:
        "../../environment.yml"
    threads: 4
    params:
        layout=layout_name,
        root=root_of,
        holdout=holdout_of,
        expect=expectation,
    shell:
        "python -m workflow.job --log {log:q} --in {input:q} --out {output:q} --"
        " python -m datasets index --layout {params.layout:q} --root {params.root:q} --holdout {params.holdout:q}"
        " --expect {params.expect:q} --jobs {threads} --out {output:q}"


rule pack:
    input:
        raw=rendered,
        index="results/{dataset}/images.csv",
    output:
        "results/{dataset}/images_{height,[0-9]+}x{width,[0-9]+}_{filter,[a-z]+}.npy",
    log:
        "results/{dataset}/images_{height}x{width}_{filter}.log",
    conda:
        "../../environment.yml"
    threads: 4
    resources:
        mem_mb=grows(2_000),
        runtime=grows(30),
    params:
        root=root_of,
    shell:
        "python -m workflow.job --log {log:q} --in {input:q} --out {output:q} --"
        " python -m datasets pack --index {input.index:q} --root {params.root:q}"
        " --size {wildcards.height:q}x{wildcards.width:q} --filter {wildcards.filter:q} --jobs {threads} --out {output:q}"


rule subset:
    input:
        index_of,
    output:
        "results/{dataset}/{setting}/split{split}_seed{seed}.csv",
    log:
        "results/{dataset}/{setting}/split{split}_seed{seed}.log",
    localrule: True
    conda:
        "../../environment.yml"
    shell:
        "python -m workflow.job --log {log:q} --in {input:q} --out {output:q} --"
        " python -m datasets subset --index {input:q} --setting {wildcards.setting:q} --split {wildcards.split:q}"
        " --seed {wildcards.seed:q} --out {output:q}"


rule imagenet_weights:
    output:
        "results/imagenet_weights.sha256",
    log:
        "results/imagenet_weights.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        weights=config["weights"],
    shell:
        "python -m workflow.job --log {log:q} --out {output:q} --"
        " python -m workflow.weights {params.weights:q} --out {output:q}"


rule contact_sheet:
    input:
        "results/{dataset}/images.csv",
    output:
        report(
            "results/{dataset}/contact_sheet.png",
            caption="../report/contact_sheet.rst",
            category="datasets",
            labels={"what": "contact sheet of {dataset}"},
        ),
    log:
        "results/{dataset}/contact_sheet.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        root=root_of,
    shell:
        "python -m workflow.job --log {log:q} --in {input:q} --out {output:q} --"
        " python -m datasets contact-sheet --index {input:q} --root {params.root:q} --out {output:q}"
