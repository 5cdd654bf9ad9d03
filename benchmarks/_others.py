"""What others do to score ready similarities, and the seconds that it takes."""

import importlib
from collections.abc import Callable

import numpy as np

from benchmarks._layouts import unit
from eval.features import FeatureSet
from eval.galleries import draws
from eval.protocol import Protocol

LOOP_QUERIES = 60
CYTHON_QUERIES = 600
Clock = Callable[[], float]


def loop_seconds(score_query: Callable, data: FeatureSet, protocols: list[Protocol], clock: Clock) -> float:
    """Seconds of scoring all queries and trials with one of the loops below, scaled up from a few queries."""
    total = 0.0
    for rules in protocols:
        some, gallery, similarity, times = _matrix(data, rules, LOOP_QUERIES)
        identities, cameras = data.identities[gallery], data.cameras[gallery]
        began = clock()
        for row, query in zip(similarity, some, strict=True):
            score_query(row, data.identities[query], data.cameras[query], identities, cameras, rules)
        total += (clock() - began) * times
    return total


def cython_seconds(module: str, data: FeatureSet, protocols: list[Protocol], clock: Clock) -> float:
    """Seconds of `evaluate_cy` on all queries and trials, scaled up likewise."""
    evaluate = importlib.import_module(module).evaluate_cy
    total = 0.0
    for rules in protocols:
        some, gallery, similarity, times = _matrix(data, rules, CYTHON_QUERIES)
        distance = -similarity.astype(np.float32)
        sides = data.identities[some], data.identities[gallery], data.cameras[some], data.cameras[gallery]
        began = clock()
        evaluate(distance, *sides, 20)
        total += (clock() - began) * times
    return total


def _matrix(data: FeatureSet, rules: Protocol, wanted: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """About `wanted` queries, the gallery of the first trial, their similarities, and the factor to all of them."""
    trials = draws(rules, data, "seeded", 10, None)
    queries, gallery = trials[0]
    some = queries[:: max(1, len(queries) // wanted)]
    similarity = np.empty((len(some), len(gallery)))
    for low in range(0, len(gallery), 10_000):
        similarity[:, low : low + 10_000] = unit(data, some) @ unit(data, gallery[low : low + 10_000]).T
    return some, gallery, similarity, len(queries) * len(trials) / len(some)


def plain(similarity, identity, camera, identities, cameras, rules: Protocol) -> tuple[float, float, int] | None:
    """AP, INP and CMC rank of one query, from the definition."""
    order = np.argsort(-similarity, kind="stable")
    order = order[~rules.skipped(identity, camera, identities[order], cameras[order])]
    ranked = identities[order]
    positions = np.flatnonzero(ranked == identity) + 1
    if len(positions) == 0:
        return None
    precision = np.arange(1, len(positions) + 1) / positions
    _, first = np.unique(ranked, return_index=True)
    distinct = ranked[np.sort(first)]
    rank = int(np.flatnonzero(distinct == identity)[0]) + 1 if rules.cmc_level == "identity" else int(positions[0])
    return float(precision.mean()), len(positions) / positions[-1], rank


def field(similarity, identity, camera, identities, cameras, rules: Protocol) -> tuple[float, float, int] | None:
    """The same as `plain`, with what base code does in Python: identities one by one, precision at every rank."""
    order = np.argsort(-similarity)
    kept = np.invert(rules.skipped(identity, camera, identities[order], cameras[order]))
    ranked = identities[order][kept]
    first = sorted(np.unique(ranked, return_index=True)[1])
    distinct = [ranked[place] for place in first]
    matches = (ranked == identity).astype(np.int32)
    if not matches.any():
        return None
    so_far = np.cumsum(matches)
    # Ranks are floats there, too; NumPy divides its integers by them more than ten times slower than by integers.
    precision = np.array([hits / float(rank) for rank, hits in enumerate(so_far, start=1)])
    last = np.max(np.where(matches == 1))
    found = distinct.index(identity) if rules.cmc_level == "identity" else int(np.argmax(matches))
    return float((precision * matches).sum() / matches.sum()), float(so_far[last] / (last + 1)), found + 1
