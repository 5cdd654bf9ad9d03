"""Run a command on a GPU that no other claimed command of this machine uses.

python workflow/claim_gpu.py COMMAND [ARGUMENT ...]

Snakemake counts GPUs but hands none out. This takes the lock of one device of CUDA_VISIBLE_DEVICES (or of all that the
driver shows), waits while all are taken, and replaces itself by the command with CUDA_VISIBLE_DEVICES set to that one.
The lock belongs to the process and goes with it, however it ends. Inside a SLURM job, which has its own device already,
and on a machine without a GPU, the command runs as it is.
"""

import fcntl
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def devices() -> list[str]:
    """Identifiers of the devices that may be claimed."""
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        return [name for name in os.environ["CUDA_VISIBLE_DEVICES"].split(",") if name]
    try:
        listed = subprocess.run(
            ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return []
    return listed.stdout.split()


def claim(names: list[str], slots: int, folder: Path) -> str:
    """Wait for a free slot of a device and return the device; its lock stays open in this process."""
    while True:
        for slot in range(slots):
            for name in names:
                handle = _open(folder / f"vireid-gpu-{name}-{slot}.lock")
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    os.close(handle)
                    continue
                os.set_inheritable(handle, True)
                return name
        time.sleep(1)


def _open(path: Path) -> int:
    """A lock's file, which the first user makes and every other user of the machine may lock too."""
    try:
        return os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        path.touch(0o666)
        path.chmod(0o666)
        return os.open(path, os.O_RDONLY)


def slots_per_device() -> int:
    """Commands that may share a device: VIREID_RUNS_PER_GPU, 1 where it is not set."""
    found = os.environ.get("VIREID_RUNS_PER_GPU", "1")
    if not found.isdecimal() or int(found) < 1:
        sys.exit(f"error: VIREID_RUNS_PER_GPU is {found!r}, expected a whole number of at least 1")
    return int(found)


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    names = devices()
    if names and "SLURM_JOB_ID" not in os.environ:
        os.environ["CUDA_VISIBLE_DEVICES"] = claim(names, slots_per_device(), Path(tempfile.gettempdir()))
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
