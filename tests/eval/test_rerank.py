"""k-reciprocal re-ranking against a version with sets and loops."""

import numpy as np
import pytest

from eval.rerank import KReciprocal
from eval.similarity import Products


def reranked(features: np.ndarray, queries: int, k1: int, k2: int, weight: float) -> np.ndarray:
    """Distances of the first `queries` features to the others, from Zhong et al. 2017, equations 3 to 12."""
    count = len(features)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    distance = np.array([[((a - b) ** 2).sum() for b in unit] for a in unit])
    distance = distance / distance.max(axis=1, keepdims=True)
    order = [sorted(range(count), key=lambda j: distance[i, j]) for i in range(count)]

    def reciprocal(i, k):
        return {j for j in order[i][: k + 1] if i in order[j][: k + 1]}

    vectors = np.zeros((count, count))
    for i in range(count):
        near = reciprocal(i, k1)
        expanded = set(near)
        for j in near:
            theirs = reciprocal(j, round(k1 / 2))
            if len(theirs & near) > 2 / 3 * len(theirs):
                expanded |= theirs
        for j in expanded:
            vectors[i, j] = np.exp(-distance[i, j])
        vectors[i] /= vectors[i].sum()
    vectors = np.array([np.mean([vectors[j] for j in order[i][:k2]], axis=0) for i in range(count)])
    result = np.empty((queries, count - queries))
    for i in range(queries):
        for g in range(queries, count):
            both, either = np.minimum(vectors[i], vectors[g]).sum(), np.maximum(vectors[i], vectors[g]).sum()
            result[i, g - queries] = (1 - weight) * (1 - both / either) + weight * distance[i, g]
    return result


@pytest.mark.parametrize(("k1", "k2"), [(6, 3), (4, 1)])
def test_against_sets_and_loops(k1, k2):
    generator = np.random.default_rng(k1)
    centres = generator.normal(size=(5, 8))
    features = centres[np.arange(40) % 5] + 0.8 * generator.normal(size=(40, 8))
    products = Products(features, np.arange(12), np.arange(12, 40), "cosine")
    found = -KReciprocal(k1, k2, 0.3).similarities(products)
    assert found == pytest.approx(reranked(features, 12, k1, k2, 0.3), abs=1e-12)


def test_the_label_names_the_parameters():
    assert str(KReciprocal(20, 6, 0.3)) == "k-reciprocal(k1=20,k2=6,lambda=0.3)"
