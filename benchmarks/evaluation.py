"""How long scoring takes, against the floor and a plain loop, all measured in the same run.

ours: features in memory to the rows of trials.csv, gallery draws and normalisation included.
floor: one float64 product of queries and union of the galleries, plus one np.sort of each trial's matrix.
loop: one query at a time, written from the definition with NumPy, over each trial's matrix; measured on some queries
of the first trial and scaled to all queries and trials (the product is added once).
"""

import argparse
import json
import multiprocessing
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from eval.features import FeatureSet
from eval.galleries import draws
from eval.protocol import Protocol
from eval.protocols import PROTOCOLS
from eval.score import score

COUNTS = Path(__file__).parents[1] / "datasets" / "sysu_mm01_counts.json"
SYSU = ["sysu-mm01-all-single", "sysu-mm01-all-multi", "sysu-mm01-indoor-single", "sysu-mm01-indoor-multi"]
LOOP_QUERIES = 60
BLOCK = 400
Clock = Callable[[], float]


@dataclass(frozen=True)
class Row:
    """Seconds of one case; `memory` MiB that scoring added to the peak of the process."""

    case: str
    ours: float
    product: float
    sort: float
    loop: float
    memory: float


def sysu_features(dimensions: int) -> FeatureSet:
    """Clustered random features with the layout of the SYSU-MM01 test set."""
    facts = json.loads(COUNTS.read_text())
    names = np.array(
        [
            f"cam{camera}/{identity:04d}/{number:04d}.jpg"
            for identity in facts["test_identities"]
            for camera in range(1, 7)
            for number in range(1, facts["cells"][str(camera)].get(str(identity), 0) + 1)
        ]
    )
    cameras = np.array([int(name[3]) for name in names])
    identities = np.array([int(name[5:9]) for name in names])
    modalities = np.where(np.isin(cameras, (3, 6)), "infrared", "visible")
    return FeatureSet(_clustered(identities, dimensions), identities, cameras, modalities, names)


def paired_features(queries: int, gallery: int, identities: int, dimensions: int) -> FeatureSet:
    """RegDB's kind of layout: visible queries of camera 1, infrared gallery of camera 2."""
    labels = np.r_[np.arange(queries) % identities, np.arange(gallery) % identities]
    cameras = np.repeat([1, 2], [queries, gallery])
    names = np.array([f"{number:07d}" for number in range(queries + gallery)])
    modalities = np.where(cameras == 1, "visible", "infrared")
    return FeatureSet(_clustered(labels, dimensions), labels, cameras, modalities, names)


def _clustered(identities: np.ndarray, dimensions: int) -> np.ndarray:
    generator = np.random.default_rng(0)
    centres = 0.25 * generator.standard_normal((identities.max() + 1, dimensions), np.float32)
    features = generator.standard_normal((len(identities), dimensions), np.float32)
    for start in range(0, len(features), 4096):
        features[start : start + 4096] += centres[identities[start : start + 4096]]
    return features


def measure(case: str, make: Callable[[], FeatureSet], protocols: list[Protocol], repeats: int, clock: Clock) -> Row:
    """Time one case; the shortest of `repeats`, ours and floor in turn."""
    data = make()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ours, product, sort = [], [], []
    for _ in range(repeats):
        start = clock()
        score(data, protocols)
        ours.append(clock() - start)
        memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        if len(ours) == 1:
            added = memory
        seconds = floor(data, protocols, clock)
        product.append(seconds[0])
        sort.append(seconds[1])
    return Row(case, min(ours), min(product), min(sort), loop(data, protocols, clock) + min(product), added)


def floor(data: FeatureSet, protocols: list[Protocol], clock: Clock) -> tuple[float, float]:
    """Seconds of the product over the union of the galleries and of sorting each trial's columns."""
    trials = [pair for rules in protocols for pair in draws(rules, data, "seeded", 10, None)]
    queries = np.unique(np.concatenate([pair[0] for pair in trials]))
    pool = np.unique(np.concatenate([pair[1] for pair in trials]))
    columns = [np.searchsorted(pool, gallery) for _, gallery in trials]
    block = min(len(queries), max(BLOCK, 2**25 // len(pool)))
    gallery = None if len(pool) > 50_000 else _unit(data, pool)
    product = sort = 0.0
    for start in range(0, len(queries), block):
        query = _unit(data, queries[start : start + block])
        matrix = np.empty((len(query), len(pool)))
        for low in range(0, len(pool), 10_000):
            part = gallery[low : low + 10_000] if gallery is not None else _unit(data, pool[low : low + 10_000])
            began = clock()
            np.matmul(query, part.T, out=matrix[:, low : low + 10_000])
            product += clock() - began
        for chosen in columns:
            values = matrix[:, chosen] if len(columns) > 1 else matrix
            began = clock()
            values.sort(axis=1)
            sort += clock() - began
    return product, sort


def loop(data: FeatureSet, protocols: list[Protocol], clock: Clock) -> float:
    """Seconds of the plain loop over all queries and trials, scaled up from a few queries of the first trial."""
    total = 0.0
    for rules in protocols:
        trials = draws(rules, data, "seeded", 10, None)
        queries, gallery = trials[0]
        some = queries[:: max(1, len(queries) // LOOP_QUERIES)]
        similarity = np.empty((len(some), len(gallery)))
        for low in range(0, len(gallery), 10_000):
            similarity[:, low : low + 10_000] = _unit(data, some) @ _unit(data, gallery[low : low + 10_000]).T
        identities, cameras = data.identities[gallery], data.cameras[gallery]
        began = clock()
        for row, query in zip(similarity, some, strict=True):
            plain(row, data.identities[query], data.cameras[query], identities, cameras, rules)
        total += (clock() - began) / len(some) * len(queries) * len(trials)
    return total


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


def _unit(data: FeatureSet, rows: np.ndarray) -> np.ndarray:
    values = data.features[rows].astype(np.float64)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    return values


def _case(name: str, dimensions: int, full: bool, repeats: int, cpu: bool) -> Row:
    clock = time.process_time if cpu else time.perf_counter
    rules = {name: [name] for name in SYSU[:2]} | {"sysu-mm01, all 40 settings": SYSU}
    if name in rules:
        chosen = [PROTOCOLS[entry] for entry in rules[name]]
        return measure(name, lambda: sysu_features(dimensions), chosen, repeats, clock)
    regdb = PROTOCOLS["regdb-visible-to-infrared"]
    if name == "regdb, one split":
        return measure(name, lambda: paired_features(2060, 2060, 206, dimensions), [regdb], repeats, clock)
    queries = 20_000 if full else 1_000
    large = replace(regdb, cmc_level="identity")
    label = f"{queries} queries x 100000 images"
    return measure(label, lambda: paired_features(queries, 100_000, 2_000, dimensions), [large], 1, clock)


def main(arguments: list[str]) -> int:
    """Print one table line per case; each case runs in its own process so that its memory can be told."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks evaluation", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    cases = [*SYSU[:2], "sysu-mm01, all 40 settings", "regdb, one split", "large"]
    parser.add_argument("--dimensions", type=int, default=2048)
    parser.add_argument("--full", action="store_true", help="20,000 queries in the large case instead of 1,000")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cpu", action="store_true", help="CPU seconds instead of wall time, for a busy machine")
    parser.add_argument("--only", choices=cases, nargs="+", default=cases)
    options = parser.parse_args(arguments)
    heads = f"{'ours s':>8} {'product':>8} {'sort':>7} {'/floor':>7} {'/product':>8} {'loop s':>8} {'loop/ours':>9}"
    print(f"{'case':32} {heads} {'MiB':>6}")
    spawn = multiprocessing.get_context("spawn")
    for name in options.only:
        with ProcessPoolExecutor(1, mp_context=spawn) as worker:
            row = worker.submit(_case, name, options.dimensions, options.full, options.repeats, options.cpu).result()
        ratios = (row.ours / (row.product + row.sort), row.ours / row.product)
        print(
            f"{row.case:32} {row.ours:8.2f} {row.product:8.2f} {row.sort:7.2f} {ratios[0]:7.2f} {ratios[1]:8.2f} "
            f"{row.loop:8.1f} {row.loop / row.ours:9.1f} {row.memory:6.0f}",
            flush=True,
        )
    return 0
