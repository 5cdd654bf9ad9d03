"""Trainings, and the random features that stand for chance."""


ruleorder: train_watched > train


rule train:
    input:
        imagenet=imagenet_of,
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
        dataset="[a-z][a-z0-9-]*(?<!-c)",  # corrupted copies have no trainings of their own
        run="(?!chance/)(?![^/]*selection\\.rule=)[a-z][a-z0-9_]*[^/]*",  # others keep candidates
    conda:
        "../../environment.yml"
    threads: recipe_threads
    resources:
        gpu=recipe_gpus,
        gpu_model=gpu_model,
        mem_mb=memory_mb,
        runtime=runtime_minutes,
        checkpoint_seconds=CHECKPOINT_SECONDS,
    params:
        recipe=recipe_text,
        code=code_of,
        shared=[digests.digest(name) for name in digests.SHARED],
        folder=folder_of,
        layout=layout_name,
        weights=config["weights"],
        launcher=launcher,
    shell:
        "python -m workflow.job --log {log:q} --in {input:q} --out {output:q} --"
        " {params.launcher} python -m training train --run {wildcards.run:q} --dataset {wildcards.dataset:q}"
        " --layout {params.layout:q} --setting {wildcards.setting:q} --split {wildcards.split:q} --seed {wildcards.seed:q}"
        " --index {input.index:q} --pixels {input.pixels:q} --subset {input.subset:q} --weights {params.weights:q}"
        " --checkpoint-seconds {resources.checkpoint_seconds} --out {params.folder:q}"


use rule train as train_watched with:
    output:
        weights="results/{dataset}/{setting}/{run}/split{split}_seed{seed}/weights.safetensors",
        history="results/{dataset}/{setting}/{run}/split{split}_seed{seed}/history.csv",
        features="results/{dataset}/{setting}/{run}/split{split}_seed{seed}/features.npz",
        run="results/{dataset}/{setting}/{run}/split{split}_seed{seed}/run.json",
        watched="results/{dataset}/{setting}/{run}/split{split}_seed{seed}/watched.npz",
    wildcard_constraints:
        dataset="[a-z][a-z0-9-]*(?<!-c)",
        run="(?![^/]*selection\\.rule=)[a-z][^/]*[+]watch[.]every=[1-9][^/]*",


rule attend:
    input:
        index="results/{dataset}/images.csv",
        pixels=pixels_of,
        subset="results/{dataset}/{setting}/split{split}_seed{seed}.csv",
        weights="results/{dataset}/{setting}/{run}/split{split}_seed{seed}/weights.safetensors",
        features="results/{dataset}/{setting}/{run}/split{split}_seed{seed}/features.npz",
    output:
        "results/{dataset}/{setting}/{run}/split{split}_seed{seed}/attention.npz",
    log:
        "results/{dataset}/{setting}/{run}/split{split}_seed{seed}/attention.log",
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
        " {params.launcher} python -m training attend --run {wildcards.run:q} --layout {params.layout:q} --split {wildcards.split:q}"
        " --index {input.index:q} --pixels {input.pixels:q} --subset {input.subset:q}"
        " --out {params.folder:q} --maps {output:q}"


use rule train as train_candidates with:
    output:
        candidates=temp(
            "results/{dataset}/{setting}/{run}/split{split}_seed{seed}/candidates.zip"
        ),
        history="results/{dataset}/{setting}/{run}/split{split}_seed{seed}/history.csv",
        run="results/{dataset}/{setting}/{run}/split{split}_seed{seed}/run.json",
    wildcard_constraints:
        dataset="[a-z][a-z0-9-]*(?<!-c)",
        run="[a-z][^/]*selection\\.rule=[^/]*",


rule select:
    input:
        "results/{dataset}/{setting}/{run}/split{split}_seed{seed}/candidates.zip",
    output:
        weights="results/{dataset}/{setting}/{run}/split{split}_seed{seed}/weights.safetensors",
        features="results/{dataset}/{setting}/{run}/split{split}_seed{seed}/features.npz",
        table="results/{dataset}/{setting}/{run}/split{split}_seed{seed}/selection.csv",
    log:
        "results/{dataset}/{setting}/{run}/split{split}_seed{seed}/select.log",
    wildcard_constraints:
        dataset="[a-z][a-z0-9-]*(?<!-c)",
        run="[a-z][^/]*selection\\.rule=[^/]*",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=grows(2_000),
        runtime=grows(30),
    params:
        folder=folder_of,
        rule=selection_of,
        protocol=selection_protocol,
        gallery=config.get("gallery", "seeded"),
        permutations=permutations,
    shell:
        "python -m workflow.job --log {log:q} --in {input:q} --out {output:q} --"
        " python -m eval.select {input:q} --rule {params.rule:q} --protocol {params.protocol:q}"
        " --gallery {params.gallery:q} {params.permutations:q} --out {params.folder:q}"


rule chance:
    input:
        index_of,
    output:
        "results/{dataset}/{setting}/chance/split{split}_seed{seed}/features.npz",
    log:
        "results/{dataset}/{setting}/chance/split{split}_seed{seed}/chance.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=grows(2_000),
        runtime=grows(30),
    shell:
        "python -m workflow.job --log {log:q} --in {input:q} --out {output:q} --"
        " python -m eval.chance --index {input:q} --split {wildcards.split:q} --seed {wildcards.seed:q} --dim 64"
        " --out {output:q}"
