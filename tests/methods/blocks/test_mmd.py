"""Maximum mean discrepancy against a double loop in float64, its value for single rows, and what leaves it as it is."""

import math

import pytest
import torch

from methods.blocks.mmd import discrepancy


def sets(pairs: int = 3, rows: int = 4, width: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.randn(pairs, rows, width, dtype=torch.float64, generator=generator) for _ in range(2))
    return x, y + 0.7


def slow(x, y) -> float:
    def squared(a, b) -> float:
        return float(((a - b) ** 2).sum())

    union = [*x, *y]
    n = len(union)
    mean = sum(squared(union[i], union[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))

    def kernel(a, b) -> float:
        return sum(math.exp(-squared(a, b) / (mean * 2.0**power + 1e-9)) for power in (-2, -1, 0, 1, 2))

    terms = [
        kernel(x[i], x[j]) + kernel(y[i], y[j]) - kernel(x[i], y[j]) - kernel(y[i], x[j])
        for i in range(len(x))
        for j in range(len(x))
    ]
    return sum(terms) / len(terms)


def test_it_equals_a_double_loop():
    x, y = sets()
    expected = [slow(a, b) for a, b in zip(x, y, strict=True)]
    assert discrepancy(x, y, 5, 2.0).tolist() == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
def test_single_rows_have_one_value_at_any_distance(scale):
    x, y = (s[:, :1] * scale for s in sets())
    assert discrepancy(x, y, 5, 2.0).tolist() == pytest.approx([6.1863] * 3, abs=1e-4)
    exact = 10 - 2 * sum(math.exp(-1 / 2.0**power) for power in (-2, -1, 0, 1, 2))
    assert discrepancy(x, y, 5, 2.0).tolist() == pytest.approx([exact] * 3, abs=1e-5)


def test_equal_sets_have_none_and_both_sides_count_alike():
    x, y = sets()
    assert discrepancy(x, x, 5, 2.0).tolist() == pytest.approx([0] * 3, abs=1e-12)
    assert torch.allclose(discrepancy(x, y, 5, 2.0), discrepancy(y, x, 5, 2.0), rtol=0, atol=1e-12)
    assert (discrepancy(x, y, 5, 2.0) > 0).all()


def test_order_of_rows_and_common_scale_do_not_matter():
    x, y = sets()
    expected = discrepancy(x, y, 5, 2.0)
    assert torch.allclose(discrepancy(x[:, [2, 0, 3, 1]], y[:, [1, 3, 0, 2]], 5, 2.0), expected, rtol=0, atol=1e-12)
    assert torch.allclose(discrepancy(40 * x, 40 * y, 5, 2.0), expected, rtol=0, atol=1e-8)


def test_the_bandwidth_passes_no_gradient():
    """Through the bandwidth, a constant value would have no gradient at all."""
    x, y = (s[:, :1].clone().requires_grad_(True) for s in sets())
    discrepancy(x, y, 5, 2.0).sum().backward()
    assert x.grad.abs().max() > 1e-3
