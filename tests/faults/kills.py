"""Kill a random process of a run at a random instant."""

import os
import random
import signal
import time
from subprocess import Popen

import psutil

TARGETS = {
    "snakemake": lambda line: "snakemake" in line,
    "wrapper": lambda line: "workflow.job" in line,
    "command": lambda line: "-m workflow.job" not in line and "snakemake" not in line,
}
WAYS = ("SIGKILL", "SIGTERM", "SIGSTOP+SIGKILL")
# Seconds between the first sight of a victim and its end: from imports to the middle of the work.
LONGEST = 6.0


def strike(head: Popen, random_: random.Random) -> str | None:
    """Wait for a process of a random kind below `head`, kill it in a random way; what was done, or None if it ended."""
    target = random_.choice(sorted(TARGETS))
    victim = _wait_for(head, target)
    if victim is None:
        return None
    time.sleep(random_.uniform(0, random_.choice((0.3, 1.5, LONGEST))))
    way = random_.choice(WAYS)
    try:
        line = " ".join(victim.cmdline())
        if "STOP" in way:
            os.kill(victim.pid, signal.SIGSTOP)
            time.sleep(random_.uniform(0, 1))
        os.kill(victim.pid, signal.SIGTERM if way == "SIGTERM" else signal.SIGKILL)
    except (psutil.Error, ProcessLookupError):
        return None
    return f"{way} of {target}: {line[:120]}"


def _wait_for(head: Popen, target: str) -> psutil.Process | None:
    wanted = TARGETS[target]
    while head.poll() is None:
        for process in below(head.pid):
            try:
                line = " ".join(process.cmdline())
                if "python" in line and wanted(line) and process.status() != psutil.STATUS_ZOMBIE:
                    return process
            except psutil.Error:
                continue
        time.sleep(0.05)
    return None


def below(pid: int) -> list[psutil.Process]:
    """A process and all its descendants."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def wait_for_orphans(folder: str, seconds: float = 120) -> bool:
    """Wait until no process works in a folder; whether that came to pass."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not _working_in(folder):
            return True
        time.sleep(0.2)
    return False


def _working_in(folder: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == folder and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found
