# vireid-bench: method x dataset x seed x imbalance setting -> trainings -> evaluations -> reports.
#
#   snakemake --cores all                      the demo
#   snakemake --cores all msmnet_table3        one experiment, a file of config/experiments/
#   snakemake -n --configfile config/benchmark.yaml      plan everything that the papers report
import sys

from snakemake.utils import min_version
from snakemake_interface_executor_plugins.settings import ExecMode

min_version("9.19")
sys.path.insert(0, workflow.basedir)


configfile: "config/datasets.yaml"
configfile: "config/demo.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/corrupt.smk"
include: "workflow/rules/report.smk"


if workflow.exec_mode == ExecMode.DEFAULT:  # not again in every job
    try:
        checksums.refuse_damaged_results()
        checksums.refuse_unreadable_records()
    except checksums.DamagedFile as error:
        sys.exit(f"error: {error}")


onsuccess:
    for page in [
        file
        for job in workflow.dag.targetjobs
        for file in job.input
        if file.endswith("index.html")
    ]:
        print(f"the report: {page} (open it in a browser)", file=sys.stderr)


rule all:
    default_target: True
    input:
        [report_files(name) for name in EXPERIMENTS],
        [
            f"{cell.folder}/{file}.csv"
            for name in EXPERIMENTS
            for cell in experiment_cells(name)
            for file in ("trials", "cmc")
        ],
