"""Score many galleries of one pool, by comparing where they are small and by placing where they are large."""

import os

from eval.counting import count_galleries, is_small, skip_groups
from eval.metrics import QueryScores
from eval.placing import place_galleries
from eval.problem import Problem


def score_galleries(problem: Problem, threads: int | None) -> QueryScores:
    """Scores of each query in each gallery, arrays (Q, S).

    `threads`: workers, by default OMP_NUM_THREADS or the cores of this process; the result does not depend on it, nor
    on the way that is taken.
    """
    threads = threads or _default_threads()
    groups = skip_groups(problem) if is_small(problem) else None
    if groups is None:
        return place_galleries(problem, threads)
    return count_galleries(problem, groups, threads)


def _default_threads() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(wanted)) if wanted.isdecimal() and int(wanted) > 0 else cores
