"""CMC, AP and INP of ranked queries, for many galleries of one pool at once.

Definitions (docs/protocol.md): p_1 < ... < p_n are the positions of a query's matches after skipping; AP is the mean
of i / p_i, INP is n / p_n, the CMC rank is p_1 (image level) or one more than the number of other identities that
stand before p_1 (identity level). A query without a match is invalid.

All galleries are subsets of one pool that is sorted by identity. Each image is placed among the query's matches once;
the position of a match within a subset is a count of the subset's members in the bins before it. Several counters
share one float64 that stays below 2^53, so that `np.bincount` adds them exactly.
"""

from dataclasses import dataclass, replace

import numpy as np

from eval.ranking import Places

MOST_GALLERIES = 64
_EXACT_BITS = 53
_FEW = 0.6


@dataclass(frozen=True)
class Word:
    """Counters of `lanes` galleries: gallery g of them adds 2^(bits * g) for each of its images.

    `columns`: the images of any of these galleries, or None for the whole pool; `weights`: (rows * columns,) float64,
    what each of them adds, repeated for each row of a tile.
    """

    columns: np.ndarray | None
    weights: np.ndarray
    bits: int
    lanes: int

    @classmethod
    def of(cls, members: np.ndarray, bits: int, rows: int) -> "Word":
        """Counters of `members`, (lanes, N) bool, for tiles of at most `rows` queries."""
        weights = 2.0 ** (bits * np.arange(len(members))) @ members
        columns = np.flatnonzero(weights)
        if len(columns) > _FEW * len(weights):
            return cls(None, np.tile(weights, rows), bits, len(members))
        return cls(columns, np.tile(weights[columns], rows), bits, len(members))

    def without(self, skipped: np.ndarray) -> "Word":
        gone = skipped if self.columns is None else skipped[self.columns]
        return replace(self, weights=self.weights * np.resize(~gone, self.weights.shape))

    def counts(self, bins: np.ndarray, length: int) -> np.ndarray:
        """Members in each bin, (length, lanes) int64; `bins`: (R, N) below `length`."""
        used = bins if self.columns is None else bins.take(self.columns, axis=1)
        packed = np.bincount(used.reshape(-1), self.weights[: used.size], length).astype(np.int64)
        return (packed[:, None] >> (self.bits * np.arange(self.lanes))) & ((1 << self.bits) - 1)


@dataclass(frozen=True)
class Galleries:
    """Membership of S <= 64 galleries in a pool of N images, as lookup tables.

    `masks`: (N,) unsigned, bit s of entry e is set when image e belongs to gallery s.
    `words`: counters, several galleries each.
    """

    masks: np.ndarray
    words: tuple[Word, ...]
    count: int

    @classmethod
    def of(cls, members: np.ndarray, rows: int) -> "Galleries":
        """Tables of `members`, (S, N) bool with S <= 64, for tiles of at most `rows` queries."""
        count, pool = members.shape
        width = next(width for width in (8, 16, 32, 64) if count <= width)
        kind = np.dtype(f"uint{width}").type
        masks = np.zeros(pool, kind)
        for gallery, row in enumerate(members):
            masks |= row.astype(kind) << kind(gallery)
        bits = pool.bit_length()
        lanes = _EXACT_BITS // bits
        words = [Word.of(members[start : start + lanes], bits, rows) for start in range(0, count, lanes)]
        return cls(masks, tuple(words), count)

    def without(self, skipped: np.ndarray, matches_only: bool) -> "Galleries":
        """The same galleries after deleting the images `skipped`, (N,) bool.

        `matches_only` promises that all of them are matches of the query; these are counted by the masks alone.
        """
        masks = np.where(skipped, self.masks.dtype.type(0), self.masks)
        words = self.words if matches_only else tuple(word.without(skipped) for word in self.words)
        return Galleries(masks, words, self.count)

    def members(self, first: int, last: int) -> np.ndarray:
        """Memberships of the images first..last, (last - first, S) bool."""
        shifts = np.arange(self.count, dtype=self.masks.dtype)
        return ((self.masks[first:last, None] >> shifts) & self.masks.dtype.type(1)).astype(bool)


@dataclass(frozen=True)
class QueryScores:
    """Scores of R queries in S galleries, each (R, S): `ap` and `inp` as fractions, `rank` the 1-based CMC rank.

    `valid`: whether the query has a match; entries of invalid queries are 0.
    """

    ap: np.ndarray
    inp: np.ndarray
    rank: np.ndarray
    valid: np.ndarray


def score_places(
    places: Places,
    first: int,
    last: int,
    galleries: Galleries,
    starts: np.ndarray,
    identity_level: np.ndarray,
) -> QueryScores:
    """Scores of a placed tile whose matches are the pool images first..last.

    `starts`: (I,) first pool position of each identity; `identity_level`: (S,) bool, CMC level of each gallery.
    """
    member = galleries.members(first, last)[places.found]  # (R, m, S)
    seen = np.cumsum(member, axis=1, dtype=np.int32)
    total = seen[:, -1]  # (R, S)
    valid = total > 0
    position = _others_before(places, galleries)
    position += seen  # (R, m, S), right where the match is a member
    precision = np.divide(seen, position, out=np.zeros(seen.shape), where=member)
    # A running sum adds in the order of ranks whatever the array's shape, so that batches do not change a bit.
    ap = np.cumsum(precision, axis=1, out=precision)[:, -1] / np.maximum(total, 1)
    # Positions grow along the matches: the last member's is the largest, the first member's is at `leading`.
    inp = total / np.maximum((position * member).max(axis=1), 1)
    leading = np.minimum((seen == 0).sum(axis=1), member.shape[1] - 1)  # (R, S)
    rank = np.take_along_axis(position, leading[:, None], axis=1)[:, 0]
    deduplicate = valid & identity_level & (rank > 1)
    if deduplicate.any():
        distinct = _identities_before(places, galleries, np.where(deduplicate, leading, -1), starts)
        rank = np.where(deduplicate, distinct + 1, rank)
    return QueryScores(ap, inp, np.where(valid, rank, 0), valid)


def _others_before(places: Places, galleries: Galleries) -> np.ndarray:
    """Number of non-matching members of each gallery before each match of the pool, (R, m, S) int32."""
    rows, matches = places.found.shape
    counts = [word.counts(places.bins, rows * (matches + 1)) for word in galleries.words]
    table = np.concatenate(counts, axis=1).reshape(rows, matches + 1, galleries.count)
    return np.cumsum(table[:, :matches], axis=1, dtype=np.int32)


def _identities_before(places: Places, galleries: Galleries, last: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Distinct identities in the bins 0..last, (R, S) int; `last` (R, S) is -1 where none is wanted."""
    rows, matches = places.found.shape
    size = galleries.masks.dtype.itemsize
    packed = np.packbits(np.arange(matches + 1)[:, None] <= last[:, None, :], axis=2, bitorder="little")
    active = np.zeros((rows, matches + 1, size), np.uint8)
    active[:, :, : packed.shape[2]] = packed
    held = _from_bytes(active).take(places.bins, mode="clip")
    held &= galleries.masks
    identities = np.bitwise_or.reduceat(held, starts, axis=1)
    bits = np.unpackbits(_to_bytes(identities), axis=2, bitorder="little", count=galleries.count)
    return bits.sum(axis=1, dtype=np.int32)


def _from_bytes(bytes_: np.ndarray) -> np.ndarray:
    """The unsigned integers whose bytes, least significant first, are the last axis."""
    kind = np.dtype(f"u{bytes_.shape[-1]}")
    return bytes_.view(kind.newbyteorder("<"))[..., 0].astype(kind, copy=False)


def _to_bytes(values: np.ndarray) -> np.ndarray:
    """The inverse of `_from_bytes`."""
    little = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"), copy=False))
    return little[..., None].view(np.uint8)
