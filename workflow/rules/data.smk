"""From images on disk to packed arrays and training subsets."""


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


rule render:
    output:
        "results/{dataset}/raw.json",
    log:
        "results/{dataset}/raw.log",
    conda:
        "../../environment.yml"
    threads: 4
    params:
        knobs=knobs,
    shell:
        "python -m datasets render {params.knobs:q} --jobs {threads} > {log:q} 2>&1 || (tail -n 3 {log:q} >&2; exit 1)"


rule index:
    input:
        rendered,
    output:
        "results/{dataset}/images.csv",
    log:
        "results/{dataset}/images.log",
    conda:
        "../../environment.yml"
    threads: 4
    params:
        layout=layout_name,
        root=root_of,
        holdout=holdout_of,
        expect=expectation,
    shell:
        "python -m datasets index --layout {params.layout:q} --root {params.root:q} --holdout {params.holdout:q}"
        " --expect {params.expect:q} --jobs {threads} --out {output:q} > {log:q} 2>&1"
        " || (tail -n 3 {log:q} >&2; exit 1)"


rule pack:
    input:
        index="results/{dataset}/images.csv",
    output:
        "results/{dataset}/images_{height,[0-9]+}x{width,[0-9]+}_{filter,[a-z]+}.npy",
    log:
        "results/{dataset}/images_{height}x{width}_{filter}.log",
    conda:
        "../../environment.yml"
    threads: 4
    params:
        root=root_of,
    shell:
        "python -m datasets pack --index {input.index:q} --root {params.root:q}"
        " --size {wildcards.height}x{wildcards.width} --filter {wildcards.filter} --jobs {threads} --out {output:q} > {log:q} 2>&1"
        " || (tail -n 3 {log:q} >&2; exit 1)"


rule subset:
    input:
        "results/{dataset}/images.csv",
    output:
        "results/{dataset}/{setting}/split{split}_seed{seed}.csv",
    log:
        "results/{dataset}/{setting}/split{split}_seed{seed}.log",
    conda:
        "../../environment.yml"
    shell:
        "python -m datasets subset --index {input:q} --setting {wildcards.setting:q} --split {wildcards.split}"
        " --seed {wildcards.seed} --out {output:q} > {log:q} 2>&1 || (tail -n 3 {log:q} >&2; exit 1)"


rule contact_sheet:
    input:
        "results/{dataset}/images.csv",
    output:
        "results/{dataset}/contact_sheet.png",
    log:
        "results/{dataset}/contact_sheet.log",
    conda:
        "../../environment.yml"
    params:
        root=root_of,
    shell:
        "python -m datasets contact-sheet --index {input:q} --root {params.root:q} --out {output:q} > {log:q} 2>&1"
        " || (tail -n 3 {log:q} >&2; exit 1)"
