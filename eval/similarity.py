"""Similarities of queries and pool in blocks: from features by one product, or given as a matrix."""

from collections.abc import Iterator
from typing import Literal, Protocol

import numpy as np

_UNIT_ROUNDOFF = 2.0**-53
_CHUNK = 2048
_CACHE_BYTES = 2**28
_CACHED_ROWS = 128
_SQUARES = (1e-280, 1e280)
Rows = slice | np.ndarray
Order = Literal["C", "F"]


class Similarities(Protocol):
    """What the engine needs: blocks of rows, and the distance below which their order is not yet certain."""

    tolerance: float

    def block(self, rows: Rows, order: Order) -> np.ndarray:
        """Similarities of some queries, (rows, N) float64; `order`: the memory order that the caller can use best."""

    def exact(self, query: int, columns: np.ndarray) -> np.ndarray:
        """Similarities of one query that depend on nothing but the two features, (len(columns),) float64."""


def spans(count: int, pool: int, rows: int, size: int) -> list[slice]:
    """Cut `count` queries into spans of at most `rows` whose similarities with the pool take at most `size` bytes."""
    step = max(1, min(rows, size // (8 * pool)))
    return [slice(start, min(start + step, count)) for start in range(0, count, step)]


class Given:
    """A similarity matrix (Q, N), taken as it is."""

    tolerance = 0.0

    def __init__(self, matrix: np.ndarray):
        self.matrix = matrix

    def block(self, rows: Rows, order: Order) -> np.ndarray:
        return self.matrix[rows]

    def exact(self, query: int, columns: np.ndarray) -> np.ndarray:
        return self.matrix[query, columns]


class Products:
    """Cosine similarity, or the negative squared Euclidean distance up to a constant of the query, in float64.

    A BLAS product may differ in its last bits with the number of threads, the place in the matrix and the machine. Two
    computed dot products of unit vectors of D numbers each lie within D u of the true value (u = 2^-53), however they
    are summed, so two similarities can change their order only when they are closer than 4 D u. `tolerance` is twice
    that, which also covers rounding in norms; below it `exact` decides, a sum in a fixed order.
    """

    def __init__(self, features: np.ndarray, queries: np.ndarray, pool: np.ndarray, distance: str):
        """`features`: (rows, D); `queries`, `pool`: row numbers; `distance`: "cosine" or "euclidean"."""
        self.features, self.queries, self.pool, self.distance = features, queries, pool, distance
        self.tolerance = 8 * features.shape[1] * _UNIT_ROUNDOFF
        self.scale = 1.0 if distance == "cosine" else _power_of_two_scale(features, queries, pool)
        self.kept = None
        if len(pool) * features.shape[1] * 8 <= _CACHE_BYTES:
            self.kept = self._prepared(pool)

    def block(self, rows: Rows, order: Order) -> np.ndarray:
        query = self._prepared(self.queries[rows])
        out = np.empty((len(query), len(self.pool)), order=order)
        for low, high, chunk in self._chunks():
            np.matmul(query, chunk.T, out=out[:, low:high])
            if self.distance == "euclidean":
                out[:, low:high] -= _half_squares(chunk)
        return out

    def exact(self, query: int, columns: np.ndarray) -> np.ndarray:
        one = self._prepared(self.queries[query : query + 1])
        values = np.empty(len(columns))
        for start in range(0, len(columns), _CHUNK):
            part = columns[start : start + _CHUNK]
            rows = self.kept[part] if self.kept is not None else self._prepared(self.pool[part])
            values[start : start + _CHUNK] = np.add.reduce(rows * one, axis=1)
            if self.distance == "euclidean":
                values[start : start + _CHUNK] -= _half_squares(rows)
        return values

    def _prepared(self, rows: np.ndarray) -> np.ndarray:
        """Features as they enter the product: float64, of unit length for cosine."""
        out = np.empty((len(rows), self.features.shape[1]))
        for start in range(0, len(rows), _CACHED_ROWS):
            part = out[start : start + _CACHED_ROWS]
            part[:] = self.features[rows[start : start + _CACHED_ROWS]]
            if self.distance == "cosine":
                part /= _lengths(part)
            else:
                part *= self.scale
        return out

    def _chunks(self) -> Iterator[tuple[int, int, np.ndarray]]:
        if self.kept is not None:
            yield 0, len(self.pool), self.kept
            return
        for start in range(0, len(self.pool), _CHUNK):
            rows = self.pool[start : start + _CHUNK]
            yield start, start + len(rows), self._prepared(rows)


def _lengths(values: np.ndarray) -> np.ndarray:
    """Euclidean lengths, (n, 1)."""
    with np.errstate(over="ignore", under="ignore"):
        squares = np.add.reduce(values * values, axis=1, keepdims=True)
    if _SQUARES[0] < squares.min() and squares.max() < _SQUARES[1]:
        return np.sqrt(squares)
    # Squares overflow or vanish: the largest entry of each row is divided out first.
    largest = np.abs(values).max(axis=1, keepdims=True)
    return np.sqrt(np.add.reduce((values / largest) ** 2, axis=1, keepdims=True)) * largest


def _half_squares(values: np.ndarray) -> np.ndarray:
    return np.add.reduce(values * values, axis=1) / 2


def _power_of_two_scale(features: np.ndarray, queries: np.ndarray, pool: np.ndarray) -> float:
    """A power of two (exact in floating point) that brings every length to at most 1."""
    longest = 0.0
    for rows in (queries, pool):
        for start in range(0, len(rows), _CHUNK):
            values = features[rows[start : start + _CHUNK]].astype(np.float64)
            longest = max(longest, float(_lengths(values).max()))
    return 2.0 ** -np.ceil(np.log2(longest))
