"""Several processes: one that is killed is named, and all end with the command that started them."""

import os
import subprocess
import sys

import psutil
import pytest

from datasets import DatasetError
from datasets.preparation.parallel import each
from tests.waiting import ended, until

HOLD = """
import os, sys, time
from datasets.preparation.parallel import each

def hold(name):
    open(os.path.join(sys.argv[1], name), "w").write(str(os.getpid()))
    time.sleep(60)

list(each(hold, ["a", "b"], 2, "holding"))
"""


def test_a_killed_process_is_named():
    with pytest.raises(DatasetError, match="packing: a process was killed, probably for memory; give fewer --jobs"):
        list(each(os._exit, [1, 1], 2, "packing"))


def test_no_processes_at_all_are_refused():
    with pytest.raises(DatasetError, match="jobs = 0, expected at least 1"):
        list(each(abs, [1, 1], 0, "packing"))


def test_the_processes_die_with_the_command(tmp_path):
    started = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)])
    pids = [tmp_path / name for name in ("a", "b")]
    until(lambda: all(path.exists() and path.read_text() for path in pids))
    children = [psutil.Process(int(path.read_text())) for path in pids]
    started.kill()
    started.wait()
    until(lambda: all(map(ended, children)))
