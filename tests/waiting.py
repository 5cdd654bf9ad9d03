"""Waiting for what another process does, on a machine of any speed."""

import time
from collections.abc import Callable

import psutil


def until(happened: Callable[[], object], seconds: float = 120) -> None:
    """Return as soon as something holds; fail after a time that only a fault can need."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, f"waited for {seconds} seconds in vain"
        time.sleep(0.02)


def ended(process: psutil.Process) -> bool:
    """Whether a process is gone, or only waits for somebody to take note of its end."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
