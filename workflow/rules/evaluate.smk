"""Features scored under every protocol of their dataset, all trials in one job."""


def protocols_of(wildcards):
    return list(plan.layout_of(config, wildcards.dataset).PROTOCOLS)


def permutations(wildcards):
    """The flag for the official galleries, if the configuration asks for them."""
    return (
        ["--permutations", config["permutations"]] if config.get("permutations") else []
    )


rule evaluate:
    input:
        "results/{dataset}/{setting}/{run}/split{split}_seed{seed}/features.npz",
    output:
        trials="results/{dataset}/{setting}/{run}/split{split}_seed{seed}/trials.csv",
        cmc="results/{dataset}/{setting}/{run}/split{split}_seed{seed}/cmc.csv",
    log:
        "results/{dataset}/{setting}/{run}/split{split}_seed{seed}/evaluate.log",
    conda:
        "../../environment.yml"
    params:
        protocols=protocols_of,
        gallery=config.get("gallery", "seeded"),
        permutations=permutations,
    shell:
        "python -m eval {input:q} --protocol {params.protocols:q} --gallery {params.gallery} {params.permutations:q}"
        " --out {output.trials:q} --cmc {output.cmc:q} > {log:q} 2>&1 || (tail -n 3 {log:q} >&2; exit 1)"
