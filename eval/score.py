"""From features and protocols to the rows of trials.csv and cmc.csv."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eval.engine import score_galleries
from eval.features import FeatureSet
from eval.galleries import Permutations, draws
from eval.metrics import QueryScores
from eval.problem import Problem, Side
from eval.protocol import Protocol
from eval.protocols import PROTOCOLS, protocol
from eval.rerank import KReciprocal
from eval.similarity import Given, Products
from files import write_whole

RANKS = (1, 5, 10, 20)
CMC_LENGTH = 20
PARAMETERS = ("shots", "drawn", "skip_rule", "cmc_level", "distance", "rerank", "recipe")
TRIAL_COLUMNS = ("protocol", "gallery", "trial", "metric", "value", "queries", "valid_queries", *PARAMETERS)
CMC_COLUMNS = ("protocol", "gallery", "trial", "rank", "value", *PARAMETERS)


@dataclass(frozen=True)
class Scores:
    """`trials`: one dict per protocol, trial and metric; `cmc`: one per protocol, trial and rank 1..20. Percent."""

    trials: list[dict]
    cmc: list[dict]

    def write(self, trials: str | Path, cmc: str | Path | None = None) -> None:
        """Write the tables as CSV, values with the fewest digits that name the same float64."""
        _write_csv(trials, TRIAL_COLUMNS, self.trials)
        if cmc is not None:
            _write_csv(cmc, CMC_COLUMNS, self.cmc)

    def mean(self) -> dict[tuple[str, str, str], float]:
        """Mean over trials for each (protocol, gallery, metric)."""
        values: dict[tuple[str, str, str], list[float]] = {}
        for row in self.trials:
            values.setdefault((row["protocol"], row["gallery"], row["metric"]), []).append(row["value"])
        return {key: math.fsum(entry) / len(entry) for key, entry in values.items()}


def chain(repeats: Sequence[Scores]) -> Scores:
    """The scores of several feature sets of the same images as one: trials are numbered on from repeat to repeat."""
    tables: dict[str, list[dict]] = {"trials": [], "cmc": []}
    for name, joined in tables.items():
        for scores in repeats:
            seen: dict[str, int] = {}
            for row in joined:
                seen[row["protocol"]] = max(seen.get(row["protocol"], 0), row["trial"] + 1)
            joined += [row | {"trial": row["trial"] + seen.get(row["protocol"], 0)} for row in getattr(scores, name)]
    return Scores(**tables)


@dataclass(frozen=True)
class _Draw:
    """One trial of one protocol: rows of the feature set."""

    protocol: Protocol
    gallery: str
    trial: int
    queries: np.ndarray
    pool: np.ndarray


def score(
    features: FeatureSet,
    protocols: Sequence[str | Protocol],
    gallery: str = "seeded",
    permutations: Permutations | None = None,
    trials: int = 10,
    rerank: KReciprocal | None = None,
    threads: int | None = None,
) -> Scores:
    """Score features under one or several protocols; trials that share queries and pool share one product.

    `gallery`: family of draws, "seeded" or "official" (then `permutations` from `galleries.load_permutations`).
    `rerank`: k-reciprocal re-ranking, off unless given. Ties are ordered by identity, camera and name.
    Raises FeatureError for features that the protocol cannot score.
    """
    chosen = [protocol(entry) if isinstance(entry, str) else entry for entry in protocols]
    if len({entry.name for entry in chosen}) < len(chosen):
        raise ValueError(f"a protocol is asked for twice: {[entry.name for entry in chosen]}")
    if trials < 1:
        raise ValueError(f"trials is {trials}; at least 1 is needed")
    plan = []
    for entry in chosen:
        entry.check(features)
        family = "whole" if entry.drawn == "none" else gallery
        for trial, (queries, pool) in enumerate(draws(entry, features, gallery, trials, permutations)):
            plan.append(_Draw(entry, family, trial, queries, pool))
    scored: dict[tuple[str, int], tuple[np.ndarray, np.ndarray, np.ndarray, int]] = {}
    for group in _groups(plan).values():
        scored |= _score_group(features, group, rerank, threads)
    tables = Scores([], [])
    for item in plan:
        _append(tables, item, scored[item.protocol.name, item.trial], rerank, features.recipe)
    return tables


def score_matrix(
    similarity: np.ndarray,
    query_identities: np.ndarray,
    query_cameras: np.ndarray,
    gallery_identities: np.ndarray,
    gallery_cameras: np.ndarray,
    rules: Protocol,
    threads: int | None = None,
) -> QueryScores:
    """Scores of each query, arrays (Q,), from a similarity matrix (Q, G); only the rules of `rules` are used
    (skipping, CMC level). Ties are ordered by identity, camera and column.
    Raises ValueError for NaN, and for a shape that is not that of the identities and cameras."""
    expected = (len(query_identities), len(gallery_identities))
    if np.shape(similarity) != expected or expected != (len(query_cameras), len(gallery_cameras)) or 0 in expected:
        raise ValueError(f"similarity has shape {np.shape(similarity)}; {expected} identities need one entry a pair")
    if np.isnan(similarity).any():
        raise ValueError("similarity holds NaN, which has no place in an order")
    rows = np.lexsort((query_cameras, query_identities))
    columns = np.lexsort((gallery_cameras, gallery_identities))
    pool = Side(np.asarray(gallery_identities)[columns], np.asarray(gallery_cameras)[columns])
    problem = Problem(
        Given(np.ascontiguousarray(similarity, np.float64)[np.ix_(rows, columns)]),
        Side(np.asarray(query_identities)[rows], np.asarray(query_cameras)[rows]),
        pool,
        np.ones((1, len(columns)), bool),
        lambda identity, camera: rules.skipped(identity, camera, pool.identities, pool.cameras),
        np.array([rules.cmc_level == "identity"]),
    )
    found = score_galleries(problem, threads)
    back = np.argsort(rows)
    return QueryScores(*(getattr(found, name)[back, 0] for name in ("ap", "inp", "rank", "valid")))


def _groups(plan: Sequence[_Draw]) -> Mapping[tuple, list[_Draw]]:
    """Draws whose similarities are parts of one matrix under one skip rule."""
    groups: dict[tuple, list[_Draw]] = {}
    for item in plan:
        rules = item.protocol
        key = (rules.query_modality, rules.gallery_modality, rules.distance, rules.skip_rule, rules.skip_pairs)
        groups.setdefault(key, []).append(item)
    return groups


def _score_group(
    features: FeatureSet, group: Sequence[_Draw], rerank: KReciprocal | None, threads: int | None
) -> dict[tuple[str, int], tuple[np.ndarray, np.ndarray, np.ndarray, int]]:
    """Per draw (ap, inp, rank) of its valid queries and its number of queries, as a tuple."""
    if rerank is not None and len(group) > 1:
        return {key: value for item in group for key, value in _score_group(features, [item], rerank, threads).items()}
    rules = group[0].protocol
    queries = _canonical(features, np.concatenate([item.queries for item in group]))
    pool = _canonical(features, np.concatenate([item.pool for item in group]))
    products = Products(features.features, queries, pool, rules.distance)
    similarities = products if rerank is None else Given(rerank.similarities(products))
    side = Side(features.identities[pool], features.cameras[pool])
    problem = Problem(
        similarities,
        Side(features.identities[queries], features.cameras[queries]),
        side,
        _membership([item.pool for item in group], pool, len(features)),
        lambda identity, camera: rules.skipped(identity, camera, side.identities, side.cameras),
        np.array([item.protocol.cmc_level == "identity" for item in group]),
    )
    found = score_galleries(problem, threads)
    asked = _membership([item.queries for item in group], queries, len(features))
    result = {}
    for number, item in enumerate(group):
        valid = asked[number] & found.valid[:, number]
        parts = (found.ap[valid, number], found.inp[valid, number], found.rank[valid, number])
        result[item.protocol.name, item.trial] = (*parts, int(asked[number].sum()))
    return result


def _canonical(features: FeatureSet, rows: np.ndarray) -> np.ndarray:
    """Distinct rows by identity, camera and name: the order of ties, whatever the order of the file."""
    rows = np.unique(rows)
    return rows[np.lexsort((features.names[rows], features.cameras[rows], features.identities[rows]))]


def _membership(parts: Sequence[np.ndarray], rows: np.ndarray, total: int) -> np.ndarray:
    members = np.zeros((len(parts), total), bool)
    for number, part in enumerate(parts):
        members[number, part] = True
    return members[:, rows]


def _append(tables: Scores, item: _Draw, found: tuple, rerank: KReciprocal | None, recipe: str) -> None:
    ap, inp, rank, queries = found
    valid = len(ap)
    if valid == 0:
        raise ValueError(f"{item.protocol.name}: no query with a match in trial {item.trial}; nothing to average")
    rules = item.protocol
    shots = "" if rules.shots is None else rules.shots
    labels = (shots, rules.drawn, rules.skip_rule, rules.cmc_level, rules.distance, str(rerank or "none"), recipe)
    head = {"protocol": rules.name, "gallery": item.gallery, "trial": item.trial}
    tail = dict(zip(PARAMETERS, labels, strict=True))
    cmc = [100 * int(np.count_nonzero(rank <= k)) / valid for k in range(1, CMC_LENGTH + 1)]
    values = {f"rank-{k}": cmc[k - 1] for k in RANKS}
    values |= {"mAP": 100 * math.fsum(ap) / valid, "mINP": 100 * math.fsum(inp) / valid}
    for metric, value in values.items():
        row = head | {"metric": metric, "value": value, "queries": queries, "valid_queries": valid}
        tables.trials.append(row | tail)
    for k, value in enumerate(cmc, start=1):
        tables.cmc.append(head | {"rank": k, "value": value} | tail)


def _write_csv(path: str | Path, columns: Sequence[str], rows: Sequence[dict]) -> None:
    with write_whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


__all__ = ["CMC_COLUMNS", "PROTOCOLS", "TRIAL_COLUMNS", "KReciprocal", "Scores", "score", "score_matrix"]
