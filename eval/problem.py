"""What is to be scored: queries, a pool of images, and the galleries that are parts of it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from eval.similarity import Similarities


@dataclass(frozen=True)
class Side:
    """Identities and cameras of one side, (n,) each, sorted by identity."""

    identities: np.ndarray
    cameras: np.ndarray


@dataclass(frozen=True)
class Problem:
    """Q queries in S galleries of one pool of N images.

    `queries` sorted by identity, then camera; `pool` sorted by identity, its order decides ties. `members`: (S, N)
    bool; `skip(identity, camera)`: (N,) bool, the images that such a query ignores; `identity_level`: (S,) bool, the
    level of the CMC rank.
    """

    similarities: Similarities
    queries: Side
    pool: Side
    members: np.ndarray
    skip: Callable[[int, int], np.ndarray]
    identity_level: np.ndarray

    def starts(self) -> np.ndarray:
        """First pool position of each identity."""
        return np.r_[0, np.flatnonzero(np.diff(self.pool.identities)) + 1]
