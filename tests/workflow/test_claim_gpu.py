"""The GPU launcher: never two commands on one device, no device idle, no lock left behind."""

import os
import signal
import subprocess
import sys
import time

import pytest

SCRIPT = """
import os, sys, time
with open(sys.argv[1], "a") as log:
    log.write(f"+{os.environ['CUDA_VISIBLE_DEVICES']}\\n"); log.flush()
    time.sleep(float(sys.argv[2]))
    log.write(f"-{os.environ['CUDA_VISIBLE_DEVICES']}\\n")
"""


def launch(tmp_path, seconds, **environment):
    variables = {"CUDA_VISIBLE_DEVICES": "0,1", "TMPDIR": str(tmp_path)} | environment
    command = [
        sys.executable,
        "workflow/claim_gpu.py",
        sys.executable,
        "-c",
        SCRIPT,
        str(tmp_path / "log"),
        str(seconds),
    ]
    clean = {k: v for k, v in os.environ.items() if k not in ("SLURM_JOB_ID", "VIREID_RUNS_PER_GPU")}
    return subprocess.Popen(command, env=clean | variables)


def most_at_once(log) -> dict[str, int]:
    """Greatest number of commands that ran at once on each device."""
    running: dict[str, int] = {}
    most: dict[str, int] = {}
    for line in log.read_text().splitlines():
        device = line[1:]
        running[device] = running.get(device, 0) + (1 if line[0] == "+" else -1)
        most[device] = max(most.get(device, 0), running[device])
    return most


@pytest.mark.parametrize(("slots", "most"), [("1", 1), ("2", 2)])
def test_each_device_runs_its_share(tmp_path, slots, most):
    jobs = [launch(tmp_path, 0.3, VIREID_RUNS_PER_GPU=slots) for _ in range(6)]
    assert [job.wait() for job in jobs] == [0] * 6
    found = most_at_once(tmp_path / "log")
    assert set(found) == {"0", "1"}
    assert max(found.values()) <= most


def test_a_killed_command_frees_its_device(tmp_path):
    first = launch(tmp_path, 60, CUDA_VISIBLE_DEVICES="0")
    while not (tmp_path / "log").exists() or not (tmp_path / "log").read_text():
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert launch(tmp_path, 0, CUDA_VISIBLE_DEVICES="0").wait(timeout=20) == 0


def test_inside_slurm_the_schedulers_choice_stays(tmp_path):
    assert launch(tmp_path, 0, CUDA_VISIBLE_DEVICES="3", SLURM_JOB_ID="7").wait() == 0
    assert most_at_once(tmp_path / "log") == {"3": 1}


def test_a_number_of_runs_that_is_none_is_named(tmp_path):
    job = launch(tmp_path, 0, VIREID_RUNS_PER_GPU="two")
    assert job.wait() == 1
    assert not (tmp_path / "log").exists()


def test_every_user_of_the_machine_may_take_a_lock(tmp_path):
    assert launch(tmp_path, 0, CUDA_VISIBLE_DEVICES="0").wait() == 0
    assert (tmp_path / "vireid-gpu-0-0.lock").stat().st_mode & 0o777 == 0o666
