"""Corrupted galleries: the trainings of a dataset, tested on corrupted copies of its images (dataset `<name>-c`)."""


ruleorder: corrupted_index > index
ruleorder: evaluate_corrupted > evaluate


rule corrupt:
    input:
        index="results/{dataset}/images.csv",
        images="results/{dataset}/images_{size}_{filter}.npy",
    output:
        temp(
            "results/{dataset}-c/images_{size,[0-9]+x[0-9]+}_{filter,[a-z]+}_repeat{repeat,[0-9]+}.npy"
        ),
    log:
        "results/{dataset}-c/images_{size}_{filter}_repeat{repeat}.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=grows(2_000),
        runtime=grows(60),
    params:
        modality=corrupted_modality,
        seed=corruption_seed,
    shell:
        "python -m workflow.job --log {log:q} --in {input:q} --out {output:q} --"
        " python -m eval.corruptions --index {input.index:q} --images {input.images:q} --modality {params.modality:q}"
        " --seed {params.seed:q} --repeat {wildcards.repeat:q} --out {output:q}"


rule corrupted_index:
    input:
        "results/{dataset}/images.csv",
    output:
        "results/{dataset}-c/images.csv",
    log:
        "results/{dataset}-c/images.log",
    localrule: True
    conda:
        "../../environment.yml"
    shell:
        "python -m workflow.job --log {log:q} --in {input:q} --out {output:q} -- cp {input:q} {output:q}"


rule embed_corrupted:
    input:
        index="results/{dataset}/images.csv",
        copies=corrupted_pixels_of,
        subset="results/{dataset}/{setting}/split{split}_seed{seed}.csv",
        weights="results/{dataset}/{setting}/{run}/split{split}_seed{seed}/weights.safetensors",
    output:
        temp(
            expand(
                "results/{dataset}-c/{setting}/{run}/split{split}_seed{seed}/features_repeat{repeat}.npz",
                repeat=range(REPEATS),
                allow_missing=True,
            )
        ),
    log:
        "results/{dataset}-c/{setting}/{run}/split{split}_seed{seed}/embed.log",
    conda:
        "../../environment.yml"
    threads: recipe_threads
    resources:
        gpu=recipe_gpus,
        gpu_model=gpu_model,
        mem_mb=memory_mb,
        runtime=grows(60),
    params:
        folder=folder_of,
        layout=layout_name,
        launcher=launcher,
    shell:
        "python -m workflow.job --log {log:q} --in {input:q} --out {output:q} --"
        " {params.launcher} python -m training embed --run {wildcards.run:q} --layout {params.layout:q} --split {wildcards.split:q}"
        " --index {input.index:q} --subset {input.subset:q} --out {params.folder:q} --copies {input.copies:q} --features {output:q}"


rule robustness:
    input:
        features=rules.embed_corrupted.output,
        clean="results/{dataset}/{setting}/{run}/split{split}_seed{seed}/features.npz",
    output:
        "results/{dataset}-c/{setting}/{run}/split{split}_seed{seed}/robustness.csv",
    log:
        "results/{dataset}-c/{setting}/{run}/split{split}_seed{seed}/robustness.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=grows(2_000),
        runtime=grows(30),
    params:
        protocols=corrupted_protocols,
        modality=corrupted_modality,
        seed=corruption_seed,
    shell:
        "python -m workflow.job --log {log:q} --in {input:q} --out {output:q} --"
        " python -m eval.robustness {input.features:q} --clean {input.clean:q} --modality {params.modality:q}"
        " --seed {params.seed:q} --protocol {params.protocols:q} --out {output:q}"


rule evaluate_corrupted:
    input:
        features=rules.embed_corrupted.output,
        run="results/{dataset}/{setting}/{run}/split{split}_seed{seed}/run.json",
    output:
        trials="results/{dataset}-c/{setting}/{run}/split{split}_seed{seed}/trials.csv",
        cmc="results/{dataset}-c/{setting}/{run}/split{split}_seed{seed}/cmc.csv",
        run="results/{dataset}-c/{setting}/{run}/split{split}_seed{seed}/run.json",
    log:
        "results/{dataset}-c/{setting}/{run}/split{split}_seed{seed}/evaluate.log",
    wildcard_constraints:
        run="(?!chance/)[a-z][a-z0-9_]*[^/]*",
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
        "cp {input.run:q} {output.run:q} && "
        "python -m workflow.job --log {log:q} --in {input:q} --out {output:q} --"
        " python -m eval {input.features:q} --protocol {params.protocols:q} --gallery {params.gallery:q}"
        " {params.permutations:q} --out {output.trials:q} --cmc {output.cmc:q}"
