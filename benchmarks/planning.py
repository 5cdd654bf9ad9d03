"""CPU seconds to plan many jobs: `snakemake -n` on methods x settings x seeds in a copy of the project without results.

Floor: Snakemake on a bare workflow of as many jobs, each with one input and one output, and nothing to compute.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from methods import recipes

ROOT = Path(__file__).parents[1]
PARTS = ("Snakefile", "files.py", "config", "datasets", "eval", "methods", "reports/published", "training", "workflow")
SETTINGS = ("full", "ir_per_id=1")
JOBS_PER_CELL = 2  # train and evaluate; a subset is shared by all methods
BARE = """
rule all:
    input: expand("b/{{i}}", i=range({pairs}))

rule first:
    output: "a/{{i}}"
    shell: "touch {{output}}"

rule second:
    input: "a/{{i}}"
    output: "b/{{i}}"
    shell: "touch {{output}}"
"""


def experiment(jobs: int) -> dict:
    """An experiment of about so many jobs: every method, with all infrared images and with few, enough seeds."""
    rows = [
        {"label": f"{name} {setting}", "run": name, "setting": setting}
        for name in recipes.names()
        for setting in SETTINGS
    ]
    seeds = max(1, round(jobs / (len(rows) * JOBS_PER_CELL + len(SETTINGS))))
    column = {"dataset": "demo-sysu", "protocol": "sysu-mm01-all-single", "metrics": ["mAP"]}
    return {"title": "large", "budget": "demo", "seeds": [*range(seeds)], "columns": [column], "rows": rows}


def plan(folder: Path, *options: str) -> tuple[int, float]:
    """Jobs that Snakemake plans in a folder, and its CPU seconds."""
    command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "rules", "--cores", "1", *options]
    before = os.times()
    done = subprocess.run(command, cwd=folder, env=os.environ | {"PYTHONPATH": ""}, text=True, capture_output=True)
    after = os.times()
    if done.returncode:
        raise SystemExit(f"error: {' '.join(command)} failed:\n{(done.stderr + done.stdout)[-2000:]}")
    counted = [int(line.split()[1]) for line in (done.stdout + done.stderr).splitlines() if line.startswith("total ")]
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    return counted[-1], seconds


def main(arguments: list[str]) -> int:
    """Print one Markdown row per size."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks planning", description=__doc__)
    parser.add_argument("--jobs", type=int, nargs="+", default=[100, 2_500, 10_000])
    options = parser.parse_args(arguments)
    print("| jobs planned | CPU seconds | ms / job | floor, CPU seconds | ratio |\n|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as name:
        ours, bare = Path(name, "ours"), Path(name, "bare")
        ours.mkdir()
        bare.mkdir()
        for part in PARTS:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, ours / part)
        for jobs in options.jobs:
            (ours / "config/experiments/large.yaml").write_text(yaml.safe_dump(experiment(jobs)))
            found, taken = plan(ours, "--config", 'experiments=["large"]')
            (bare / "Snakefile").write_text(BARE.format(pairs=found // 2))
            _, floor = plan(bare)
            cells = (
                f"{found:,}",
                f"{taken:.1f}",
                f"{1000 * taken / found:.2f}",
                f"{floor:.1f}",
                f"{taken / floor:.1f}",
            )
            print(f"| {' | '.join(cells)} |", flush=True)
    return 0
