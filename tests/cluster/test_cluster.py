"""The shipped profile on a real SLURM: one run of small trainings, one of which SLURM ends at its time limit, another
of which loses its node; proofs come from SLURM's own records.
"""

import json
import re
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from subprocess import Popen

import psutil
import pytest

from tests.cluster.slurm import Cluster, missing
from tests.faults.project import Project, make

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(bool(missing()), reason=f"no SLURM on this machine: {', '.join(missing())} not found"),
]
SHORT = "+schedule.epochs=12+schedule.steps=3+schedule.warmup=0+schedule.milestones=1+threads=1"
ROWS = [
    {"label": "MAUM", "run": "maum+bank.t0=1" + SHORT},
    {"label": "Baseline", "run": "maum+um=off" + SHORT},
    {"label": "MAUM", "run": "maum+bank.t0=1" + SHORT, "setting": "ir_per_id=1"},
]
TARGET = "reports/faults/results.csv"
LIMIT = 600  # seconds for one of the harness's waits


@dataclass
class Ran:
    """A finished run: the project, what SLURM recorded, and the victims' folders."""

    project: Project
    said: str
    jobs: list[dict[str, str]]
    log: list[str]
    cut_off: Path
    uprooted: Path


@pytest.fixture(scope="module")
def cluster():
    with tempfile.TemporaryDirectory(prefix="slurm") as folder:
        found = Cluster(Path(folder))
        try:
            found.start()
            yield found
        finally:
            found.stop()


@pytest.fixture(scope="module")
def ran(cluster, tmp_path_factory) -> Ran:
    project = make(tmp_path_factory.mktemp("cluster") / "project", ROWS)
    project.program = (sys.executable, str(Path(__file__).with_name("impatient.py").resolve()))
    head = project.start(
        TARGET,
        *("--workflow-profile", "workflow/profiles/slurm", "--latency-wait", "5"),
        *("--slurm-init-seconds-before-status-checks", "1", "--set-resources", "train:gpu=1"),
        environment=cluster.environment,
    )
    try:
        cut_off = _freeze(project, head, besides=None)
        uprooted = _freeze(project, head, besides=cut_off)
        _end_at_time_limit(cluster, _job_of(cluster, cut_off))
        _take_node_down(cluster, _job_of(cluster, uprooted))
        while head.poll() is None:
            _start_at_once(cluster)
            time.sleep(0.5)
    finally:
        if head.poll() is None:
            head.kill()
    said = project.output.read_text(errors="replace")
    assert head.returncode == 0, said[-4000:]
    return Ran(project, said, cluster.jobs(), cluster.completed(), cut_off, uprooted)


def _freeze(project: Project, head: Popen, besides: Path | None) -> Path:
    """Wait for a training that has a checkpoint, another than in the folder `besides`; stop it; its folder."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end and head.poll() is None:
        for checkpoint in project.folder.glob("results/demo-sysu/*/maum*/split1_seed0/checkpoint_*.pt"):
            folder = checkpoint.parent
            if folder != besides and (process := _training_in(folder.relative_to(project.folder))):
                process.send_signal(signal.SIGSTOP)
                if next(folder.glob("checkpoint_*.pt"), None) and not (folder / "run.json").exists():
                    return folder
                process.send_signal(signal.SIGCONT)
        time.sleep(0.05)
    raise AssertionError(f"no training with a checkpoint; Snakemake said:\n{project.output.read_text()[-4000:]}")


def _training_in(folder: Path) -> psutil.Process | None:
    for process in psutil.process_iter():
        try:
            line = process.cmdline()
        except psutil.Error:
            continue
        if line[1:3] == ["-m", "training"] and line[-1] == str(folder):
            return process
    return None


def _job_of(cluster: Cluster, folder: Path) -> dict[str, str]:
    """SLURM's record of the running training of a run folder."""
    return next(job for job in _of(folder, cluster.jobs()) if job["JobState"] == "RUNNING")


def _of(folder: Path, jobs: list[dict[str, str]]) -> list[dict[str, str]]:
    """The jobs that trained in a run folder, oldest first, by their comment: setting, run, split and seed."""
    ending = f"_{folder.parent.parent.name}_{folder.parent.name}_1_0"
    return sorted((job for job in _trainings(jobs) if job["Comment"].endswith(ending)), key=lambda j: int(j["JobId"]))


def _trainings(jobs: list[dict[str, str]]) -> list[dict[str, str]]:
    return [job for job in jobs if job["Comment"].startswith("rule_train_")]


def _end_at_time_limit(cluster: Cluster, job: dict[str, str]) -> None:
    soon = datetime.now() + timedelta(seconds=2)
    cluster.ask("scontrol", "update", f"JobId={job['JobId']}", f"EndTime={soon:%Y-%m-%dT%H:%M:%S}")


def _take_node_down(cluster: Cluster, job: dict[str, str]) -> None:
    cluster.ask("scontrol", "update", f"NodeName={job['NodeList']}", "State=DOWN", "Reason=test")
    time.sleep(3)
    # Refused where the node, which answers, has come back by itself (ReturnToService).
    cluster.ask("scontrol", "update", f"NodeName={job['NodeList']}", "State=RESUME", check=False)


def _start_at_once(cluster: Cluster) -> None:
    """SLURM lets a requeued job wait for two minutes; the test does not."""
    for job in cluster.jobs():
        if job["JobState"] == "PENDING" and job["Reason"] == "BeginTime":
            cluster.ask("scontrol", "update", f"JobId={job['JobId']}", "StartTime=now", check=False)


def _intervals(log: list[str], ids: set[str]) -> list[tuple[str, str, str]]:
    """Node, start and end of every execution of these jobs in SLURM's completion log, requeued ones included."""
    found = [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in log]
    return [(job["NodeList"], job["StartTime"], job["EndTime"]) for job in found if job["JobId"] in ids]


def test_trainings_ran_as_slurm_jobs_with_one_gpu_each(ran):
    trainings = _trainings(ran.jobs)
    runs = {re.sub(r"^rule_train_wildcards_", "", job["Comment"]) for job in trainings}
    assert len(runs) == 4  # three rows and the untrained network
    assert all("gpu:1" in job["TresPerJob"] for job in trainings)
    assert all(job["JobName"].startswith("vireid_") for job in trainings)
    hosts = [json.loads(path.read_text()) for path in ran.project.folder.glob("results/**/run.json")]
    assert len(hosts) == 4


def test_no_two_trainings_shared_a_gpu(ran):
    """Each node has one GPU, so trainings on one node must follow one another."""
    executions = sorted(_intervals(ran.log, {job["JobId"] for job in _trainings(ran.jobs)}))
    assert len(executions) >= 6  # four trainings, one of them resubmitted, one requeued
    for (node, _, end), (other, start, _) in pairwise(executions):
        assert node != other or end <= start


def test_jobs_without_a_gpu_ask_for_none_and_scorings_are_grouped(ran):
    others = [job for job in ran.jobs if not job["Comment"].startswith("rule_train_")]
    assert all("TresPerJob" not in job for job in others)
    assert {job["JobState"] for job in others} == {"COMPLETED"}
    scored = len(list(ran.project.folder.glob("results/**/trials.csv")))
    assert sum("evaluate" in job["Comment"] or "scoring" in job["Comment"] for job in others) < scored
    assert not [job for job in ran.jobs if "collect" in job["Comment"] or "subset" in job["Comment"]]


def test_a_training_cut_off_at_its_time_limit_was_resubmitted_and_resumed(ran):
    same = _of(ran.cut_off, ran.jobs)
    assert [job["JobState"] for job in same] == ["TIMEOUT", "COMPLETED"]
    minutes = [_minutes(job["TimeLimit"]) for job in same]
    assert max(minutes) == 120  # the second try asks for twice the time
    assert json.loads((ran.cut_off / "run.json").read_text())["resumed_after_epoch"] >= 1
    assert "resuming after epoch" in (ran.cut_off / "train.log").read_text()


def _minutes(limit: str) -> int:
    hours, minutes, _ = limit.split(":")
    return 60 * int(hours) + int(minutes)


def test_a_node_taken_down_only_delays(ran):
    (job,) = _of(ran.uprooted, ran.jobs)
    assert (job["JobState"], job["Restarts"]) == ("COMPLETED", "1")
    assert any(f"JobId={job['JobId']} " in line and "JobState=NODE_FAIL" in line for line in ran.log)
    assert json.loads((ran.uprooted / "run.json").read_text())["resumed_after_epoch"] >= 1


def test_logs_lie_beside_the_results(ran):
    for run in ran.project.folder.glob("results/**/run.json"):
        assert "python -m training" in run.with_name("train.log").read_text()
    assert list((ran.project.folder / "results" / "slurm_logs").rglob("*.log"))


def test_the_scores_are_those_of_an_undisturbed_run_without_slurm(ran, tmp_path):
    alone = make(tmp_path / "alone", ROWS)
    status, said = alone.run(TARGET)
    assert status == 0, said[-4000:]
    assert ran.project.tables() == alone.tables()
