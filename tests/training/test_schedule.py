"""Learning rates by epoch against the papers' own numbers."""

import pytest

from methods.recipes import resolve
from training.schedule import learning_rate


@pytest.mark.parametrize(
    ("epoch", "rate"), [(0, 0.01), (4, 0.05), (8, 0.09), (9, 0.1), (10, 0.1), (19, 0.1), (20, 0.01), (50, 0.001)]
)
def test_lineage_schedule(epoch, rate):
    assert learning_rate(resolve("maum", "sysu_mm01"), epoch) == pytest.approx(rate)
