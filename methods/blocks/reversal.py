"""Gradient reversal (Ganin and Lempitsky 2015): what lies below is trained against the loss above."""

from typing import Any

import torch
from torch import Tensor


class _Reverse(torch.autograd.Function):
    @staticmethod
    def forward(_: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        return -gradient


def reverse(x: Tensor) -> Tensor:
    """`x` itself, with the sign of its gradient turned."""
    return _Reverse.apply(x)
