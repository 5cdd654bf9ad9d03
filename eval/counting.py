"""Small galleries: every image is compared with every match, many queries at once.

Where a gallery holds few matches of a query, this costs less than placing the images among them (`ranking.py`): for
each match two comparisons with each image tell how many stand certainly, and how many possibly, before it. They are
made on similarities rounded to float32, which keeps their order or makes it doubtful, never turns it; the few queries
with a doubt are settled one by one in float64.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from eval.metrics import QueryScores
from eval.problem import Problem, Side
from eval.ranking import Exact, place_row
from eval.similarity import spans

_MOST_COMPARISONS = 16
_MOST_GROUPS = 4
_BLOCK_BYTES = 2**28
_BLOCK_ROWS = 512
_BLOCK_ENTRIES = 2**19


@dataclass(frozen=True)
class Layout:
    """A gallery by identity: column i of `columns` (P, I) has the pool positions of the images of `identities[i]`,
    ascending, and the size of the pool where they are fewer than P."""

    identities: np.ndarray
    columns: np.ndarray

    @classmethod
    def of(cls, members: np.ndarray, pool: Side) -> "Layout":
        """The layout of `members`, (N,) bool."""
        columns = np.flatnonzero(members)
        identities, first, counts = np.unique(pool.identities[columns], return_index=True, return_counts=True)
        table = np.full((counts.max(initial=1), len(counts)), len(members))
        table[np.arange(len(columns)) - np.repeat(first, counts), np.repeat(np.arange(len(counts)), counts)] = columns
        return cls(identities, table)


@dataclass(frozen=True)
class Group:
    """Queries `rows`, ascending, that skip the same images, and what this leaves of each gallery."""

    rows: np.ndarray
    layouts: tuple[Layout, ...]


def is_small(problem: Problem) -> bool:
    """Whether comparing every image with every match is cheap for all galleries together."""
    images = np.add.reduceat(problem.members, problem.starts(), axis=1, dtype=np.int64)
    comparisons = images.max(axis=1) ** 2 * np.count_nonzero(images, axis=1)
    return int(comparisons.sum()) <= _MOST_COMPARISONS * problem.members.shape[1]


def skip_groups(problem: Problem) -> list[Group] | None:
    """Groups of queries that skip the same images; None if there are more than a few."""
    queries, pool, members = problem.queries, problem.pool, problem.members
    change = np.flatnonzero(np.diff(queries.identities) | np.diff(queries.cameras)) + 1
    runs: dict[bytes, list[np.ndarray]] = {}
    for rows in np.split(np.arange(len(queries.identities)), change):
        skipped = problem.skip(int(queries.identities[rows[0]]), int(queries.cameras[rows[0]]))
        runs.setdefault(skipped.tobytes(), []).append(rows)
        if len(runs) > _MOST_GROUPS:
            return None
    return [
        Group(np.concatenate(rows), tuple(Layout.of(row, pool) for row in members & ~np.frombuffer(skipped, bool)))
        for skipped, rows in runs.items()
    ]


def count_galleries(problem: Problem, groups: Sequence[Group], threads: int) -> QueryScores:
    """As `engine.score_galleries`; `groups` are those of the problem."""
    similarities, queries, level = problem.similarities, problem.queries, problem.identity_level
    shape = len(queries.identities), len(level)
    scores = QueryScores(np.zeros(shape), np.zeros(shape), np.zeros(shape, np.int64), np.zeros(shape, bool))

    def score_block(group: Group, rows: np.ndarray) -> None:
        def settled(row: int, columns: np.ndarray) -> np.ndarray:
            return similarities.exact(int(rows[row]), columns)

        block = similarities.block(rows, "F")
        near = _rounded(block)
        for gallery, layout in enumerate(group.layouts):
            if layout.columns.size:
                tile = _Tile.of(block.T, near, layout, queries.identities[rows])
                found = tile.scores(similarities.tolerance, settled, bool(level[gallery]))
                for name, values in vars(found).items():
                    getattr(scores, name)[rows, gallery] = values

    tasks = [
        (group, group.rows[span])
        for group in groups
        for span in spans(len(group.rows), len(problem.pool.identities), _rows(group), _BLOCK_BYTES // threads)
    ]
    with ThreadPoolExecutor(threads) as workers:
        list(workers.map(score_block, *zip(*tasks, strict=True)))
    return scores


def _rows(group: Group) -> int:
    """Queries of one block, such that the images of a gallery stay in a core's cache."""
    largest = max(layout.columns.size for layout in group.layouts)
    return min(_BLOCK_ROWS, max(64, _BLOCK_ENTRIES // max(largest, 1) // 64 * 64))


def _rounded(block: np.ndarray) -> np.ndarray:
    """The similarities (R, N) in float32, transposed, with a row of -inf below: (N + 1, R)."""
    near = np.empty((block.shape[1] + 1, len(block)), np.float32)
    with np.errstate(over="ignore"):
        near[:-1] = block.T
    near[-1] = -np.inf
    return near


@dataclass(frozen=True)
class _Tile:
    """R queries and one gallery.

    `exact`: (N, R) float64 similarities with the pool, `near` their float32; `own`: (R,) column of the query's
    identity in the layout; `count`: (R,) number of its matches; `matches`: (P, R) their similarities, falling, then
    -inf.
    """

    exact: np.ndarray
    near: np.ndarray
    layout: Layout
    own: np.ndarray
    count: np.ndarray
    matches: np.ndarray

    @classmethod
    def of(cls, exact: np.ndarray, near: np.ndarray, layout: Layout, identities: np.ndarray) -> "_Tile":
        pool = len(exact)
        own = np.minimum(np.searchsorted(layout.identities, identities), len(layout.identities) - 1)
        columns = layout.columns[:, own]
        held = (columns < pool) & (layout.identities[own] == identities)
        matches = np.where(held, exact[np.minimum(columns, pool - 1), np.arange(len(own))], -np.inf)
        falling = -np.sort(-np.ascontiguousarray(matches), axis=0)
        return cls(exact, near, layout, own, held.sum(axis=0), falling)

    def scores(self, tolerance: float, settled: Exact, identity_level: bool) -> QueryScores:
        """Scores of the queries, (R,) each; `settled` as in `ranking.place_tile`."""
        others, identities = self._before(tolerance, settled, identity_level)
        number = np.arange(1, len(others) + 1)[:, None]
        position = others + number
        precision = np.divide(number, position, out=np.zeros(position.shape), where=number <= self.count)
        valid = self.count > 0
        ap = np.cumsum(precision, axis=0)[-1] / np.maximum(self.count, 1)
        last = np.take_along_axis(position, np.maximum(self.count - 1, 0)[None], axis=0)[0]
        rank = identities + 1 if identity_level else position[0]
        return QueryScores(ap, np.where(valid, self.count / last, 0), np.where(valid, rank, 0), valid)

    def _before(self, tolerance: float, settled: Exact, identity_level: bool) -> tuple[np.ndarray, np.ndarray]:
        """Images of others before each match, (P, R), and identities before the first, (R,), where these are wanted."""
        per_identity = self.near.take(self.layout.columns.reshape(-1), axis=0)
        per_identity = per_identity.reshape(*self.layout.columns.shape, -1)
        per_identity[:, self.own, np.arange(len(self.own))] = -np.inf
        others = np.empty(self.matches.shape, np.int64)
        identities = np.zeros(len(self.own), np.int64)
        doubtful = np.zeros(len(self.own), bool)
        with np.errstate(over="ignore"):
            low, high = (self.matches - tolerance).astype(np.float32), (self.matches + tolerance).astype(np.float32)
        marked = np.empty(per_identity.shape, bool)
        for number in range(len(others)):
            others[number] = _total(np.greater(per_identity, high[number], out=marked))
            if identity_level and number == 0:
                identities = _total(np.logical_or.reduce(marked, axis=0, keepdims=True))
            possible = _total(np.greater_equal(per_identity, low[number], out=marked))
            doubtful |= (number < self.count) & (possible > others[number])
        for row in np.flatnonzero(doubtful):
            others[: self.count[row], row], identities[row] = self._settle(int(row), tolerance, settled)
        return others, identities

    def _settle(self, row: int, tolerance: float, settled: Exact) -> tuple[np.ndarray, int]:
        """The same for one query, in float64; `settled` decides what rounding leaves open."""
        order = self.layout.columns.T.reshape(-1)
        kept = order < len(self.exact)
        columns, identity = order[kept], np.repeat(np.arange(len(self.layout.identities)), len(self.matches))[kept]
        first, last = np.searchsorted(identity, [self.own[row], self.own[row] + 1])
        others = np.r_[0:first, last : len(columns)]

        def exact(_: int, places: np.ndarray) -> np.ndarray:
            return settled(row, columns[places])

        _, place = place_row(self.exact[columns, row], others, int(first), int(last), tolerance, exact, row)
        before = np.cumsum(np.bincount(place, minlength=last - first + 1))[: last - first]
        return before, len(np.unique(identity[others[place == 0]]))


def _total(marked: np.ndarray) -> np.ndarray:
    """Number of marked images of each query, (R,); `marked`: (P, I, R) bool."""
    kind = np.min_scalar_type(marked.shape[1])
    return np.add.reduce(marked.view(np.uint8), axis=1, dtype=kind).sum(axis=0, dtype=np.int64)
