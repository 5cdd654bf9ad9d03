"""Damage a random file of a finished or running project."""

import os
import random
from pathlib import Path

WAYS = ("truncated", "bit flipped", "deleted")


def files(folder: Path) -> list[Path]:
    """Every file that a run made and a later one may read: results, reports, and Snakemake's own records; no logs."""
    parts = ("results", "reports/faults", ".snakemake/metadata")
    found = (p for part in parts for p in (folder / part).rglob("*") if p.suffix != ".log" and p.is_file())
    return sorted(p for p in found if p.stat().st_size)


def damage(folder: Path, random_: random.Random) -> tuple[str, Path] | None:
    """Damage one file, half of the time with its old modification time (a decaying disk); what was done, and to which.

    Files of every kind (suffix) are hit equally often. None where there is no file.
    """
    found = files(folder)
    if not found:
        return None
    kind = random_.choice(sorted({_kind(path) for path in found}))
    path = random_.choice([path for path in found if _kind(path) == kind])
    way, silent = random_.choice(WAYS), random_.random() < 0.5
    try:
        before = path.stat()
        if way == "deleted":
            path.unlink()
        elif way == "truncated":
            os.truncate(path, random_.randrange(before.st_size))
        else:
            _flip(path, random_.randrange(before.st_size * 8))
        if silent and way != "deleted":
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    except FileNotFoundError:
        return None
    quiet = ", time kept" if silent and way != "deleted" else ""
    return f"{way}{quiet}: {path.relative_to(folder)}", path


def truncate(path: Path) -> None:
    """Cut a file to half of its length."""
    os.truncate(path, path.stat().st_size // 2)


def _kind(path: Path) -> str:
    return ".snakemake" if ".snakemake" in path.parts else path.suffix or path.name


def _flip(path: Path, bit: int) -> None:
    with path.open("r+b") as file:
        file.seek(bit // 8)
        byte = file.read(1)[0]
        file.seek(bit // 8)
        file.write(bytes([byte ^ 1 << bit % 8]))
