"""Score many galleries of one pool, by comparing where they are small and by placing where they are large."""

import os

import numpy as np

from eval.counting import count_galleries, is_small, skip_groups
from eval.metrics import QueryScores
from eval.placing import place_galleries
from eval.similarity import Side, Similarities, Skip


def score_galleries(
    similarities: Similarities,
    queries: Side,
    pool: Side,
    members: np.ndarray,
    skip: Skip,
    identity_level: np.ndarray,
    threads: int | None,
) -> QueryScores:
    """Scores of Q queries in S galleries of one pool, arrays (Q, S).

    `queries` sorted by identity, then camera; `pool` sorted by identity, its order decides ties. `members`: (S, N)
    bool; `skip(identity, camera)`: (N,) bool, the images that such a query ignores; `identity_level`: (S,) bool, the
    level of the CMC rank. `threads`: workers, by default OMP_NUM_THREADS or the cores of this process; the result
    does not depend on it, nor on the way that is taken.
    """
    threads = threads or _default_threads()
    groups = skip_groups(queries, pool, members, skip) if is_small(pool, members) else None
    if groups is None:
        return place_galleries(similarities, queries, pool, members, skip, identity_level, threads)
    return count_galleries(similarities, queries, len(pool.identities), groups, identity_level, threads)


def _default_threads() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(wanted)) if wanted.isdecimal() and int(wanted) > 0 else cores
