"""Which methods of a table can be told apart, and groups of those that cannot."""

from collections.abc import Sequence
from itertools import combinations

import pandas as pd

from eval import statistics


def pairwise(labelled: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Paired difference of every method to every other, one line per cell and ordered pair.

    Columns of `statistics.paired_differences` and `told_apart`: the interval, Bonferroni-corrected over the pairs of
    the methods, excludes zero. `labelled` holds methods only, no references.
    """
    methods = sorted(labelled.method.unique())
    level = 1 - (1 - confidence) / max(1, len(list(combinations(methods, 2))))
    parts = [statistics.paired_differences(labelled, method, confidence=level) for method in methods]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(told_apart=(table.ci_low > 0) | (table.ci_high < 0))


def letters(methods: Sequence[str], apart: set[frozenset[str]]) -> dict[str, str]:
    """Compact letter display: methods share a letter exactly if they are not told apart.

    methods: best first, so that the letter a stands with the best; apart: the pairs that are told apart.
    """
    groups = [set(methods)]
    for pair in sorted(apart, key=sorted):
        one, other = sorted(pair)
        split = [part for group in groups if pair <= group for part in (group - {one}, group - {other})]
        groups = [group for group in groups if not pair <= group] + split
        groups = [group for i, group in enumerate(groups) if not _absorbed(group, groups, i)]
    groups.sort(key=lambda group: [methods.index(method) for method in methods if method in group])
    return {
        method: "".join(chr(ord("a") + i) for i, group in enumerate(groups) if method in group) for method in methods
    }


def _absorbed(group: set[str], groups: list[set[str]], i: int) -> bool:
    return any(group < other or (group == other and j < i) for j, other in enumerate(groups) if j != i)
