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
                handle = os.open(folder / f"vireid-gpu-{name}-{slot}.lock", os.O_RDWR | os.O_CREAT, 0o666)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    os.close(handle)
                    continue
                os.set_inheritable(handle, True)
                return name
        time.sleep(1)


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    names = devices()
    if names and "SLURM_JOB_ID" not in os.environ:
        slots = int(os.environ.get("VIREID_RUNS_PER_GPU", "1"))
        os.environ["CUDA_VISIBLE_DEVICES"] = claim(names, slots, Path(tempfile.gettempdir()))
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
