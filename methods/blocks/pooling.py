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
    return _generalised_mean(x, p, (2, 3))


def _generalised_mean(x: Tensor, p: float, places: tuple[int, int]) -> Tensor:
    """In single precision at least: half has no number for the constant, and no finite gradient at 0 without it."""
    x = x.to(torch.promote_types(x.dtype, torch.float32))
    return (x.pow(p).mean(dim=places) + 1e-12).pow(1 / p)


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
    return _generalised_mean(strips(x, count), p, (3, 4))
