"""Triplet losses over single images: hardest positive and negative, and all of them weighted."""

import torch
from torch import Tensor
from torch.nn import functional

from methods.blocks.distances import euclidean


def hardest(x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Distance of each row of (B, D) to the farthest row of its label and to the nearest of another, (B,) and (B,)."""
    distance, same = euclidean(x, x), labels[:, None] == labels[None, :]  # (B, B)
    return distance.masked_fill(~same, -torch.inf).amax(1), distance.masked_fill(same, torch.inf).amin(1)


def batch_hard(x: Tensor, labels: Tensor, margin: float) -> Tensor:
    """Batch-hard triplet loss, a scalar.

    Each row is an anchor; its positive is the farthest row of its label, its negative the nearest row of another label,
    whatever their modality. Mean over rows of `max(0, margin + d_positive - d_negative)`.

    Args:
        x: (B, D) with at least two labels among the rows.
        labels: (B,).

    Source: Hermans et al. 2017; margin 0.3 in the AGW and DDAG lineage.
    """
    positive, negative = hardest(x, labels)
    return (margin + positive - negative).relu().mean()


def weighted_regularised(x: Tensor, labels: Tensor) -> Tensor:
    """Weighted regularisation triplet loss (WRT), a scalar without margin.

    Each row's positive distance is the mean over the rows of its label (itself among them, as in the official code)
    weighted by a softmax of the distance, its negative distance the mean over the others weighted by a softmax of
    minus the distance. Mean over rows of `softplus(d_positive - d_negative)`.

    Args:
        x: (B, D) with at least two labels among the rows.
        labels: (B,).

    Source: Ye et al., AGW (TPAMI 2021), equations 6 and 7.
    """
    distance, same = euclidean(x, x), labels[:, None] == labels[None, :]  # (B, B)
    near = distance.masked_fill(~same, -torch.inf).softmax(1)
    far = (-distance).masked_fill(same, -torch.inf).softmax(1)
    return functional.softplus((near * distance).sum(1) - (far * distance).sum(1)).mean()
