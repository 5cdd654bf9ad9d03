"""Who stands before whom: the place of every gallery image among a query's matches, without sorting the gallery.

All metrics of this field need, for each match, only how many images stand before it. So the few matches are sorted,
and each other image is assigned its `bin`, the number of matches before it: a table lookup on the quantised similarity
where that decides, a binary search in the few buckets that hold a match. Where the rounding of the matrix product
could have decided between a match and a non-match, both are computed again in a reproducible way.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_STEPS = 5
Exact = Callable[[int, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Places:
    """A tile of R queries of one identity against a pool of N images of which m are matches.

    `bins`: (R, N) intp, `row * (m + 1)` plus the number of matches before each image; the matches themselves have m.
    `found`: (R, m) the matches from the first to the last, as 0..m-1 in pool order.
    """

    bins: np.ndarray
    found: np.ndarray


def place_tile(
    similarity: np.ndarray, first: int, last: int, tolerance: float = 0.0, exact: Exact | None = None
) -> Places:
    """Place all images of a tile, `similarity` (R, N) float64; the matches are the columns first..last.

    Higher similarity first, ties by column. `tolerance` bounds how far apart two computed similarities can be whose
    true order is the other; `exact(row, columns)` returns reproducible similarities and is used below that distance.
    With tolerance 0 the given values are final.
    """
    rows, pool = similarity.shape
    count = last - first
    matches = similarity[:, first:last]
    found = np.argsort(-matches, axis=1, kind="stable")
    buckets = _Buckets(matches, pool, tolerance)
    bins = buckets.table(matches, tolerance).take(buckets.of(similarity), mode="clip")
    bins[:, first:last] = (np.arange(rows) * (count + 1) + count)[:, None]
    open_ = np.flatnonzero(bins < 0)
    unsure = _settle(bins.reshape(-1), open_, similarity, np.take_along_axis(matches, found, 1), last, tolerance)
    for row in np.unique(open_[unsure] // pool):
        low, high = np.searchsorted(open_, [row * pool, (row + 1) * pool])
        columns = open_[low:high] - row * pool
        found[row], place = place_row(similarity[row], columns, first, last, tolerance, exact, row)
        bins[row, columns] = row * (count + 1) + place
    return Places(bins, found)


def _settle(
    bins: np.ndarray, open_: np.ndarray, similarity: np.ndarray, ordered: np.ndarray, last: int, tolerance: float
) -> np.ndarray:
    """Turn the lower bounds at the flat positions `open_` into bins by comparing with the next few matches.

    Returns where that does not decide: more matches in one bucket, or a match within the tolerance.
    """
    rows, count = ordered.shape
    value = similarity.reshape(-1)[open_]
    later = open_ % similarity.shape[1] >= last
    # One more column of -inf ends each row; place - 1 of a row's first is the end of another row.
    flat = np.full((rows, count + 1), -np.inf)
    flat[:, :count] = ordered
    flat = flat.reshape(-1)
    at = ~bins[open_]
    for _ in range(_STEPS):
        ahead = flat[at]
        step = (ahead > value) | ((ahead == value) & later)
        if not step.any():
            break
        at += step
    bins[open_] = at
    if tolerance:
        step |= (value - flat[at] <= tolerance) | (np.abs(flat[at - 1] - value) <= tolerance)
    return step


class _Buckets:
    """A monotone map of each row's similarities to `size` buckets that spread over the range of its matches.

    Only rounding that keeps order is used, so a higher bucket always means a higher similarity.
    """

    def __init__(self, matches: np.ndarray, pool: int, tolerance: float):
        rows, count = matches.shape
        self.size = max(64, 1 << max(pool // 4, 16 * count).bit_length())
        low, high = matches.min(axis=1), matches.max(axis=1)
        magnitude = np.maximum(np.abs(low), np.abs(high))
        # The floor keeps buckets wider than the tolerance, and finite where all matches are equal.
        width = np.maximum((high - low) / (self.size - 6), 2.0**-30 * np.maximum(magnitude, 1e-200))
        width = np.maximum(width, 4 * tolerance)
        # Clipping happens two buckets outside the matches, where no bucket is doubtful.
        self.low = (low - 2.5 * width)[:, None]
        self.high = (high + 2.5 * width)[:, None]
        self.scale = (1 / width)[:, None]
        self.offset = (np.arange(rows) * float(self.size))[:, None]

    def of(self, values: np.ndarray) -> np.ndarray:
        """Flat bucket number of each value, (R, n) intp."""
        scaled = np.maximum(values, self.low)
        np.minimum(scaled, self.high, out=scaled)
        scaled -= self.low
        scaled *= self.scale
        scaled += self.offset
        return scaled.astype(np.intp)

    def table(self, matches: np.ndarray, tolerance: float) -> np.ndarray:
        """Bin of every bucket, (R * size,) intp.

        Where a match stands in the bucket or within tolerance, the complement (~) of the least possible bin.
        """
        rows, count = matches.shape
        places = self.of(matches).ravel()
        held = np.bincount(places, minlength=rows * self.size).reshape(rows, self.size)
        table = np.cumsum(held, axis=1)
        np.subtract((np.arange(rows) * (count + 1) + count)[:, None], table, out=table)
        table = table.ravel()
        marked = np.zeros(len(table), bool)
        marked[places] = True
        if tolerance:
            marked[self.of(matches - tolerance).ravel()] = True
            marked[self.of(matches + tolerance).ravel()] = True
        return np.invert(table, out=table, where=marked)


def place_row(
    similarity: np.ndarray,
    columns: np.ndarray,
    first: int,
    last: int,
    tolerance: float,
    exact: Exact | None,
    row: int,
) -> tuple[np.ndarray, np.ndarray]:
    """The order of one query's matches and the number of matches before each of `columns` (non-matches)."""
    distance, matches = -similarity[columns], -similarity[first:last]
    found = np.argsort(matches, kind="stable")
    ordered = matches[found]
    place = np.searchsorted(ordered, distance)
    if tolerance and exact is not None:
        near = _gap(ordered, distance, place) <= tolerance
        if near.any():
            distance[near] = -exact(row, columns[near])
            matches = -exact(row, np.arange(first, last))
            found = np.argsort(matches, kind="stable")
            ordered = matches[found]
            place = np.searchsorted(ordered, distance)
    later = np.flatnonzero((_gap(ordered, distance, place) == 0) & (columns >= last))
    place[later] = np.searchsorted(ordered, distance[later], side="right")
    return found, place


def _gap(ordered: np.ndarray, values: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Distance of each value to the nearest of `ordered`, given its place among them."""
    above = np.take(ordered, place, mode="clip")
    below = np.take(ordered, place - 1, mode="clip")
    return np.minimum(np.abs(above - values), np.abs(values - below))
