"""What every Python process of a SLURM job of these tests does first (PYTHONPATH leads here).

It refuses and notes connections to the network, as on a node without one. A training stops itself (SIGSTOP) before it
keeps its second checkpoint, once for each run folder, and stands still until it is ended or the mark that it leaves
says otherwise, so that a test can disturb it at a known instant.
"""

import os
import signal
import sys
from pathlib import Path

NOTES = Path(os.environ.get("VIREID_NOTES", "."))


def _note(name: str, words: str) -> None:
    with (NOTES / name).open("a") as file:
        file.write(f"{os.environ['SLURM_JOB_ID']} {words}\n")


def _hook(event: str, arguments: tuple) -> None:
    if event == "socket.getaddrinfo" or (event == "socket.connect" and isinstance(arguments[1], tuple)):
        _note("connections", f"{sys.orig_argv}: {event} {arguments}")
        raise ConnectionRefusedError("this node has no network")
    if event == "os.rename" and Path(os.fsdecode(arguments[1])).name.startswith("checkpoint_00002"):
        _stop(Path(os.fsdecode(arguments[1])).parent)


def _stop(folder: Path) -> None:
    mark = NOTES / "stopped" / str(folder).replace("/", " ")
    try:
        handle = os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        return
    os.write(handle, str(os.getpid()).encode())
    os.close(handle)
    while mark.read_text() != "go on":
        os.kill(os.getpid(), signal.SIGSTOP)


if "SLURM_JOB_ID" in os.environ:
    _note("watched", " ".join(sys.orig_argv[:4]))
    sys.addaudithook(_hook)
