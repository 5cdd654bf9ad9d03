"""Where a result comes from: code, packages, machine, command."""

import importlib.metadata
import platform
import resource
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import torch

ROOT = Path(__file__).parent.parent
PACKAGES = ("numpy", "pandas", "pillow", "safetensors", "scipy", "snakemake", "torch")


def now() -> str:
    """The time in UTC, to the second, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def commit() -> tuple[str | None, bool | None]:
    """The checked-out commit and whether the tree is unchanged; None where the project is no git checkout."""
    try:
        head = _git("rev-parse", "HEAD")
        return head, not _git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return None, None


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(ROOT), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def processor() -> str:
    """The processor's name where Linux tells it, else its kind: two kinds of processor may give different bits."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def machine(device: torch.device) -> dict[str, object]:
    """Host, processor or GPU, and package versions."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else processor()
    return {
        "host": platform.node(),
        "device": f"{device.type}: {name}",
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "packages": {package: importlib.metadata.version(package) for package in PACKAGES},
    }


def peak_memory_mb(device: torch.device) -> dict[str, float]:
    """Greatest memory so far: of the process, and allocated on a GPU."""
    peak = {"host": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    if device.type == "cuda":
        peak["device"] = torch.cuda.max_memory_allocated(device) / 2**20
    return peak


def command() -> str:
    """The command line of this process, as it can be typed again."""
    import shlex

    return shlex.join(["python", "-m", "training", *sys.argv[1:]])
