"""k-reciprocal re-ranking (Zhong et al., CVPR 2017): optional, never a default, always labelled in the scores."""

from dataclasses import dataclass

import numpy as np

from eval.similarity import Products


@dataclass(frozen=True)
class KReciprocal:
    """Parameters of the paper: neighbours `k1`, query expansion `k2`, weight `lambda_` of the original distance.

    The published values are k1 = 20, k2 = 6, lambda = 0.3. The neighbours are found among queries and gallery
    together, so a query's score depends on the other queries; memory grows with the square of their number. Distances
    are taken as the matrix product rounds them: among equal features the order may depend on the number of threads.
    """

    k1: int
    k2: int
    lambda_: float

    def __post_init__(self) -> None:
        if self.k1 < 1 or self.k2 < 1 or not 0 <= self.lambda_ <= 1:
            raise ValueError(f"{self}: k1 and k2 are at least 1, lambda lies between 0 and 1")

    def __str__(self) -> str:
        return f"k-reciprocal(k1={self.k1},k2={self.k2},lambda={self.lambda_})"

    def similarities(self, products: Products) -> np.ndarray:
        """Negative re-ranked distances of all queries to the pool, (Q, N) float64."""
        both = np.concatenate([products.queries, products.pool])
        joint = Products(products.features, both, both, products.distance)
        distance = _distances(joint.block(slice(None), "C"))
        order = np.argsort(distance, axis=1, kind="stable")
        weights = _neighbour_weights(distance, order, self.k1)
        if self.k2 > 1:
            weights = np.stack([weights[row[: self.k2]].mean(axis=0) for row in order])
        count = len(products.queries)
        jaccard = _jaccard(weights[:count], weights[count:])
        return -((1 - self.lambda_) * jaccard + self.lambda_ * distance[:count, count:])


def _distances(similarity: np.ndarray) -> np.ndarray:
    """Squared distances with each row divided by its largest, as in the paper's code, (n, n)."""
    own = np.diagonal(similarity)
    distance = np.maximum(own[:, None] + own[None, :] - 2 * similarity, 0)
    np.fill_diagonal(distance, 0)
    return distance / np.maximum(distance.max(axis=1, keepdims=True), np.finfo(float).tiny)


def _reciprocal(order: np.ndarray, row: int, k: int) -> np.ndarray:
    """The k nearest of `row` that also have `row` among their k nearest; an image counts as its own nearest."""
    forward = order[row, : k + 1]
    return forward[(order[forward, : k + 1] == row).any(axis=1)]


def _neighbour_weights(distance: np.ndarray, order: np.ndarray, k1: int) -> np.ndarray:
    """Gaussian weights over each image's expanded reciprocal neighbours, rows summing to 1, (n, n)."""
    weights = np.zeros_like(distance)
    half = round(k1 / 2)
    for row in range(len(distance)):
        near = _reciprocal(order, row, k1)
        expanded = [near]
        for candidate in near:
            theirs = _reciprocal(order, candidate, half)
            if len(np.intersect1d(theirs, near)) > 2 / 3 * len(theirs):
                expanded.append(theirs)
        members = np.unique(np.concatenate(expanded))
        values = np.exp(-distance[row, members])
        weights[row, members] = values / values.sum()
    return weights


def _jaccard(queries: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """1 - sum(min) / sum(max) of weight rows that each sum to 1, (Q, G)."""
    distance = np.empty((len(queries), len(gallery)))
    columns = gallery.T.copy()
    for row, weights in enumerate(queries):
        used = np.flatnonzero(weights)
        common = np.minimum(weights[used, None], columns[used]).sum(axis=0)
        distance[row] = 1 - common / (2 - common)
    return distance
