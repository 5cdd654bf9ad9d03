"""A copy of the project with a run so small that it can be disturbed hundreds of times."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOMS = ("config", "datasets", "eval", "methods", "profiles", "reports/published", "training", "workflow")
RUN = "maum+bank.t0=1+schedule.epochs=3+schedule.steps=3+schedule.warmup=0+schedule.milestones=1+threads=1"
EXPERIMENT = {
    "title": "Faults",
    "budget": "demo",
    "seeds": [0],
    "splits": 1,
    "columns": [{"dataset": "demo-sysu", "protocol": "sysu-mm01-all-single", "metrics": ["rank-1", "mAP"]}],
    "rows": [{"label": "MAUM", "run": RUN, "setting": "ir_per_id=1"}],
    "figures": [{"kind": "cmc"}],
}
CONFIGURATION = {
    "experiments": ["faults"],
    "checkpoint_seconds": 0,
    "datasets": {
        "demo-sysu": {
            "protocols": ["sysu-mm01-all-single"],
            "render": {"train_identities": 10, "test_identities": 4, "images_per_camera": 2},
        }
    },
}
FINAL = ("results/**/trials.csv", "results/**/cmc.csv", "reports/faults/results.csv", "reports/faults/tables.*")
KINDS = ("render", "index", "pack", "contact_sheet", "subset", "train", "chance", "evaluate")
KINDS += ("describe", "collect", "tables", "figure", "page")
KINDS += ("train",) * 4  # the longest job, and the only one that goes on from where it was
LONGEST_RUN = 900  # seconds; a quiet machine needs twenty


@dataclass
class Project:
    """A copy of the project in a folder of its own."""

    folder: Path
    program: tuple[str, ...] = (sys.executable, "-m", "snakemake")

    def command(self, *arguments: str) -> list[str]:
        files = [f"config/{name}.yaml" for name in ("datasets", "demo", "faults")]
        return [*self.program, "--cores", "2", *arguments, "--configfile", *files]

    def start(self, *arguments: str, environment: Mapping[str, str] = os.environ) -> subprocess.Popen:
        """Start Snakemake; its output goes to the file `output`, because a killed head leaves a pipe open."""
        path = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
        environment = dict(environment) | {"PATH": path, "OMP_NUM_THREADS": "1"}
        with self.output.open("wb") as output:
            return subprocess.Popen(
                self.command(*arguments),
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.output")

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run Snakemake to its end; exit status and all it said."""
        status = self.start(*arguments).wait(timeout=LONGEST_RUN)
        return status, self.output.read_text(errors="replace")

    def tables(self) -> dict[str, bytes]:
        """The bytes of every score and table by path."""
        found = sorted(path for pattern in FINAL for path in self.folder.glob(pattern))
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in found}


def make(folder: Path, rows: list[dict] = EXPERIMENT["rows"]) -> Project:
    """Copy the project's own files and add the small experiment, with these rows, and its configuration."""
    for room in ROOMS:
        shutil.copytree(room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Snakefile", "files.py", "environment.yml"):
        shutil.copy(name, folder / name)
    (folder / "config" / "experiments" / "faults.yaml").write_text(yaml.safe_dump(EXPERIMENT | {"rows": rows}))
    (folder / "config" / "faults.yaml").write_text(yaml.safe_dump(CONFIGURATION))
    return Project(folder)
