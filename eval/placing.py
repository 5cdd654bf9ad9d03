"""Large galleries: tiles of queries of one identity and camera, whose matches are the same images."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from eval.metrics import MOST_GALLERIES, Galleries, QueryScores, score_places
from eval.problem import Problem, Side
from eval.ranking import place_tile
from eval.similarity import Similarities, spans

_BLOCK_BYTES = 3 * 2**27
_BLOCK_ROWS = 512
_TILE_ENTRIES = 2**17
_KEPT_TABLES = 8


@dataclass(frozen=True)
class _Tile:
    """Queries start..stop of one identity and camera, whose matches are the pool images first..last."""

    start: int
    stop: int
    first: int
    last: int


def place_galleries(problem: Problem, threads: int) -> QueryScores:
    """As `engine.score_galleries`: each image is placed among the matches once for all galleries."""
    similarities, queries, pool, members = problem.similarities, problem.queries, problem.pool, problem.members
    count, total = len(queries.identities), len(members)
    ap, inp = np.zeros((count, total)), np.zeros((count, total))
    rank, valid = np.zeros((count, total), np.int64), np.zeros((count, total), bool)
    rows = _tile_rows(len(pool.identities))
    batches = [slice(start, start + MOST_GALLERIES) for start in range(0, total, MOST_GALLERIES)]
    tables = [_Tables(Galleries.of(members[batch], rows), problem.skip) for batch in batches]
    starts = problem.starts()

    def score_tile(tile: _Tile, block: np.ndarray, offset: int) -> None:
        def exact(row: int, columns: np.ndarray) -> np.ndarray:
            return similarities.exact(tile.start + row, columns)

        values = block[tile.start - offset : tile.stop - offset]
        places = place_tile(values, tile.first, tile.last, similarities.tolerance, exact)
        key = int(queries.identities[tile.start]), int(queries.cameras[tile.start])
        for batch, table in zip(batches, tables, strict=True):
            level = problem.identity_level[batch]
            scores = score_places(places, tile.first, tile.last, table.of(*key, tile.first, tile.last), starts, level)
            where = slice(tile.start, tile.stop), batch
            ap[where], inp[where] = scores.ap, scores.inp
            rank[where], valid[where] = scores.rank, scores.valid

    with ThreadPoolExecutor(threads) as workers:
        cuts = spans(count, len(pool.identities), _BLOCK_ROWS, _BLOCK_BYTES)
        for span, block in _blocks(similarities, cuts, threads):
            tiles = _tiles(queries, pool, span.start, span.stop, rows)
            list(workers.map(lambda tile: score_tile(tile, block, span.start), tiles))  # noqa: B023
    return QueryScores(ap, inp, rank, valid)


class _Tables:
    """Galleries after skipping, made anew only when a group of queries ignores other images than those before."""

    def __init__(self, galleries: Galleries, skip: Callable[[int, int], np.ndarray]):
        self.whole, self.skip = galleries, skip
        self.kept: dict[tuple[bytes, bool], Galleries] = {}

    def of(self, identity: int, camera: int, first: int, last: int) -> Galleries:
        skipped = self.skip(identity, camera)
        if not skipped.any():
            return self.whole
        matches_only = not (skipped[:first].any() or skipped[last:].any())
        key = skipped.tobytes(), matches_only
        table = self.kept.get(key)
        if table is None:
            table = self.whole.without(skipped, matches_only)
            self.kept = {**dict(list(self.kept.items())[-_KEPT_TABLES:]), key: table}
        return table


def _blocks(similarities: Similarities, parts: Sequence[slice], threads: int) -> Iterator[tuple[slice, np.ndarray]]:
    """The block of each part; with several threads the next one is computed meanwhile."""
    if threads == 1:
        for rows in parts:
            yield rows, similarities.block(rows, "C")
        return
    with ThreadPoolExecutor(1) as producer:
        ahead = producer.submit(similarities.block, parts[0], "C")
        for number, rows in enumerate(parts):
            block = ahead.result()
            if number + 1 < len(parts):
                ahead = producer.submit(similarities.block, parts[number + 1], "C")
            yield rows, block


def _tiles(queries: Side, pool: Side, start: int, stop: int, rows: int) -> list[_Tile]:
    """Cut queries start..stop into tiles of at most `rows`; queries whose identity is not in the pool have none."""
    identities, cameras = queries.identities[start:stop], queries.cameras[start:stop]
    change = np.flatnonzero((np.diff(identities) != 0) | (np.diff(cameras) != 0)) + 1
    tiles = []
    for low, high in zip(np.r_[0, change], np.r_[change, len(identities)], strict=True):
        first, last = (np.searchsorted(pool.identities, identities[low], side) for side in ("left", "right"))
        if first < last:
            for begin in range(low, high, rows):
                end = min(begin + rows, high)
                tiles.append(_Tile(int(start + begin), int(start + end), int(first), int(last)))
    return tiles


def _tile_rows(pool: int) -> int:
    return max(1, min(32, _TILE_ENTRIES // pool))
