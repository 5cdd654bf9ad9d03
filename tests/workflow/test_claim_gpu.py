"""The GPU launcher: never two commands on one device, no device idle, no lock left behind."""

import os
import subprocess
import sys
import time

import pytest

from tests.waiting import until

# Says which device it got, and works on it until the file `go` is there.
SCRIPT = """
import os, sys, time
with open(sys.argv[1] + "/log", "a") as log:
    log.write(f"+{os.environ['CUDA_VISIBLE_DEVICES']}\\n"); log.flush()
    while not os.path.exists(sys.argv[1] + "/go"): time.sleep(0.05)
    log.write(f"-{os.environ['CUDA_VISIBLE_DEVICES']}\\n")
"""


def launch(tmp_path, **environment):
    variables = {"CUDA_VISIBLE_DEVICES": "0,1", "TMPDIR": str(tmp_path)} | environment
    command = [sys.executable, "workflow/claim_gpu.py", sys.executable, "-c", SCRIPT, str(tmp_path)]
    clean = {k: v for k, v in os.environ.items() if k not in ("SLURM_JOB_ID", "VIREID_RUNS_PER_GPU")}
    return subprocess.Popen(command, env=clean | variables)


def log(tmp_path) -> list[str]:
    path = tmp_path / "log"
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize(("slots", "share"), [("1", 1), ("2", 2)])
def test_each_device_runs_its_share(tmp_path, slots, share):
    """Commands that go on fill every place; later ones wait for a place that becomes free."""
    jobs = [launch(tmp_path, VIREID_RUNS_PER_GPU=slots) for _ in range(2 * share)]
    until(lambda: len(log(tmp_path)) == 2 * share)
    jobs += [launch(tmp_path, VIREID_RUNS_PER_GPU=slots) for _ in range(2)]
    time.sleep(1)
    assert sorted(log(tmp_path)) == ["+0"] * share + ["+1"] * share
    (tmp_path / "go").touch()
    assert [job.wait() for job in jobs] == [0] * len(jobs)
    assert len(log(tmp_path)) == 2 * len(jobs)


def test_a_killed_command_frees_its_device(tmp_path):
    first = launch(tmp_path, CUDA_VISIBLE_DEVICES="0")
    until(lambda: log(tmp_path))
    first.kill()
    first.wait()
    (tmp_path / "go").touch()
    assert launch(tmp_path, CUDA_VISIBLE_DEVICES="0").wait(timeout=120) == 0


def test_inside_slurm_the_schedulers_choice_stays(tmp_path):
    (tmp_path / "go").touch()
    assert launch(tmp_path, CUDA_VISIBLE_DEVICES="3", SLURM_JOB_ID="7").wait() == 0
    assert log(tmp_path) == ["+3", "-3"]


def test_without_a_device_the_command_runs_as_it_is(tmp_path):
    (tmp_path / "go").touch()
    assert launch(tmp_path, CUDA_VISIBLE_DEVICES="").wait(timeout=120) == 0
    assert log(tmp_path) == ["+", "-"]


def test_a_number_of_runs_that_is_none_is_named(tmp_path):
    job = launch(tmp_path, VIREID_RUNS_PER_GPU="two")
    assert job.wait() == 1
    assert not (tmp_path / "log").exists()


def test_every_user_of_the_machine_may_take_a_lock(tmp_path):
    (tmp_path / "go").touch()
    assert launch(tmp_path, CUDA_VISIBLE_DEVICES="0").wait() == 0
    assert (tmp_path / "vireid-gpu-0-0.lock").stat().st_mode & 0o777 == 0o666
