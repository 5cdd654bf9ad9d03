"""The fast evaluation equals the definitions, on random and adversarial cases."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.engine import score_galleries
from eval.features import FeatureSet
from eval.galleries import draws
from eval.problem import Problem, Side
from eval.protocols import PROTOCOLS
from eval.score import score, score_matrix
from tests.eval.conftest import forced, small_features
from tests.eval.reference import score_features, score_query

SYSU = PROTOCOLS["sysu-mm01-all-single"]
LLCM = PROTOCOLS["llcm-infrared-to-visible"]
REGDB = PROTOCOLS["regdb-visible-to-infrared"]
WAYS = ["counting", "placing"]
RULES = [SYSU, LLCM, REGDB, replace(SYSU, cmc_level="image"), replace(REGDB, cmc_level="identity")]

SIMILARITIES = [
    st.floats(-1, 1),
    st.sampled_from([-1.0, 0.0, 0.5, np.nextafter(0.5, 1), 1.0]),  # ties and neighbours
    st.sampled_from([0.25]),  # all tied
    st.floats(-1e-300, 1e-300),
    st.floats(-1e9, 1e9),
    st.sampled_from([-1e300, -1e39, 0.0, 1.0, 1e39, 1e300]),  # beyond float32
    st.sampled_from([1 + k * 2.0**-30 for k in range(4)]),  # equal in float32
]


@st.composite
def matrices(draw):
    queries, gallery = draw(st.integers(1, 6)), draw(st.integers(1, 24))
    identity = st.integers(1, draw(st.integers(1, 6)))
    camera = st.integers(1, 6)
    values = draw(st.sampled_from(SIMILARITIES))
    matrix = draw(st.lists(values, min_size=queries * gallery, max_size=queries * gallery))
    columns = [
        np.array(draw(st.lists(kind, min_size=size, max_size=size)))
        for size in (queries, gallery)
        for kind in (identity, camera)
    ]
    return np.array(matrix).reshape(queries, gallery), *columns


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=300, deadline=None)
@given(matrices(), st.sampled_from(RULES))
def test_matrix_scores(way, case, rules):
    similarity, query_ids, query_cams, gallery_ids, gallery_cams = case
    with forced(way):
        found = score_matrix(similarity, query_ids, query_cams, gallery_ids, gallery_cams, rules, threads=1)
    for q in range(len(similarity)):
        expected = score_query(similarity[q], query_ids[q], query_cams[q], gallery_ids, gallery_cams, rules)
        assert found.valid[q] == (expected is not None)
        if expected is not None:
            ap, inp, rank = expected
            assert found.rank[q] == rank
            assert found.ap[q] == pytest.approx(float(ap), abs=1e-12)
            assert found.inp[q] == pytest.approx(float(inp), abs=1e-12)


@pytest.mark.parametrize("way", WAYS)
def test_large_matrix_with_few_distinct_values(way):
    generator = np.random.default_rng(3)
    similarity = generator.choice(np.linspace(-1, 1, 17), size=(12, 900))
    ids, cams = generator.integers(1, 30, 900), generator.integers(1, 7, 900)
    query_ids, query_cams = generator.integers(1, 30, 12), generator.choice([3, 6], 12)
    with forced(way):
        found = score_matrix(similarity, query_ids, query_cams, ids, cams, SYSU)
    for q in range(12):
        ap, inp, rank = score_query(similarity[q], query_ids[q], query_cams[q], ids, cams, SYSU)
        assert (found.rank[q], found.inp[q]) == (rank, float(inp))
        assert found.ap[q] == pytest.approx(float(ap), abs=1e-12)


# Few distinct directions of different lengths: most similarities tie up to the rounding of the products.
@pytest.mark.parametrize("values", [None, [0.0, 1.0, 3.0], [1.0, 3.0]])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("way", WAYS)
def test_scores_from_features(way, seed, values):
    generator = np.random.default_rng(seed)
    data = small_features(generator, identities=7, per_cell=4, values=values)
    names = ["sysu-mm01-all-single", "sysu-mm01-indoor-single"]
    with forced(way):
        rows = score(data, names, trials=3).trials
    table = {(row["protocol"], row["trial"], row["metric"]): row for row in rows}
    for name in names:
        for trial, (queries, gallery) in enumerate(draws(PROTOCOLS[name], data, "seeded", 3, None)):
            expected, valid = score_features(data, PROTOCOLS[name], queries, gallery)
            for metric, value in expected.items():
                row = table[name, trial, metric]
                assert row["value"] == pytest.approx(value, abs=1e-10), (name, trial, metric)
                assert (row["queries"], row["valid_queries"]) == (len(queries), valid)


class Unsettled:
    """One query whose match is computed `sign` times above the next image, on the other side of a float32 border,
    while the reproducible similarities say the opposite."""

    tolerance = 1e-12

    def __init__(self, sign: int):
        self.sign = sign

    def block(self, rows, order):
        return np.array([[self.sign * 2e-13, -self.sign * 2e-13, -1.0]]) + (0.75 + 2.0**-25)

    def exact(self, query, columns):
        return np.array([0.5, 0.5 + 0.1 * self.sign, 0.0])[columns]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("sign", [1, -1])
def test_what_rounding_leaves_open_is_settled(way, sign):
    query, pool = Side(np.array([1]), np.array([2])), Side(np.array([1, 2, 3]), np.ones(3, int))
    galleries, levels = np.ones((1, 3), bool), np.array([True])
    with forced(way):
        problem = Problem(Unsettled(sign), query, pool, galleries, lambda *_: np.zeros(3, bool), levels)
        found = score_galleries(problem, 1)
    assert found.rank[0, 0] == (2 if sign == 1 else 1)
    assert found.ap[0, 0] == found.inp[0, 0] == 1 / found.rank[0, 0]


@pytest.mark.parametrize("way", WAYS)
def test_drawn_queries_score_only_those(way):
    generator = np.random.default_rng(5)
    count = 60
    modalities = np.where(np.arange(count) % 2, "visible", "infrared")
    data = FeatureSet(
        generator.normal(size=(count, 4)),
        generator.integers(1, 6, count),
        generator.integers(1, 4, count),
        modalities,
        np.array([f"{i:03d}" for i in range(count)]),
    )
    rules = PROTOCOLS["llcm-visible-to-infrared-as-coded"]
    with forced(way):
        table = {(row["trial"], row["metric"]): row for row in score(data, [rules], trials=2).trials}
    for trial, (queries, gallery) in enumerate(draws(rules, data, "seeded", 2, None)):
        assert len(queries) < len(rules.queries(data))
        expected, valid = score_features(data, rules, queries, gallery)
        for metric, value in expected.items():
            assert table[trial, metric]["value"] == pytest.approx(value, abs=1e-10)
            assert table[trial, metric]["valid_queries"] == valid


@pytest.mark.parametrize(
    ("similarity", "message"),
    [
        (np.ones((2, 2)), r"shape \(2, 2\); \(2, 3\) identities"),
        (np.ones(6), r"shape \(6,\)"),
        (np.full((2, 3), np.nan), "holds NaN"),
    ],
)
def test_a_matrix_that_cannot_be_ordered_is_refused(similarity, message):
    ones = np.ones(2, int), np.ones(2, int), np.ones(3, int), np.ones(3, int)
    with pytest.raises(ValueError, match=message):
        score_matrix(similarity, *ones, SYSU)
