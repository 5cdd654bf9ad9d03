"""Triplet losses against double loops in float64, and values computed by hand."""

import math
from functools import partial

import pytest
import torch

from methods.blocks.triplet import batch_hard, weighted_regularised

LABELS = torch.tensor([0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2])


def rows(seed: int = 0) -> torch.Tensor:
    return torch.randn(12, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def distance(a, b) -> float:
    return math.sqrt(sum((p - q) ** 2 for p, q in zip(a.tolist(), b.tolist(), strict=True)))


def slow_batch_hard(x, labels, margin) -> float:
    losses = []
    for i, label in enumerate(labels):
        positive = max(distance(x[i], x[j]) for j in range(len(x)) if labels[j] == label)
        negative = min(distance(x[i], x[j]) for j in range(len(x)) if labels[j] != label)
        losses.append(max(0.0, margin + positive - negative))
    return sum(losses) / len(losses)


def slow_weighted(x, labels) -> float:
    losses = []
    for i, label in enumerate(labels):
        near = [distance(x[i], x[j]) for j in range(len(x)) if labels[j] == label]
        far = [distance(x[i], x[j]) for j in range(len(x)) if labels[j] != label]
        positive = sum(d * math.exp(d) for d in near) / sum(math.exp(d) for d in near)
        negative = sum(d * math.exp(-d) for d in far) / sum(math.exp(-d) for d in far)
        losses.append(math.log1p(math.exp(positive - negative)))
    return sum(losses) / len(losses)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("margin", [0.3, 3.0])
def test_batch_hard_equals_a_double_loop(seed, margin):
    x = rows(seed)
    assert batch_hard(x, LABELS, margin).item() == pytest.approx(slow_batch_hard(x, LABELS, margin), abs=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_weighted_regularised_equals_a_double_loop(seed):
    x = rows(seed)
    assert weighted_regularised(x, LABELS).item() == pytest.approx(slow_weighted(x, LABELS), abs=1e-10)


def test_batch_hard_by_hand():
    """Rows 0, 1 | 3, 5 on a line: positive - negative = 1 - 3, 1 - 2, 2 - 2, 2 - 4, at margin 1 only row 3 counts."""
    x = torch.tensor([[0.0], [1.0], [3.0], [5.0]])
    assert batch_hard(x, torch.tensor([0, 0, 1, 1]), 1.0).item() == pytest.approx(0.25)
    assert batch_hard(x, torch.tensor([0, 0, 1, 1]), 1.5).item() == pytest.approx((0.5 + 1.5) / 4)


def test_weighted_regularised_of_equal_rows_is_log_two():
    assert weighted_regularised(torch.ones(4, 3), torch.tensor([0, 0, 1, 1])).item() == pytest.approx(math.log(2))


@pytest.mark.parametrize("loss", [partial(batch_hard, margin=0.3), weighted_regularised])
def test_repeated_rows_have_finite_gradients_and_order_does_not_matter(loss):
    x = rows()
    x[1] = x[0]
    x.requires_grad_(True)
    value = loss(x, LABELS)
    value.backward()
    assert torch.isfinite(x.grad).all() and x.grad.abs().max() > 0
    order = torch.randperm(12, generator=torch.Generator().manual_seed(3))
    assert loss(x[order], LABELS[order]).item() == pytest.approx(value.item(), abs=1e-12)
