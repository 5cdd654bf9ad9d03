"""How long scoring takes, against the floor and against loops, all measured in the same run.

From features to scores, against the floor:
  ours     features in memory to the rows of trials.csv, gallery draws and normalisation included
  product  one float64 product of queries and union of the galleries; with `sort`, the floor
  sort     one np.sort of each trial's matrix

From ready similarities to scores, against others (each gets every trial's matrix ready made; ours gets 16-dimensional
features of the same layout and makes their product and the draws itself):
  plain    one query at a time, written from the definition with NumPy
  field's  the same in the manner of the field's base code: argsort of everything, Python over identities and ranks
  cython   `evaluate_cy` of the module named by --cython, for example fast-reid's `rank_cy` (another CMC, float32)
Others are measured on some queries of the first trial of each protocol and scaled to all queries and trials.
"""

import argparse
import multiprocessing
import re
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks._layouts import paired_features, sysu_features, unit
from benchmarks._others import Clock, cython_seconds, field, loop_seconds, plain
from eval.features import FeatureSet
from eval.galleries import draws
from eval.protocol import Protocol
from eval.protocols import PROTOCOLS
from eval.score import score

SYSU = ["sysu-mm01-all-single", "sysu-mm01-all-multi", "sysu-mm01-indoor-single", "sysu-mm01-indoor-multi"]
MATRIX_DIMENSIONS = 16
BLOCK = 400


@dataclass(frozen=True)
class Row:
    """Seconds of one case; `memory` MiB that scoring added to the peak of the process; `cython` NaN if not asked for.

    `ready`: ours on 16-dimensional features; `ready_sort`, `plain`, `field`, `cython`: others on their matrices.
    """

    case: str
    ours: float
    product: float
    sort: float
    memory: float
    ready: float
    ready_sort: float
    plain: float
    field: float
    cython: float


def measure(
    case: str,
    make: Callable[[int], FeatureSet],
    protocols: list[Protocol],
    dimensions: int,
    repeats: int,
    clock: Clock,
    cython: str | None,
) -> Row:
    """Time one case; the shortest of `repeats`, ours and the others in turn."""
    data = make(dimensions)
    before = _peak()
    ours, product, sort = [], [], []
    for _ in range(repeats):
        ours.append(_seconds(lambda: score(data, protocols), clock))
        if len(ours) == 1:
            added = _peak() - before
        seconds = floor(data, protocols, clock)
        product.append(seconds[0])
        sort.append(seconds[1])
    data = make(MATRIX_DIMENSIONS)
    ready, others = [], []
    for _ in range(repeats):
        ready.append(_seconds(lambda: score(data, protocols), clock))
        found = [floor(data, protocols, clock)[1], loop_seconds(plain, data, protocols, clock)]
        found += [loop_seconds(field, data, protocols, clock)]
        others.append([*found, cython_seconds(cython, data, protocols, clock) if cython else np.nan])
    return Row(case, min(ours), min(product), min(sort), added, min(ready), *np.min(others, axis=0).tolist())


def _peak() -> float:
    """MiB of the process's peak; `ru_maxrss` would start with what the parent held when it became this process."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) / 1024


def _seconds(action: Callable[[], object], clock: Clock) -> float:
    start = clock()
    action()
    return clock() - start


def floor(data: FeatureSet, protocols: list[Protocol], clock: Clock) -> tuple[float, float]:
    """Seconds of the product over the union of the galleries and of sorting each trial's columns."""
    trials = [pair for rules in protocols for pair in draws(rules, data, "seeded", 10, None)]
    queries = np.unique(np.concatenate([pair[0] for pair in trials]))
    pool = np.unique(np.concatenate([pair[1] for pair in trials]))
    columns = [np.searchsorted(pool, gallery) for _, gallery in trials]
    block = min(len(queries), max(BLOCK, 2**25 // len(pool)))
    gallery = None if len(pool) > 50_000 else unit(data, pool)
    product = sort = 0.0
    for start in range(0, len(queries), block):
        query = unit(data, queries[start : start + block])
        matrix = np.empty((len(query), len(pool)))
        for low in range(0, len(pool), 10_000):
            part = gallery[low : low + 10_000] if gallery is not None else unit(data, pool[low : low + 10_000])
            began = clock()
            np.matmul(query, part.T, out=matrix[:, low : low + 10_000])
            product += clock() - began
        for chosen in columns:
            values = matrix.take(chosen, axis=1) if len(columns) > 1 else matrix
            began = clock()
            values.sort(axis=1)
            sort += clock() - began
    return product, sort


def _case(name: str, full: bool, *settings) -> Row:
    """The row of one case; `settings` as `measure` has them last, from the number of dimensions on."""
    rules = {name: [name] for name in SYSU[:2]} | {"sysu-mm01, all 40 settings": SYSU}
    if name in rules:
        return measure(name, sysu_features, [PROTOCOLS[entry] for entry in rules[name]], *settings)
    regdb = PROTOCOLS["regdb-visible-to-infrared"]
    if name == "regdb, one split":
        return measure(name, lambda d: paired_features(2060, 2060, 206, d), [regdb], *settings)
    queries = 20_000 if full else 1_000
    large = replace(regdb, cmc_level="identity")
    label = f"{queries:,} x 100,000 images"
    dimensions, _, *rest = settings
    return measure(label, lambda d: paired_features(queries, 100_000, 2_000, d), [large], dimensions, 1, *rest)


def main(arguments: list[str]) -> int:
    """Print two Markdown tables; each case runs in its own process so that its memory can be told."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks evaluation", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    cases = [*SYSU[:2], "sysu-mm01, all 40 settings", "regdb, one split", "large"]
    parser.add_argument("--dimensions", type=int, default=2048)
    parser.add_argument("--full", action="store_true", help="20,000 queries in the large case instead of 1,000")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cpu", action="store_true", help="CPU seconds of all threads, for a busy machine")
    parser.add_argument("--cython", metavar="MODULE", help="importable module with evaluate_cy, to be timed too")
    parser.add_argument("--only", choices=cases, nargs="+", default=cases)
    options = parser.parse_args(arguments)
    clock = time.process_time if options.cpu else time.perf_counter
    rows = []
    spawn = multiprocessing.get_context("spawn")
    for name in options.only:
        print(name, file=sys.stderr, flush=True)
        with ProcessPoolExecutor(1, mp_context=spawn) as worker:
            settings = options.dimensions, options.repeats, clock, options.cython
            rows.append(worker.submit(_case, name, options.full, *settings).result())
    print(f"\nFrom {options.dimensions}-dimensional features, {'CPU ' if options.cpu else ''}seconds:\n")
    _table(
        "ours|product|sort|ours / floor|ours / product|MiB",
        [
            (r.case, r.ours, r.product, r.sort, r.ours / (r.product + r.sort), r.ours / r.product, r.memory)
            for r in rows
        ],
    )
    print("\nFrom ready similarities, the same seconds, and how many times ours:\n")
    _table(
        "ours|sort|plain|field's|cython|plain / ours|field's / ours|cython / ours",
        [
            (r.case, r.ready, r.ready_sort, *(found := (r.plain, r.field, r.cython)), *(x / r.ready for x in found))
            for r in rows
        ],
    )
    return 0


def _table(heads: str, rows: list[tuple]) -> None:
    print(f"| case | {' | '.join(heads.split('|'))} |\n|---|{'---:|' * len(heads.split('|'))}")
    for case, *values in rows:
        cells = ["" if np.isnan(value) else f"{value:.2f}" if value < 100 else f"{value:.0f}" for value in values]
        print(f"| {case} | {' | '.join(cells)} |")
