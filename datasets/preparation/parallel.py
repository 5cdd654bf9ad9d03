"""One function over many items in several processes, in order, with a progress bar."""

import ctypes
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from tqdm import tqdm

from datasets import DatasetError

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(function: Callable[[Item], Result], items: Sequence[Item], jobs: int, what: str) -> Iterator[Result]:
    """`function` of each item, in the order of `items` whatever `jobs` is; an exception in a process is raised here."""
    bar = {"desc": what, "total": len(items), "mininterval": 1.0, "disable": None}
    if jobs < 1:
        raise DatasetError(f"jobs = {jobs}, expected at least 1")
    if jobs == 1 or len(items) < 2:
        yield from tqdm(map(function, items), **bar)
        return
    with ProcessPoolExecutor(min(jobs, len(items)), initializer=_die_with_parent) as pool:
        try:
            yield from tqdm(pool.map(function, items), **bar)
        except BrokenProcessPool as error:
            raise DatasetError(f"{what}: a process was killed, probably for memory; give fewer --jobs") from error
        finally:
            pool.shutdown(cancel_futures=True)


def _die_with_parent() -> None:
    """End this process when its parent is killed; it would wait for work for ever (Linux: PR_SET_PDEATHSIG)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def batches(items: Iterable[Item], size: int) -> list[list[Item]]:
    """`items` in order, in lists of `size` (the last may be shorter)."""
    items = list(items)
    return [items[start : start + size] for start in range(0, len(items), size)]
