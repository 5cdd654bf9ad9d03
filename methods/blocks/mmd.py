"""Maximum mean discrepancy between two sets of vectors."""

import torch
from torch import Tensor

from methods.blocks.distances import euclidean


def discrepancy(x: Tensor, y: Tensor, kernels: int, multiplier: float) -> Tensor:
    """Squared maximum mean discrepancy of each pair of sets, (…, N, D) and (…, N, D) -> (…).

    The kernel is a sum of `kernels` Gaussians whose bandwidths grow by `multiplier` around the mean squared distance of
    all ordered pairs of the union, which passes no gradient. Scaling both sets alike therefore changes nothing; with
    N = 1 the value is a constant (6.1863 for 5 kernels and multiplier 2) although its gradient is not 0.

    Source: MMD-ReID (Jambigi, Rawal, Chakraborty 2021), whose code has 5 kernels and multiplier 2.
    """
    union = torch.cat([x, y], dim=-2)  # (…, 2N, D)
    squared = euclidean(union, union).square()  # (…, 2N, 2N)
    count, half = union.shape[-2], x.shape[-2]
    mean = squared.detach().sum(dim=(-2, -1), keepdim=True) / (count * (count - 1))
    scales = (multiplier ** (j - kernels // 2) for j in range(kernels))
    kernel = sum((torch.exp(-squared / (mean * scale + 1e-9)) for scale in scales), start=squared.new_zeros(()))
    within = kernel[..., :half, :half] + kernel[..., half:, half:]
    between = kernel[..., :half, half:] + kernel[..., half:, :half]
    return (within - between).mean(dim=(-2, -1))
