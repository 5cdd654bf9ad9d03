"""Checkpoints: written whole, two kept, a damaged one recognised by the checksum in its name.

A checkpoint is `checkpoint_<epochs done>_<first 16 digits of its SHA-256>.pt` in the run's folder. It is not an output
of the workflow, which would delete it when a job fails. Its `fingerprint` says what it belongs to; one of another
configuration or code is not used.
"""

import io
import re
from pathlib import Path

import torch

from files import sha256, write_whole

KEPT = 2
NAME = re.compile(r"checkpoint_(\d+)_([0-9a-f]{16})\.pt")


def save(folder: Path, epochs_done: int, state: dict) -> Path:
    """Write a checkpoint and delete all but the newest two."""
    unnamed, buffer = folder / "checkpoint.tmp", io.BytesIO()
    torch.save(state, buffer)
    with write_whole(unnamed) as temporary:
        temporary.write_bytes(buffer.getbuffer())
    path = folder / f"checkpoint_{epochs_done:05d}_{sha256(unnamed)[:16]}.pt"
    unnamed.replace(path)
    for old in found(folder)[KEPT:]:
        old.unlink()
    return path


def found(folder: Path) -> list[Path]:
    """Checkpoints in a folder, newest first."""
    return sorted((p for p in folder.glob("checkpoint_*.pt") if NAME.fullmatch(p.name)), reverse=True)


def load(folder: Path, fingerprint: str, device: str) -> dict | None:
    """The newest sound checkpoint with this fingerprint, or None; says in one line each why another was passed over."""
    for path in found(folder):
        if sha256(path)[:16] != path.stem.rpartition("_")[2]:
            print(f"{path}: damaged (its checksum is not the one in its name); trying an older one", flush=True)
            continue
        state = torch.load(path, map_location=device, weights_only=True)
        if state["fingerprint"] != fingerprint:
            print(f"{path}: made by another configuration or other code; not used", flush=True)
            continue
        return state
    return None


def clear(folder: Path) -> None:
    """Delete a folder's checkpoints, once its results are written."""
    for path in [*found(folder), folder / "checkpoint.tmp"]:
        path.unlink(missing_ok=True)
