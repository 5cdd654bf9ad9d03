"""One job of the workflow: check what it reads, run its command, keep the checksums of what it made.

python -m workflow.job --log LOG --in [FILE ...] --out FILE [FILE ...] -- COMMAND [ARGUMENT ...]

All output of the command goes to LOG; if it fails, its last lines are shown. The command ends when this process does,
however that ends, so that nothing goes on writing beside a job that is made again.
"""

import argparse
import ctypes
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from workflow import checksums

SHOWN = 3  # last lines of a failed command's log
PARENT_DEATH = 1  # PR_SET_PDEATHSIG of prctl, Linux


def main() -> int:
    """Run the job; the command's exit status, or 1 with one message."""
    options = _parser().parse_args()
    try:
        for path in options.out:
            checksums.forget(path)
            _sweep(path)
        checksums.refuse_damaged(options.read)
        status = _run(options.command, options.log)
        if status == 0:
            checksums.refuse_damaged(options.read)  # again: they may have changed while the command read them
            for path in options.out:
                checksums.record(path)
    except (checksums.DamagedFile, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m workflow.job", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--in", dest="read", type=Path, nargs="*", default=[])
    parser.add_argument("--out", type=Path, nargs="+", required=True)
    parser.add_argument("command", nargs="+")
    return parser


def _run(command: list[str], log: Path) -> int:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        done = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, preexec_fn=_die_with_parent, check=False)
    if done.returncode != 0:
        print(_last_words(log), file=sys.stderr)
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        print(
            f"error: the job was ended by {name} (SIGKILL often means that memory ran out); log: {log}", file=sys.stderr
        )
        return 128 - done.returncode
    return done.returncode


def _last_words(log: Path) -> str:
    """The end of a failed command's log; where it is empty, because the disk is full, how much of that is free."""
    words = log.read_text(errors="replace").splitlines()[-SHOWN:]
    free = shutil.disk_usage(log.parent).free
    return "\n".join(words) or f"error: the command failed without a word in {log}; its disk has {free:,} bytes free"


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH, signal.SIGKILL)


def _sweep(path: Path) -> None:
    """Delete what a killed job left of this file: temporary files of `files.write_whole`."""
    left = re.compile(rf"\.{re.escape(path.stem)}\.[a-z0-9_]{{8}}{re.escape(path.suffix)}")
    if path.parent.is_dir():
        for found in path.parent.iterdir():
            if left.fullmatch(found.name):
                found.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
