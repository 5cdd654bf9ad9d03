"""Kill a random process of a run at a random instant."""

import os
import random
import re
import signal
import time
from pathlib import Path
from subprocess import Popen

import psutil

TARGETS = {
    "snakemake": lambda line: "snakemake" in line,
    "wrapper": lambda line: "-m workflow.job" in line,
    "command": lambda line: "-m workflow.job" not in line and "snakemake" not in line,
}
WAYS = ("SIGKILL", "SIGTERM", "SIGSTOP+SIGKILL")
# Seconds from the first sight of a job to the kill: from imports to the middle of a job, or of a later one.
LATEST = (0.3, 1.5, 6.0, 12.0)


def strike(head: Popen, random_: random.Random) -> str | None:
    """Kill a process below `head` of a random kind, at a random instant and in a random way.

    What was done, or None if the run ended before.
    """
    target, way = random_.choice(sorted(TARGETS)), random_.choice(WAYS)
    wait_for(head, "snakemake" if random_.random() < 0.2 else "command")
    time.sleep(random_.uniform(0, random_.choice(LATEST)))
    victim = wait_for(head, target)
    if victim is None:
        return None
    try:
        line = " ".join(victim.cmdline())
        if "STOP" in way:
            os.kill(victim.pid, signal.SIGSTOP)
            time.sleep(random_.uniform(0, 1))
        os.kill(victim.pid, signal.SIGTERM if way == "SIGTERM" else signal.SIGKILL)
    except (psutil.Error, ProcessLookupError):
        return None
    return f"{way} of {target}{_job(line)}"


def wait_for(head: Popen, target: str) -> psutil.Process | None:
    """A process of this kind below `head`, as soon as there is one; None if the run ends before."""
    wanted = TARGETS[target]
    while head.poll() is None:
        for process in below(head.pid):
            try:
                line = process.cmdline()
                python = line and "python" in Path(line[0]).name
                if python and wanted(" ".join(line)) and process.status() != psutil.STATUS_ZOMBIE:
                    return process
            except psutil.Error:
                continue
        time.sleep(0.05)
    return None


def _job(line: str) -> str:
    """What a process does, from its command line: the room's module and its subcommand."""
    found = re.search(r"-m (training|datasets|eval\.report|eval\.chance|eval|workflow\.plan)((?: [a-z-]+\b)?)", line)
    return f" of {found[1]}{found[2] if found[1] in ('training', 'datasets', 'eval.report') else ''}" if found else ""


def below(pid: int) -> list[psutil.Process]:
    """A process and all its descendants."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def wait_for_orphans(folder: str, seconds: float = 300) -> bool:
    """Wait until no process works in a folder; whether that came to pass."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not working_in(folder):
            return True
        time.sleep(0.2)
    return False


def working_in(folder: str) -> list[psutil.Process]:
    """The live processes whose working directory is this folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == folder and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found
