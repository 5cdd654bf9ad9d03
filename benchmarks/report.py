"""How long the report of many runs takes, command by command, on made-up results.

Each run has ten gallery draws of two protocols, matching curves, a history and a run.json, as one of SYSU-MM01 has. The
commands are those of the workflow and start a Python each, as there; CPU seconds are of all that they used.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.report import synthetic

METHODS = len([label for label in synthetic.LEVELS if label != "chance"])
FIGURES = [
    {"kind": "cmc"},
    {"kind": "imbalance", "axis": "ir_per_id", "metric": "mAP"},
    {"kind": "training", "dataset": "sysu-mm01"},
    {"kind": "significance", "metric": "mAP"},
    {"kind": "variance", "metric": "mAP"},
    {"kind": "cost", "metric": "mAP"},
]


def main(arguments: list[str]) -> int:
    """Print one line a command, and the sum."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks report", description=__doc__)
    parser.add_argument("--runs", type=int, default=2000, help="trainings, at least 40 (2000)")
    options = parser.parse_args(arguments)
    settings = tuple(synthetic.DROPS)
    splits = round(options.runs / (METHODS * len(settings) * 2))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        description = synthetic.make(root, datasets=("sysu-mm01",), settings=settings, seeds=2, splits=splits)
        ours = {"figures": FIGURES, "paper": None, "ranking": "mAP"}
        (root / "experiment.json").write_text(json.dumps(description | ours), encoding="utf-8")
        count = sum(len(row["runs"]) for row in description["rows"])
        print(f"{count} runs\n\n{'command':24} {'wall s':>8} {'CPU s':>8}")
        sums = [0.0, 0.0]
        for name, command in commands().items():
            seconds = measure(command, root)
            sums = [a + b for a, b in zip(sums, seconds, strict=True)]
            print(f"{name:24} {seconds[0]:8.1f} {seconds[1]:8.1f}", flush=True)
        print(f"{'all':24} {sums[0]:8.1f} {sums[1]:8.1f}")
    return 0


def commands() -> dict[str, list[str]]:
    """What the workflow runs for an experiment's report, by name."""
    results, out = "reports/demo/results.csv", "reports/demo"
    found = {"collect": ["collect", "experiment.json", "--out", results, "--parquet"]}
    found["tables"] = ["tables", "experiment.json", "--results", results, "--out", out]
    for figure in FIGURES:
        command = ["figures", "experiment.json", "--results", results, "--out", f"{out}/figures"]
        found[f"figure {figure['kind']}"] = [*command, "--name", figure["kind"]]
    page = ["page", "experiment.json", "--results", results, "--figures", f"{out}/figures"]
    return found | {"page": [*page, "--out", f"{out}/index.html"]}


def measure(command: list[str], folder: Path) -> tuple[float, float]:
    """Wall and CPU seconds of one command of the report in a process of its own."""
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "eval.report", *command], cwd=folder, env=os.environ | {"PYTHONPATH": path}, check=True
    )
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
