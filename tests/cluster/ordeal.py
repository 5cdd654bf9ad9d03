"""A small run of the benchmark on the private cluster, disturbed at known instants: what the tests read afterwards."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from subprocess import Popen

import psutil

from methods import recipes
from tests.cluster.slurm import Cluster
from tests.faults.project import Project, make

SHORT = "+schedule.epochs=4+schedule.steps=3+schedule.warmup=0+schedule.milestones=1+threads=1"
ROWS = [
    {"label": "MAUM", "run": "maum+bank.t0=1" + SHORT},
    {"label": "Baseline", "run": "maum+um=off" + SHORT},
    {"label": "MAUM", "run": "maum+bank.t0=1" + SHORT, "setting": "ir_per_id=1"},
]
REPORT = "reports/faults/results.csv"
FIRST = Path("results/demo-sysu/full", recipes.canonical("maum@demo+bank.t0=1" + SHORT, "sysu_mm01"), "split1_seed0")
ACTIVE = {"PENDING", "RUNNING", "COMPLETING", "CONFIGURING"}
PATIENCE = 900  # seconds for a step that a quiet machine takes in ten


@dataclass
class Ordeal:
    """The project, what watched its jobs, and the folders of the trainings that were disturbed."""

    cluster: Cluster
    project: Project
    notes: Path
    said: dict[str, str] = field(default_factory=dict)
    orphan: Path = FIRST
    cut_off: Path = Path()
    uprooted: Path = Path()

    def start(self, *arguments: str) -> Popen:
        """Start Snakemake with the shipped profile; states come from squeue, as this cluster has no accounting."""
        paths = [str(Path(__file__).with_name("watch").resolve()), os.environ.get("PYTHONPATH", "")]
        watched = {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "VIREID_NOTES": str(self.notes)}
        return self.project.start(
            *arguments,
            *("--workflow-profile", "workflow/profiles/slurm", "--latency-wait", "5"),
            *("--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "1"),
            *("--set-resources", "train:gpu=1"),
            environment=self.cluster.environment | watched,
        )

    def finish(self, head: Popen, name: str) -> None:
        """Wait until a run ends, which must succeed."""
        self.until("the run to end", lambda: head.poll() is not None)
        self.said[name] = self.project.output.read_text(errors="replace")
        assert head.returncode == 0, self.said[name][-4000:]

    def until(self, what: str, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Wait for a condition; fails with what Snakemake and SLURM say if it does not come."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                jobs = self.cluster.ask("squeue", "--states=all", "--format=%i %T %r %M %N %k")
                raise AssertionError(f"waited {seconds} s for {what}\n{jobs}{self.project.output.read_text()[-4000:]}")
            time.sleep(0.3)

    def stopped(self) -> dict[Path, psutil.Process]:
        """The trainings that stopped themselves and stand still, by run folder."""
        found = {}
        for mark in (self.notes / "stopped").iterdir():
            try:
                process = psutil.Process(int(mark.read_text()))
                if process.status() == psutil.STATUS_STOPPED:
                    found[Path(mark.name.replace(" ", "/"))] = process
            except (ValueError, psutil.Error):  # not yet written, told to go on, or ended
                continue
        return found

    def release(self, folder: Path) -> None:
        """Let a training that stands still go on."""
        process = self.stopped()[folder]
        (self.notes / "stopped" / str(folder).replace("/", " ")).write_text("go on")
        process.resume()

    def jobs(self, folder: Path | None = None) -> list[dict[str, str]]:
        """SLURM's records of the trainings (of a run folder), oldest first, by their comment."""
        ending = f"_{folder.parent.parent.name}_{folder.parent.name}_1_0" if folder else ""
        found = [job for job in self.cluster.jobs() if job.get("Comment", "").startswith("rule_train_")]
        return sorted((job for job in found if job["Comment"].endswith(ending)), key=lambda job: int(job["JobId"]))


def suffer(cluster: Cluster, folder: Path) -> Ordeal:
    """One run in which Snakemake is killed beside a training, one is cut off, and one loses its node."""
    notes = folder / "notes"
    (notes / "stopped").mkdir(parents=True)
    ordeal = Ordeal(cluster, make(folder / "project", ROWS), notes)
    ordeal.project.program = (sys.executable, str(Path(__file__).with_name("impatient.py").resolve()))
    head = None
    try:
        head = ordeal.start(str(FIRST / "trials.csv"))
        ordeal.until("the first training to stop", lambda: FIRST in ordeal.stopped() or head.poll() is not None)
        assert head.poll() is None, ordeal.project.output.read_text()[-4000:]
        head.kill()
        head.wait()
        assert ordeal.start("--unlock").wait(timeout=PATIENCE) == 0
        head = ordeal.start(str(FIRST / "trials.csv"))
        _leave_an_orphan(ordeal, head)
        ordeal.finish(head, "beside an orphan")

        head = ordeal.start(REPORT)
        ordeal.until("two trainings to stop", lambda: len(ordeal.stopped()) == 2 or head.poll() is not None)
        assert head.poll() is None, ordeal.project.output.read_text()[-4000:]
        ordeal.cut_off, ordeal.uprooted = sorted(ordeal.stopped())
        _end_at_time_limit(cluster, ordeal.jobs(ordeal.cut_off)[-1])
        _take_node_down(cluster, ordeal.jobs(ordeal.uprooted)[-1])
        ordeal.finish(head, "the report")
    finally:
        if head is not None and head.poll() is None:
            head.kill()
    return ordeal


def _leave_an_orphan(ordeal: Ordeal, head: Popen) -> None:
    """The rerun submits the orphan's training again; let both run, then the orphan end, then the rerun go on."""
    rerun = psutil.Process(head.pid)
    ordeal.until("the training to be submitted again", lambda: len(ordeal.jobs(FIRST)) == 2)
    rerun.suspend()
    ordeal.until("its end", lambda: ordeal.jobs(FIRST)[1]["JobState"] not in ACTIVE)
    ordeal.release(FIRST)
    ordeal.until("the orphan's end", lambda: ordeal.jobs(FIRST)[0]["JobState"] not in ACTIVE)
    rerun.resume()


def _end_at_time_limit(cluster: Cluster, job: dict[str, str]) -> None:
    soon = datetime.now() + timedelta(seconds=2)
    cluster.ask("scontrol", "update", f"JobId={job['JobId']}", f"EndTime={soon:%Y-%m-%dT%H:%M:%S}")


def _take_node_down(cluster: Cluster, job: dict[str, str]) -> None:
    """SLURM starts the job again two minutes later: sooner, what is left of it on the node would be in its way."""
    cluster.ask("scontrol", "update", f"NodeName={job['NodeList']}", "State=DOWN", "Reason=test")
    time.sleep(3)
    # Refused where the node, which answers, has come back by itself (ReturnToService).
    cluster.ask("scontrol", "update", f"NodeName={job['NodeList']}", "State=RESUME", check=False)
