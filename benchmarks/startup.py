"""CPU seconds until each kind of job of the workflow has its modules; only trainings pay for torch."""

import argparse
import os
import subprocess
import sys

JOBS = {
    "(Python alone)": "sys",
    "checksums around every job": "workflow.job",
    "index": "datasets.__main__, datasets.preparation.index",
    "pack": "datasets.__main__, datasets.preparation.pack",
    "subset": "datasets.__main__, datasets.preparation.rows, datasets.preparation.subset, datasets.settings",
    "chance": "eval.chance",
    "evaluate": "eval.__main__",
    "describe": "workflow.plan",
    "collect": "eval.report.__main__, eval.report.collect",
    "tables": "eval.report.__main__, eval.report.tables",
    "figures": "eval.report.__main__, eval.report.draw",
    "page": "eval.report.__main__, eval.report.page",
    "train": "training.run",
}
REPEATS = 3


def seconds(modules: str) -> float:
    """Least CPU seconds of a process that imports these modules."""
    taken = []
    for _ in range(REPEATS):
        before = os.times()
        subprocess.run([sys.executable, "-c", f"import {modules}"], check=True)
        after = os.times()
        taken.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return min(taken)


def main(arguments: list[str]) -> int:
    """Print a Markdown row per kind of job."""
    argparse.ArgumentParser(prog="python -m benchmarks startup", description=__doc__).parse_args(arguments)
    print("| job | CPU seconds |\n|---|---:|")
    for job, modules in JOBS.items():
        print(f"| {job} | {seconds(modules):.2f} |", flush=True)
    return 0
