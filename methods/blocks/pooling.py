"""From a feature map to vectors: whole, generalised mean, horizontal strips."""

import torch
from torch import Tensor


def average(x: Tensor) -> Tensor:
    """Global average pooling, (B, C, h, w) -> (B, C)."""
    return x.mean(dim=(2, 3))


def generalised_mean(x: Tensor, p: float) -> Tensor:
    """Generalised mean (GeM) of a non-negative map, (B, C, h, w) -> (B, C): `(mean(x^p) + 1e-12)^(1/p)`.

    Source: Radenović et al. 2019; the constant after the mean is the AGW lineage's.
    """
    return (x.pow(p).mean(dim=(2, 3)) + 1e-12).pow(1 / p)


def strips(x: Tensor, count: int) -> Tensor:
    """Cut a map into horizontal strips of equal height, (B, C, h, w) -> (B, count, C, h / count, w).

    Raises:
        ValueError: if `count` does not divide the height.
    """
    if x.shape[2] % count:
        raise ValueError(f"{count} strips do not divide a map of height {x.shape[2]}")
    return torch.stack(x.chunk(count, dim=2), dim=1)


def strip_average(x: Tensor, count: int) -> Tensor:
    """Average of each strip, (B, C, h, w) -> (B, count, C)."""
    return strips(x, count).mean(dim=(3, 4))


def strip_generalised_mean(x: Tensor, count: int, p: float) -> Tensor:
    """Generalised mean of each strip, (B, C, h, w) -> (B, count, C)."""
    return (strips(x, count).pow(p).mean(dim=(3, 4)) + 1e-12).pow(1 / p)
