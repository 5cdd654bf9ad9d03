"""The shipped profile on a real SLURM; proofs come from SLURM's own records of one disturbed run (ordeal.py)."""

import json
import os
import re
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import pytest

from tests.cluster.ordeal import REPORT, ROWS, Ordeal, suffer
from tests.cluster.slurm import Cluster, missing
from tests.faults.project import make

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(bool(missing()), reason=f"no SLURM on this machine: {', '.join(missing())} not found"),
]


@pytest.fixture(scope="module")
def cluster():
    with tempfile.TemporaryDirectory(prefix="slurm", ignore_cleanup_errors=True) as folder:
        found = Cluster(Path(folder))
        try:
            try:
                found.start()
            except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
                pytest.skip(f"SLURM is installed, but does not run on this machine: {error}")
            yield found
        finally:
            found.stop()


@pytest.fixture(scope="module")
def ran(cluster, tmp_path_factory) -> Ordeal:
    return suffer(cluster, tmp_path_factory.mktemp("cluster"))


def intervals(log: list[str], ids: set[str]) -> list[tuple[str, str, str]]:
    """Node, start and end of every execution of these jobs in SLURM's completion log, requeued ones included."""
    found = [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in log]
    return [(job["NodeList"], job["StartTime"], job["EndTime"]) for job in found if job["JobId"] in ids]


def test_trainings_ran_as_slurm_jobs_with_one_gpu_each(ran):
    trainings = ran.jobs()
    runs = {re.sub(r"^rule_train_wildcards_", "", job["Comment"]) for job in trainings}
    assert len(runs) == 4  # three rows and the untrained network
    assert all("gpu:1" in job["TresPerJob"] for job in trainings)
    assert all(job["JobName"].startswith("vireid_") for job in trainings)
    assert len(list(ran.project.folder.glob("results/**/run.json"))) == 4


def test_no_two_trainings_shared_a_gpu(ran):
    """Each node has one GPU, so trainings on one node must follow one another."""
    executions = sorted(intervals(ran.cluster.completed(), {job["JobId"] for job in ran.jobs()}))
    assert len(executions) == 8  # an orphan, its refused and its successful rerun, two of one, two of another, one
    for (node, _, end), (other, start, _) in pairwise(executions):
        assert node != other or end <= start


def test_jobs_without_a_gpu_ask_for_none_and_scorings_are_grouped(ran):
    others = [job for job in ran.cluster.jobs() if "rule_train_" not in job.get("Comment", "rule_train_")]
    assert all("TresPerJob" not in job for job in others)
    assert {job["JobState"] for job in others} == {"COMPLETED"}
    scored = len(list(ran.project.folder.glob("results/**/trials.csv")))
    assert sum("evaluate" in job["Comment"] or "scoring" in job["Comment"] for job in others) < scored
    assert not [job for job in others if "collect" in job["Comment"] or "subset" in job["Comment"]]


def test_a_training_cut_off_at_its_time_limit_was_resubmitted_and_resumed(ran):
    same = ran.jobs(ran.cut_off)
    assert [job["JobState"] for job in same] == ["TIMEOUT", "COMPLETED"]
    assert minutes(same[1]["TimeLimit"]) == 120  # twice the first try's
    assert json.loads((ran.project.folder / ran.cut_off / "run.json").read_text())["resumed_after_epoch"] == 1


def minutes(limit: str) -> int:
    hours, minutes, _ = limit.split(":")
    return 60 * int(hours) + int(minutes)


def test_a_node_taken_down_only_delays(ran):
    (job,) = ran.jobs(ran.uprooted)
    assert (job["JobState"], job["Restarts"]) == ("COMPLETED", "1")
    log = ran.cluster.completed()
    assert any(f"JobId={job['JobId']} " in line and "JobState=NODE_FAIL" in line for line in log)
    assert json.loads((ran.project.folder / ran.uprooted / "run.json").read_text())["resumed_after_epoch"] == 1


def test_a_rerun_refuses_to_train_beside_what_a_killed_snakemake_left(ran):
    orphan, refused, *_ = ran.jobs(ran.orphan)
    assert (orphan["JobState"], refused["JobState"]) == ("COMPLETED", "FAILED")
    assert orphan["JobName"] != refused["JobName"]
    logs = (ran.project.folder / "results" / "slurm_logs").rglob(f"{refused['JobId']}.log")
    assert "another process is training this run; wait for it or stop it" in next(logs).read_text()


def test_no_job_was_tried_more_often_than_the_profile_says(ran):
    """A rule's own retries would also happen inside the SLURM job, where they multiply."""
    rules = "".join(path.read_text() for path in (ran.project.folder / "workflow" / "rules").glob("*.smk"))
    assert not re.search(r"^\s*retries:", rules, re.MULTILINE)
    log = next((ran.project.folder / "results" / "slurm_logs").rglob(f"{ran.jobs(ran.orphan)[1]['JobId']}.log"))
    assert log.read_text().count("another process is training") == 1


def test_no_job_opened_a_connection(ran):
    watched = {line.split()[0] for line in (ran.notes / "watched").read_text().splitlines()}
    assert {job["JobId"] for job in ran.cluster.jobs() if "Comment" in job} <= watched
    assert not (ran.notes / "connections").exists(), (ran.notes / "connections").read_text()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_a_connection_would_have_been_noticed(tmp_path, name):
    watch = {"PYTHONPATH": str(Path(__file__).with_name("watch")), "VIREID_NOTES": str(tmp_path), "SLURM_JOB_ID": "7"}
    program = f"import socket; socket.create_connection(({name!r}, 9))"
    said = subprocess.run([sys.executable, "-c", program], env=os.environ | watch, capture_output=True, text=True)
    assert "this node has no network" in said.stderr
    assert (tmp_path / "connections").read_text().startswith("7 ")


def test_logs_lie_beside_the_results(ran):
    for run in ran.project.folder.glob("results/**/run.json"):
        assert "python -m training" in run.with_name("train.log").read_text()


def test_the_scores_are_those_of_an_undisturbed_run_without_slurm(ran, tmp_path):
    alone = make(tmp_path / "alone", ROWS)
    status, said = alone.run(REPORT)
    assert status == 0, said[-4000:]
    assert ran.project.tables() == alone.tables()
