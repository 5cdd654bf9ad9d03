"""Distances between rows."""

import torch
from torch import Tensor


def euclidean(a: Tensor, b: Tensor) -> Tensor:
    """Pairwise Euclidean distances, (…, n, D) and (…, m, D) -> (…, n, m), by direct differences.

    Differences rather than a Gram matrix, which loses the small distances that mining compares (sampling draws an image
    twice). The gradient at distance 0 is 0.
    """
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")
