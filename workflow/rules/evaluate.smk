"""Features scored under every protocol of their dataset, all trials in one job."""


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
    resources:
        mem_mb=grows(2_000),
        runtime=grows(30),
    params:
        protocols=protocols_of,
        gallery=config.get("gallery", "seeded"),
        permutations=permutations,
    shell:
        "python -m workflow.job --log {log:q} --in {input:q} --out {output:q} --"
        " python -m eval {input:q} --protocol {params.protocols:q} --gallery {params.gallery:q} {params.permutations:q}"
        " --out {output.trials:q} --cmc {output.cmc:q}"
