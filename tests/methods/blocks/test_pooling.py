"""Pooling by hand and as plain loops."""

import pytest
import torch

from methods.blocks import pooling


def test_generalised_mean_by_hand():
    x = torch.tensor([1.0, 2.0, 3.0, 4.0]).reshape(1, 1, 2, 2)
    assert pooling.generalised_mean(x, 1.0).item() == pytest.approx(2.5)
    assert pooling.generalised_mean(x, 3.0).item() == pytest.approx(25 ** (1 / 3), abs=1e-5)
    assert pooling.average(x).item() == 2.5


@pytest.mark.parametrize("p", [1.0, 3.0, 10.0])
def test_generalised_mean_of_an_empty_map_is_finite_with_a_finite_gradient(p):
    x = torch.zeros(1, 2, 3, 3, requires_grad=True)
    pooled = pooling.generalised_mean(x, p)
    pooled.sum().backward()
    assert pooled.isfinite().all()
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_strips_are_the_rows_in_order(count):
    x = torch.rand(2, 5, 6, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rows = 6 // count
    for k in range(count):
        strip = x[:, :, k * rows : (k + 1) * rows]
        assert torch.equal(pooling.strips(x, count)[:, k], strip)
        assert torch.allclose(pooling.strip_average(x, count)[:, k], pooling.average(strip), atol=1e-12)
        mean = pooling.generalised_mean(strip, 3.0)
        assert torch.allclose(pooling.strip_generalised_mean(x, count, 3.0)[:, k], mean, atol=1e-12)


def test_strips_that_do_not_divide_the_height():
    with pytest.raises(ValueError, match="4 strips do not divide a map of height 18"):
        pooling.strips(torch.zeros(1, 1, 18, 9), 4)
